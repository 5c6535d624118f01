"""Figure 2 of Mao et al. 2020: the class posteriors that SegCNN gives the segments of one utterance.

    python -m experiments.mao2020_table1 --keep-models
    python -m figures.mao2020_fig2 --run runs/mao2020_table1/synthetic

The utterance is shown with the SegCNN of the fold that tested it, which is part of every network row's model. The paper
shows a happy utterance of CASIA whose segments do not all sound happy. Without `--utterances` it is the row's least
confident correct prediction, as the title says.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ser_tf import cli
from ser_tf.drawing import examples, panels
from ser_tf.errors import SettingError
from ser_tf.papers.mao2020 import segmenting
from ser_tf.papers.mao2020.paper import PAPER

EXAMPLES = 1  # Figure 2 has one
MARKERS = "os^Dvx"


def segment_seconds(example: examples.Example) -> npt.NDArray[np.float64]:
    """Returns the centre times of an utterance's whole segments, float64 (segments,), without silence after its end."""
    model = example.model
    params = dataclasses.replace(model.model.get_layer("segments").params, padded=False)
    count = segmenting.num_segments(len(model.features(example.waveform)), params)
    return np.asarray(segmenting.segment_seconds(count, model.spec.params, params))


def draw(shown: Sequence[examples.Example]) -> Figure:
    """Draws one column per example: the waveform above, a line for each class's posterior below.

    Raises:
        SettingError: the row's model has no SegCNN.
    """
    figure = Figure(figsize=(1.4 * panels.COLUMN_INCHES * len(shown), 3.8), layout="constrained")
    columns = figure.subplots(2, len(shown), squeeze=False, sharex="col", height_ratios=(1, 2))
    for example, (top, bottom) in zip(shown, columns.T, strict=True):
        outputs = example.model.outputs(example.waveform)
        if "segment_probabilities" not in outputs:
            raise SettingError(f"--row {example.model.card['row']}: its model has no segments; take feature")
        panels.draw_waveform(top, example.waveform)
        seconds = segment_seconds(example)
        posteriors = outputs["segment_probabilities"][: len(seconds)]
        for place, name in enumerate(example.model.classes):
            marker = MARKERS[place % len(MARKERS)]
            bottom.plot(seconds, posteriors[:, place], marker=marker, markersize=2.5, linewidth=0.9, label=name)
        bottom.set(ylim=(0, 1.02), xlabel="seconds (centres of the segments)", ylabel="posterior")
        decided = panels.posteriors_in_words(example.model.classes, outputs["probabilities"])
        top.set_title(f"{example.title}\nutterance: {decided}", fontsize=7)
    handles, labels = columns[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=7, frameon=False)
    if shown[0].model.card["smoke"]:
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
    flags = examples.parser_of(program, __doc__, "feature", "fig2.png").parse_args(argv)
    shown = examples.of_run(flags, PAPER, EXAMPLES, hardest=True)
    path = panels.save(draw(shown), flags.output or flags.run / "fig2.png")
    print(f"written to {path}")
    return cli.DONE
