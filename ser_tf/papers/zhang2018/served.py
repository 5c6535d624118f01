"""Coordinates of the fully convolutional network's attention, in seconds and hertz."""

from typing import Any

import tensorflow as tf

from ser_tf.papers.zhang2018 import alexnet, networks
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.papers.zhang2018.receptive_field import receptive_field, shortest_input
from ser_tf.protocol.served import Analysed, Served, grid, placed


def over_cells(batch: Analysed[Ledger]) -> dict[str, tf.Tensor]:
    """Gives one weight per time-frequency cell: `attention` is (batch, time cells, frequency cells)."""
    if "attention" not in batch.outputs:
        return {}
    weights, ledger = batch.outputs["attention"], batch.ledger
    time_axis: Any = batch.spec.params
    steps = alexnet.steps_of(networks.convolutions(ledger.pool5, ledger.alexnet), ledger.pooling)
    field = receptive_field(steps)
    number = tf.maximum(batch.lengths, shortest_input(steps))
    for step in steps:
        number = step.cells(number)
    first_frames = field.first + (field.size - 1) / 2
    first_seconds = first_frames * time_axis.hop_seconds + time_axis.window_seconds / 2
    seconds = grid(tf.shape(weights)[1], first_seconds, field.distance * time_axis.hop_seconds)
    bin_hertz = time_axis.sample_rate_hz / time_axis.fft_samples
    bins = tf.cast(tf.range(tf.shape(weights)[2]) * field.distance, tf.float32) + first_frames
    if ledger.flipped:
        bins = batch.spec.dims - 1 - bins
    rows = tf.shape(weights)[:1]
    return {
        "attention": weights,
        "attention_seconds": placed(seconds, number),
        "attention_hertz": tf.tile((bins * bin_hertz)[tf.newaxis], tf.concat([rows, [1]], axis=0)),
    }


SERVED = Served(over_cells)
