import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.features.mfcc import LOG_MEL
from ser_tf.papers.mao2020 import segmenting
from ser_tf.papers.mao2020.segmenting import SegmentParams

SMALL = SegmentParams(frames=4, hop_frames=3, min_frames=4, max_segments=5, fill=-9.0)


def _expected(features, length, params):
    """Segments of one utterance, frame by frame."""
    segments = []
    for place in range(params.max_segments):
        first = place * params.hop_frames
        inside = min(length, first + params.frames) - first
        if place == 0 or inside >= params.min_frames or params.padded:
            frames = [
                features[first + step] if step < inside else np.full(2, params.fill) for step in range(params.frames)
            ]
            segments.append(frames)
    return np.asarray(segments, np.float32)


@pytest.mark.parametrize("change", [{"min_frames": 1}, {"min_frames": 2}, {"min_frames": 4}, {"padded": True}])
def test_segments_are_those_of_a_loop(change):
    params = dataclasses.replace(SMALL, **change)
    lengths = np.arange(1, 30, dtype=np.int32)
    features = np.random.default_rng(0).normal(size=(len(lengths), 29, 2)).astype(np.float32)
    segments, counts = segmenting.cut(tf.constant(features), tf.constant(lengths), params)
    expected = [_expected(*pair, params) for pair in zip(features, lengths, strict=True)]
    np.testing.assert_array_equal(counts, [len(each) for each in expected])
    np.testing.assert_array_equal(segments, np.concatenate(expected))
    assert [segmenting.num_segments(int(length), params) for length in lengths] == counts.numpy().tolist()


def test_what_lies_in_the_padding_changes_nothing():
    features = np.random.default_rng(0).normal(size=(2, 14, 2)).astype(np.float32)
    padded = np.pad(features, ((0, 0), (0, 6), (0, 0)), constant_values=np.nan)
    padded[0, 3:] = np.nan
    lengths = tf.constant([3, 14])
    undefined, _ = segmenting.cut(tf.constant(padded), lengths, SMALL)
    clean, _ = segmenting.cut(tf.constant(np.nan_to_num(padded[:, :14])), lengths, SMALL)
    np.testing.assert_array_equal(undefined, clean)
    assert (undefined[0, 3:] == SMALL.fill).numpy().all()


def test_padded_speech_ends_with_segments_of_silence():
    """§4.1: all utterances have as many segments; those of the speech come first and are the same."""
    features = np.random.default_rng(0).normal(size=(1, 10, 2)).astype(np.float32)
    speech, counts = segmenting.cut(tf.constant(features), tf.constant([10]), SMALL)
    padded, of_padded = segmenting.cut(
        tf.constant(features), tf.constant([10]), dataclasses.replace(SMALL, padded=True)
    )
    assert (counts.numpy().tolist(), of_padded.numpy().tolist()) == ([3], [5])
    np.testing.assert_array_equal(padded[:3], speech)
    np.testing.assert_array_equal(padded[3, 0], features[0, 9])
    assert (padded[3, 1:].numpy() == SMALL.fill).all()
    assert (padded[4].numpy() == SMALL.fill).all()


@pytest.mark.parametrize(("seconds", "number"), [(2.07, 29), (4.55, 71)])
def test_numbers_are_the_papers(seconds, number):
    """§4.1: 32 frames shifted by 6, 2.07 s of CASIA and 4.55 s of IEMOCAP."""
    params = SegmentParams()
    assert (params.frames, params.hop_frames) == (32, 6)
    assert segmenting.segments_in(seconds, LOG_MEL.params, params) == number


def test_a_segment_lasts_335_ms_and_the_next_begins_60_ms_later():
    first, second = segmenting.segment_seconds(2, LOG_MEL.params, SegmentParams())
    assert first == pytest.approx(0.335 / 2) and second - first == pytest.approx(0.06)


@pytest.mark.parametrize("change", [{"frames": 0}, {"hop_frames": 0}, {"min_frames": 5}, {"min_frames": 0}])
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match="at least one frame"):
        dataclasses.replace(SMALL, **change)
