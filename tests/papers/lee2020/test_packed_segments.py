"""Segments packed into rows give what each of them gives alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.lee2020.packed_segments import PADDING, PackedBLSTM, PackedMean, PackSegments, next_fit

RNG = np.random.default_rng(3)
FEATURES = RNG.normal(size=(2, 12, 4)).astype(np.float32)
SEGMENTS = np.asarray([[[0, 3], [2, 6], [8, 1], [9, 2]], [[4, 2], [5, 3], [0, 0], [0, 0]]], np.int32)
PARTS = [FEATURES[0, 0:3], FEATURES[0, 2:8], FEATURES[0, 8:9], FEATURES[0, 9:11], FEATURES[1, 4:6], FEATURES[1, 5:8]]


def test_rows_hold_every_segment_once_and_whole():
    frames, owners = (each.numpy() for each in PackSegments()(FEATURES, SEGMENTS))
    assert frames.shape == (3, 6, 4)  # 6 | 3 + 3 | 2 + 2 + 1
    assert sorted(owners[owners != PADDING].tolist()) == np.repeat(range(6), [3, 6, 1, 2, 2, 3]).tolist()
    for number, part in enumerate(PARTS):
        rows, steps = np.nonzero(owners == number)
        assert np.ptp(rows) == 0 and np.all(np.diff(steps) == 1)
        np.testing.assert_array_equal(frames[rows, steps], part)
    assert not frames[owners == PADDING].any()


@pytest.mark.parametrize("number", [1, 2, 700])
def test_next_fit_leaves_little_padding(number):
    # Words of 0.1 to 0.5 s, each tenth before a pause.
    lengths = RNG.integers(8, 50, number)
    lengths[::10] += RNG.integers(30, 100, len(lengths[::10]))
    rows, begins = (
        each.numpy() for each in next_fit(tf.constant(lengths, tf.int32), tf.constant(max(lengths), tf.int32))
    )
    cells = np.zeros((rows.max() + 1, max(lengths)), int)
    for row, begin, length in zip(rows, begins, lengths, strict=True):
        cells[row, begin : begin + length] += 1
    assert cells.max() == 1 and cells.sum() == lengths.sum()
    if number == 700:
        alone = 1 - lengths.mean() / max(lengths)
        assert 1 - cells.mean() < 0.25 < 0.7 < alone


def packed(zero_padded=False):
    """The network of the layers, whose output is (batch, words, 10), and its BLSTM."""
    inputs = keras.Input((None, 4)), keras.Input((None, 2), dtype="int32")
    frames, owners = PackSegments(zero_padded)(*inputs)
    blstm = PackedBLSTM(5, name="blstm")
    outputs = PackedMean()(blstm(frames, owners), owners, inputs[1])
    return keras.Model(inputs, outputs), blstm


def plain_like(blstm):
    plain = keras.layers.Bidirectional(keras.layers.LSTM(5, return_sequences=True))
    plain.build((None, None, 4))
    plain.set_weights(blstm.get_weights())
    return plain


def test_each_segment_is_read_as_if_alone():
    network, blstm = packed()
    blstm.set_weights([RNG.normal(size=weight.shape) for weight in blstm.get_weights()])
    means = network([FEATURES, SEGMENTS]).numpy()
    plain = plain_like(blstm)
    alone = [plain(part[np.newaxis]).numpy()[0].mean(0) for part in PARTS]
    np.testing.assert_allclose(means[0], alone[:4], atol=1e-6)
    np.testing.assert_allclose(means[1, :2], alone[4:], atol=1e-6)
    assert not means[1, 2:].any()


def test_zero_padded_segments_are_read_up_to_the_longest_of_their_utterance():
    """T' of §3.1.2 is that of one utterance's segments, whatever else is in the batch."""
    network, blstm = packed(zero_padded=True)
    means = network([FEATURES, SEGMENTS]).numpy()
    plain = plain_like(blstm)
    for part, (row, word), longest in zip(PARTS, np.argwhere(SEGMENTS[..., 1] > 0), (6, 6, 6, 6, 3, 3), strict=True):
        padded = np.concatenate([part, np.zeros((longest - len(part), 4), np.float32)])
        alone = plain(padded[np.newaxis]).numpy()[0].mean(0)
        np.testing.assert_allclose(means[row, word], alone, atol=1e-6)
    assert not means[1, 2:].any()


def test_gradients_are_those_of_segments_alone():
    network, blstm = packed()
    plain = plain_like(blstm)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network([FEATURES, SEGMENTS]) ** 2)
    together = tape.gradient(loss, [one.value for one in blstm.trainable_weights])
    with tf.GradientTape() as tape:
        loss = sum(tf.reduce_sum(tf.reduce_mean(plain(part[np.newaxis]), axis=1) ** 2) for part in PARTS)
    alone = tape.gradient(loss, [one.value for one in plain.trainable_weights])
    for ours, theirs in zip(together, alone, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("zero_padded", [False, True])
def test_save_and_load(tmp_path, zero_padded):
    network, _ = packed(zero_padded)
    network.save(tmp_path / "packed.keras")
    again = keras.models.load_model(tmp_path / "packed.keras")
    np.testing.assert_array_equal(again([FEATURES, SEGMENTS]), network([FEATURES, SEGMENTS]))
