"""Figure 2 of Mirsamadi et al. 2017: the waveform above, the local attention weights below.

    python -m experiments.mirsamadi2017_table3 --keep-models
    python -m figures.mirsamadi2017_fig2 --run runs/mirsamadi2017_table3/synthetic

Each example is shown with the model of the fold that tested it. Without `--utterances` these are the surest right
answers of two classes, which the title says; the paper does not say how it chose its two.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures import examples, panels
from ser_tf import cli, corpora
from ser_tf.data import audio
from ser_tf.errors import SettingError
from ser_tf.papers import mirsamadi2017 as paper
from ser_tf.protocol import kept

EXAMPLES = 2  # Figure 2 has two


def _parser() -> cli.ArgumentParser:
    parser = cli.ArgumentParser(prog="python -m figures.mirsamadi2017_fig2", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run of Table 3")
    parser.add_argument("--row", default="lld_weighted_pool", metavar="KEY", help="a row with attention")
    parser.add_argument(
        "--utterances", nargs="+", metavar="ID", help="test utterances to show (default: two are chosen)"
    )
    parser.add_argument("--audio", type=Path, nargs="+", metavar="FILE", help="recordings to show in their place")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="png, pdf or svg (default: fig2.png in the run's folder)"
    )
    return parser


def _panels(flags) -> list[tuple[str, np.ndarray, kept.KeptModel]]:
    """Title, waveform and model of each example."""
    results = kept.fold_results(flags.run, flags.row)
    if flags.audio:
        model = kept.load(flags.run, results[0], paper.TABLE3, paper.Ledger)
        return [(path.name, audio.read(path), model) for path in flags.audio]
    chosen = examples.named(results, flags.utterances) if flags.utterances else examples.surest(results, EXAMPLES)
    how = "" if flags.utterances else ", surest of its class"
    if not chosen:
        raise SettingError(f"{flags.run}: row {flags.row} recognised nothing; name --utterances to show")
    shown = []
    for result, place in chosen:
        model = kept.load(flags.run, result, paper.TABLE3, paper.Ledger)
        corpus = corpora.load(result.corpus, model.card["corpus_root"])
        utterance = next(one for one in corpus.utterances if one.id == result.ids[place])
        title = f"{utterance.id} ({result.corpus})\n{result.classes[result.truth[place]]}{how}"
        shown.append((title, audio.read(utterance.path), model))
    return shown


def draw(columns_of: list[tuple[str, np.ndarray, kept.KeptModel]]) -> Figure:
    """One column an example: the waveform above, the attention weights below, the posteriors named.

    Raises:
        SettingError: the row's model has no attention.
    """
    figure = Figure(figsize=(panels.COLUMN_INCHES * len(columns_of), 3.2), layout="constrained")
    columns = figure.subplots(2, len(columns_of), squeeze=False, sharex="col")
    for (title, waveform, model), (top, bottom) in zip(columns_of, columns.T, strict=True):
        outputs = model.outputs(waveform)
        if "attention" not in outputs:
            raise SettingError(f"--row {model.card['row']}: its model has no attention; take lld_weighted_pool")
        panels.draw_waveform(top, waveform)
        panels.draw_attention(bottom, model.frame_seconds(len(outputs["attention"])), outputs["attention"])
        posteriors = panels.posteriors_in_words(model.classes, outputs["probabilities"])
        top.set_title(f"{title}\n{posteriors}", fontsize=7)
    if columns_of[0][2].card["smoke"]:
        figure.suptitle("smoke run: shows that the software runs, nothing else", fontsize=7)
    return figure


def main(argv: list[str]) -> int:
    """Draws the figure; returns the exit status."""
    flags = _parser().parse_args(argv)
    path = panels.save(draw(_panels(flags)), flags.output or flags.run / "fig2.png")
    print(f"written to {path}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
