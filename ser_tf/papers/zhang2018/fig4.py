"""Figure 4 of Zhang et al. 2018: the spectrogram above, the attention over time and frequency below.

    python -m experiments.zhang2018_table2 --rows fcn_attention_random --keep-models
    python -m figures.zhang2018_fig4 --run runs/zhang2018_table2/synthetic

Each example is shown with the model of the fold that tested it. Without `--utterances` the examples are the most
confident correct predictions, one per class; the paper does not say how it chose its four. Weights are shown as
multiples of a cell's weight in average pooling, at the centre of its receptive field and interpolated in between.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ser_tf import cli
from ser_tf.drawing import examples, panels
from ser_tf.errors import SettingError
from ser_tf.papers.zhang2018.attended import on_spectrogram
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.papers.zhang2018.paper import PAPER
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.models import TrainedModel

Floats = npt.NDArray[np.floating[Any]]
EXAMPLES = 4  # Figure 4 has one per class
DECIBELS = 20 * np.log10(np.e)
"""Of a natural logarithm of a magnitude."""
SHOWN_DECIBELS = 80


def decibels(model: TrainedModel, waveform: Floats) -> Floats:
    """Returns the spectrogram (frames, bins) in decibels, whether the model reads magnitudes or logarithms."""
    ledger = ledgers.restore(Ledger, model.card["settings"])
    features = model.features(waveform)
    return DECIBELS * (features if ledger.spectrum == "log" else np.log(np.maximum(features, ledger.log_floor)))


def attention_map(model: TrainedModel, attention: Floats, frames: int) -> Floats:
    """Maps attention weights to the spectrogram's coordinates.

    Args:
        model: The model.
        attention: Weights, (time cells, frequency cells).
        frames: Number of frames of the spectrogram.

    Returns:
        float64 (frames, bins), 1 where a cell has its weight in average pooling.
    """
    ledger = ledgers.restore(Ledger, model.card["settings"])
    return attention.size * on_spectrogram(ledger, attention, (frames, model.spec.dims))


def _draw_map(axes: Axes, values: Floats, model: TrainedModel, **colours: Any) -> AxesImage:
    """Draws (frames, bins) over seconds and Hz."""
    params: Any = model.spec.params
    seconds = model.frame_seconds(len(values))
    hertz = np.arange(values.shape[1]) * params.sample_rate_hz / params.fft_samples
    half_hop, half_bin = params.hop_seconds / 2, hertz[1] / 2
    extent = (seconds[0] - half_hop, seconds[-1] + half_hop, -half_bin, hertz[-1] + half_bin)
    return axes.imshow(values.T, origin="lower", aspect="auto", extent=extent, interpolation="nearest", **colours)


def draw(shown: Sequence[examples.Example]) -> Figure:
    """One column an example: the spectrogram above, the attention below on the same axes, the posteriors named.

    Raises:
        SettingError: the row's model has no attention.
    """
    figure = Figure(figsize=(panels.COLUMN_INCHES * len(shown), 4.0), layout="constrained")
    columns = figure.subplots(2, len(shown), squeeze=False, sharex="col", sharey=True)
    for example, (top, bottom) in zip(shown, columns.T, strict=True):
        model = example.model
        outputs = model.outputs(example.waveform)
        if "attention" not in outputs:
            raise SettingError(f"--row {model.card['row']}: its model has no attention; take fcn_attention")
        spectrogram = decibels(model, example.waveform)
        highest = spectrogram.max()
        _draw_map(top, spectrogram, model, vmin=highest - SHOWN_DECIBELS, vmax=highest, cmap="magma")
        weights = attention_map(model, outputs["attention"], len(spectrogram))
        picture = _draw_map(bottom, weights, model, vmin=0, cmap="magma")
        figure.colorbar(picture, ax=bottom, location="bottom", shrink=0.8, label=r"$\alpha$ / average")
        bottom.set_xlabel("seconds")
        posteriors = panels.posteriors_in_words(model.classes, outputs["probabilities"])
        top.set_title(f"{example.title}\n{posteriors}", fontsize=7)
    for axes, name in zip(columns[:, 0], ("spectrogram", "attention"), strict=True):
        axes.set_ylabel(f"{name}, Hz")
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
    flags = examples.parser_of(program, __doc__, "fcn_attention_random", "fig4.png").parse_args(argv)
    shown = examples.of_run(flags, PAPER, EXAMPLES)
    path = panels.save(draw(shown), flags.output or flags.run / "fig4.png")
    print(f"written to {path}")
    return cli.DONE
