"""Serving the networks of Mao et al. 2020: the attention over segments and its times."""

import tensorflow as tf

from ser_tf.papers.mao2020 import segmenting
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.protocol.served import Analysed, Served, grid, placed


def over_segments(batch: Analysed[Ledger]) -> dict[str, tf.Tensor]:
    """Returns one weight per segment, at the segment's centre; nothing for a network without attention.

    If speech is padded with silence to one duration (§4.1), the silence has segments, weights and times too, which lie
    after the recording's end.
    """
    if "attention" not in batch.outputs:
        return {}
    weights, time_axis = batch.outputs["attention"], batch.spec.params
    params: segmenting.SegmentParams = batch.model.get_layer("segments").params
    first_seconds = segmenting.length_seconds(time_axis, params) / 2
    centres = grid(tf.shape(weights)[1], first_seconds, params.hop_frames * time_axis.hop_seconds)
    number = segmenting.num_segments(batch.lengths, params)
    if weights.shape[1] is not None:  # zero embeddings pad all bags to one size and count as segments
        number = tf.fill(tf.shape(number), weights.shape[1])
    return {"attention": weights, "attention_seconds": placed(centres, number)}


SERVED = Served(over_segments)
