"""Figure 2 of Mirsamadi et al. 2017: the waveform above, the local attention weights below.

    python -m experiments.mirsamadi2017_table3 --keep-models
    python -m figures.mirsamadi2017_fig2 --run runs/mirsamadi2017_table3/synthetic

Each example is shown with the model of the fold that tested it. Without `--utterances` these are the surest right
answers of two classes, which the title says; the paper does not say how it chose its two.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures import panels
from ser_tf import cli, corpora
from ser_tf.data import audio
from ser_tf.errors import SettingError
from ser_tf.papers import mirsamadi2017 as paper
from ser_tf.protocol import kept
from ser_tf.protocol.results import FoldResult

EXAMPLES = 2  # Figure 2 has two


def _parser() -> cli.ArgumentParser:
    parser = cli.ArgumentParser(prog="python -m figures.mirsamadi2017_fig2", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run of Table 3")
    parser.add_argument("--row", default="lld_weighted_pool", metavar="KEY", help="a row with attention")
    parser.add_argument("--utterances", nargs="+", metavar="ID", help="test utterances to show (default: two are chosen)")
    parser.add_argument("--audio", type=Path, nargs="+", metavar="FILE", help="recordings to show in their place")
    parser.add_argument("--output", type=Path, metavar="FILE", help="png, pdf or svg (default: fig2.png in the run's folder)")
    return parser


def surest(results: list[FoldResult], number: int) -> list[tuple[FoldResult, int]]:
    """For each class the utterance with the highest posterior of its own class; the `number` surest of these."""
    best: dict[int, tuple[float, FoldResult, int]] = {}
    for result in results:
        for place, (truth, posteriors) in enumerate(zip(result.truth, result.posterior_array, strict=True)):
            if posteriors.argmax() == truth and posteriors[truth] > best.get(truth, (0.0,))[0]:
                best[truth] = (float(posteriors[truth]), result, place)
    ranked = sorted(best.values(), key=lambda entry: -entry[0])[:number]
    return [(result, place) for _, result, place in ranked]


def _named(results: list[FoldResult], ids: list[str]) -> list[tuple[FoldResult, int]]:
    places = {one: (result, place) for result in results for place, one in enumerate(result.ids)}
    unknown = [one for one in ids if one not in places]
    if unknown:
        raise SettingError(f"--utterances {unknown[0]}: not tested in this run")
    return [places[one] for one in ids]


def _panels(flags) -> list[tuple[str, np.ndarray, kept.KeptModel]]:
    """Title, waveform and model of each example."""
    results = kept.fold_results(flags.run, flags.row)
    if flags.audio:
        model = kept.load(flags.run, results[0], paper.TABLE3, paper.Ledger)
        return [(path.name, audio.read(path), model) for path in flags.audio]
    chosen = _named(results, flags.utterances) if flags.utterances else surest(results, EXAMPLES)
    how = "" if flags.utterances else ", surest of its class"
    if not chosen:
        raise SettingError(f"{flags.run}: row {flags.row} recognised nothing; name --utterances to show")
    shown = []
    for result, place in chosen:
        model = kept.load(flags.run, result, paper.TABLE3, paper.Ledger)
        corpus = corpora.load(result.corpus, model.card["corpus_root"])
        utterance = next(one for one in corpus.utterances if one.id == result.ids[place])
        title = f"{utterance.id} ({result.corpus}): {result.classes[result.truth[place]]}{how}"
        shown.append((title, audio.read(utterance.path), model))
    return shown


def draw(examples: list[tuple[str, np.ndarray, kept.KeptModel]]) -> Figure:
    """One column an example: the waveform above, the attention weights below, the posteriors named.

    Raises:
        SettingError: the row's model has no attention.
    """
    figure = Figure(figsize=(panels.COLUMN_INCHES * len(examples), 3.2), layout="constrained")
    columns = figure.subplots(2, len(examples), squeeze=False, sharex="col")
    for (title, waveform, model), (top, bottom) in zip(examples, columns.T, strict=True):
        outputs = model.outputs(waveform)
        if "attention" not in outputs:
            raise SettingError(f"--row {model.card['row']}: its model has no attention; take lld_weighted_pool")
        panels.draw_waveform(top, waveform)
        panels.draw_attention(bottom, model.frame_seconds(len(outputs["attention"])), outputs["attention"])
        posteriors = panels.posteriors_in_words(model.classes, outputs["probabilities"])
        top.set_title(f"{title}\n{posteriors}", fontsize=7)
    if examples[0][2].card["smoke"]:
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
