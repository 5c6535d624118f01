"""MFCC of segments of a waveform: each as if it were a recording of its own."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.features.mfcc import MfccParams, mfcc
from ser_tf.papers.lee2020.segment_mfcc import WAVEFORM, SegmentFrames, SegmentMfcc

RNG = np.random.default_rng(4)
PARAMS = MfccParams()
AUDIO = RNG.uniform(-0.5, 0.5, (2, 9000)).astype(np.float32)
SEGMENTS = np.asarray([[[0, 3000], [2900, 801], [3700, 399], [4000, 5000]], [[10, 400], [300, 1], [0, 0], [0, 0]]])


def converted(params=PARAMS, audio=AUDIO, segments=SEGMENTS):
    return [value.numpy() for value in SegmentMfcc(params)(audio[..., np.newaxis], segments.astype(np.int32))]


@pytest.mark.parametrize("pre_emphasis", [0.0, 0.97])
def test_each_segment_is_converted_as_if_it_were_a_recording(pre_emphasis):
    params = dataclasses.replace(PARAMS, pre_emphasis=pre_emphasis)
    frames, places = converted(params)
    for row, number in ((0, 4), (1, 2)):
        for word in range(number):
            first, length = SEGMENTS[row, word]
            alone = mfcc(tf.constant(AUDIO[row, first : first + length]), params).numpy()
            begin, count = places[row, word]
            assert count == len(alone)
            np.testing.assert_allclose(frames[row, begin : begin + count], alone, atol=2e-4)


def test_frames_of_an_utterance_lie_one_after_the_other():
    frames, places = converted()
    assert places[0].tolist() == [[0, 17], [17, 3], [20, 1], [21, 29]]
    assert places[1, :2].tolist() == [[0, 1], [1, 1]] and not places[1, 2:, 1].any()
    assert frames.shape == (2, 50, 40) and not frames[1, 2:].any()


def test_no_frame_sees_another_segment():
    louder = AUDIO.copy()
    louder[0, 3701:3999] = 0.9
    before, places = converted()
    after, _ = converted(audio=louder)
    changed = np.flatnonzero(np.abs(after[0] - before[0]).max(axis=1) > 1e-3)
    assert changed.min() >= places[0, 2, 0] and changed.max() < places[0, 2].sum()


def test_padding_of_samples_and_words_changes_nothing():
    wide = np.full((2, 9500), 0.7, np.float32)
    wide[:, :9000] = AUDIO
    more = np.concatenate([SEGMENTS, np.zeros((2, 3, 2), SEGMENTS.dtype)], axis=1)
    for plain, padded in zip(converted(), converted(audio=wide, segments=more), strict=True):
        np.testing.assert_array_equal(padded[:, : plain.shape[1]], plain)


def test_configuration_survives_saving(tmp_path):
    params = dataclasses.replace(PARAMS, lifter=22, mel_scale="slaney")
    inputs = keras.Input((None, 1)), keras.Input((None, 2), dtype="int32")
    frames, places = SegmentMfcc(params)(*inputs)
    assert frames.shape == (None, None, 40) and places.shape == (None, None, 2)
    network = keras.Model(inputs, [frames, places])
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    given = [AUDIO[..., np.newaxis], SEGMENTS.astype(np.int32)]
    for one, other in zip(network(given), again(given), strict=True):
        np.testing.assert_array_equal(one, other)


def test_statistics_are_over_the_frames_that_the_network_reads():
    waveforms = {"a": AUDIO[0, :, np.newaxis], "b": AUDIO[1, :600, np.newaxis]}

    class Waveforms(dict):
        def num_frames(self, key):
            return len(self[key])

    asked = []

    def segments_of(key, num_samples):
        asked.append((key, num_samples))
        return SEGMENTS[0 if key == "a" else 1][: 4 if key == "a" else 2].astype(np.int32)

    frames = SegmentFrames(Waveforms(waveforms), segments_of, PARAMS)
    together, _ = converted()
    np.testing.assert_allclose(frames["a"], together[0], atol=1e-4)
    np.testing.assert_allclose(frames["b"], together[1, :2], atol=1e-4)
    assert frames.num_frames("b") == 2 and frames.dims == 40
    assert ("a", 9000) in asked and ("b", 600) in asked


@pytest.mark.parametrize("padding", [0.0, np.nan, 0.7])
def test_the_waveform_is_a_feature_like_any_other(padding):
    """As `tests/features/test_registry.py` has it: padding changes nothing, and an empty recording has one frame."""
    lengths = [5, 0, 8]
    batch = np.full((3, 10), padding, np.float32)
    for row, length in enumerate(lengths):
        batch[row, :length] = AUDIO[0, :length]
    together = WAVEFORM(tf.constant(batch), tf.constant(lengths)).numpy()
    assert together.shape == (3, WAVEFORM.num_frames(10), 1)
    for row, length in enumerate(lengths):
        alone = WAVEFORM(tf.constant(batch[row, :length])).numpy()
        assert alone.shape == (WAVEFORM.num_frames(length), 1)
        np.testing.assert_array_equal(together[row, :length, 0], AUDIO[0, :length])
        assert not together[row, length:].any()
