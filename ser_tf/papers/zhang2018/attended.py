"""The attention of the fully convolutional network on the spectrogram, and its share in parts of it.

§III-C says of Figure 4 that frames without speech and high frequencies get small weights; here both are measured on
every test utterance. Weights are interpolated to the spectrogram's frames and bins as in the figure; uniform weights
give every part exactly its share of the area.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ser_tf.papers.zhang2018 import alexnet, networks
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.papers.zhang2018.receptive_field import on_inputs, shortest_input
from ser_tf.training import attention
from ser_tf.training.attention import Floats
from ser_tf.training.batches import Batches

HIGH_HZ = 2000.0
"""§III-C's high frequency areas begin here; the paper names no frequency, and this is the middle of its 0-4 kHz."""


def on_spectrogram(ledger: Ledger, weights: Floats, sizes: tuple[int, int]) -> Floats:
    """Maps weights of cells to the spectrogram's coordinates, interpolating between the centres of receptive fields.

    Args:
        ledger: The assumptions the network was built with.
        weights: (time cells, frequency cells), without padding.
        sizes: Frames and bins of the spectrogram.

    Returns:
        float64 (frames, bins), uniform if the weights of the cells are.
    """
    field = networks.attention_field(ledger.pool5, ledger.alexnet)
    shown = on_inputs(weights, field, sizes)
    return shown[:, ::-1] if ledger.flipped else shown


def time_cells(ledger: Ledger, num_frames: int) -> int:
    """Returns the number of the network's cells along an utterance's time axis."""
    steps = alexnet.steps_of(networks.convolutions(ledger.pool5, ledger.alexnet), ledger.pooling)
    number = max(num_frames, shortest_input(steps))
    for step in steps:
        number = step.cells(number)
    return number


def measure_attention(model: keras.Model, batches: Batches[Ledger]) -> dict[str, Floats]:
    """Measures the shares of the attention of every test utterance.

    Args:
        model: A model from `networks.build_attention_fcn`.
        batches: The batches it reads.

    Returns:
        `attention_on_silence` with `time_in_silence`, and `attention_above_2khz` with `spectrum_above_2khz`, the share
        of the bins; float64 (test utterances,) each.
    """
    ledger, spec = batches.context.ledger, batches.spec
    axis: Any = spec.params
    high = np.arange(spec.dims) * axis.sample_rate_hz / axis.fft_samples >= HIGH_HZ
    quiet = attention.Silence(batches.context, spec)

    def of_one(utterance_id: str, outputs: Mapping[str, Floats]) -> Mapping[str, float]:
        frames = quiet[utterance_id]
        cells = outputs["attention"][: time_cells(ledger, len(frames))]
        weights = on_spectrogram(ledger, cells, (len(frames), spec.dims))
        return {
            **attention.on_silence(weights.sum(axis=1), frames),
            "attention_above_2khz": attention.share_where(weights.sum(axis=0), high),
            "spectrum_above_2khz": float(high.mean()),
        }

    return attention.measure(model, batches, ("attention",), of_one)
