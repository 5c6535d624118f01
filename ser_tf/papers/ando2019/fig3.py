"""Figure 3 of Ando et al. 2019: the waveform above, the attention of the hard, soft and MLEE models below.

    python -m experiments.ando2019_table3 --keep-models
    python -m figures.ando2019_fig3 --run runs/ando2019_table3/synthetic

The utterance is shown with the models of the fold that tested it, trained on the set of `--row`. Without `--utterances`
it is this row's most confident correct prediction, as the title says; the paper does not say how it chose its own. The
network shortens time: a weight represents 16 frames and is spread over them, which gives the curves steps.
"""

import argparse
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from ser_tf import cli
from ser_tf.drawing import examples, panels
from ser_tf.errors import SettingError
from ser_tf.papers.ando2019.paper import PAPER
from ser_tf.protocol import models

MODELS = {"hard": "dominant_hard", "soft": "dominant_soft", "MLEE": "mlee"}
"""Curves of the figure, each with its row's key without the training set."""
Shown = tuple[examples.Example, Mapping[str, models.TrainedModel]]


def _models_of(flags: argparse.Namespace, example: examples.Example) -> dict[str, models.TrainedModel]:
    """Returns, for each curve, the model of the example's fold and seed trained on the same set."""
    shown = example.model.result
    found = {}
    for name, kind in MODELS.items():
        row = f"{kind}_{shown.row.rpartition('_')[2]}"
        try:
            results = models.fold_results(flags.run, row)
        except SettingError:  # a corpus without votes has neither soft nor MLEE rows
            continue
        for result in results:  # none if this row failed on the fold
            if (result.fold, result.seed) == (shown.fold, shown.seed):
                found[name] = models.load(PAPER, flags.run, result)
    return found


def draw(shown: Sequence[Shown]) -> Figure:
    """Draws one column per example: the waveform above, the attention of each model with its posteriors below."""
    rows = max(len(curves) for _, curves in shown)
    size = (1.4 * panels.COLUMN_INCHES * len(shown), 1.4 + 1.1 * rows)
    figure = Figure(figsize=size, layout="constrained")
    columns = figure.subplots(1 + rows, len(shown), squeeze=False, sharex="col")
    for (example, curves), (top, *below) in zip(shown, columns.T, strict=True):
        panels.draw_waveform(top, example.waveform)
        top.set_title(example.title, fontsize=7)
        for axes, (name, model) in zip(below, curves.items(), strict=False):
            outputs = model.outputs(example.waveform)
            panels.draw_attention(axes, model.frame_seconds(len(outputs["attention"])), outputs["attention"])
            posteriors = panels.posteriors_in_words(model.classes, outputs["probabilities"])
            axes.set_title(f"{name}: {posteriors}", fontsize=7)
            axes.label_outer()
    if shown[0][0].model.card["smoke"]:
        figure.suptitle("smoke run: shows that the software runs, nothing else", fontsize=7)
    return figure


def main(program: str, argv: list[str]) -> int:
    """Draws the figure.

    Args:
        program: How the command is called.
        argv: The arguments.

    Returns:
        The exit status.
    """
    flags = examples.parser_of(program, __doc__, "mlee_all", "fig3.png").parse_args(argv)
    chosen = examples.of_run(flags, PAPER, 1)
    shown = [(example, _models_of(flags, example)) for example in chosen]
    path = panels.save(draw(shown), flags.output or flags.run / "fig3.png")
    print(f"written to {path}")
    return cli.DONE
