import dataclasses

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ser_tf.features import framing, stft
from tests.features import signals

PARAMS = framing.FrameParams()


def test_seconds_become_samples():
    assert (PARAMS.window_samples, PARAMS.hop_samples) == (400, 160)
    assert framing.FrameParams(sample_rate_hz=8000, window_seconds=0.04).window_samples == 320


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 1), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2), (720, 3), (16000, 98)]
)
def test_num_frames_of_integers_and_tensors(samples, frames):
    assert framing.num_frames(samples, PARAMS) == frames
    assert framing.num_frames(tf.constant([samples, samples]), PARAMS).numpy().tolist() == [frames, frames]
    waveform = tf.zeros([samples])
    assert framing.frame(waveform, PARAMS).shape == (frames, 400)


def test_num_frames_in_a_graph_of_unknown_length():
    count = tf.function(lambda waveform: framing.num_frames(tf.shape(waveform)[-1], PARAMS))
    assert int(count.get_concrete_function(tf.TensorSpec([None]))(tf.zeros([16000]))) == 98


def test_frames_are_the_slices_they_say():
    waveform = np.arange(2000, dtype=np.float32)
    frames = framing.frame(tf.constant(waveform), PARAMS).numpy()
    assert len(frames) == 11
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, waveform[160 * index : 160 * index + 400])


def test_a_short_utterance_is_padded_on_the_right():
    frames = framing.frame(tf.ones([3, 100]), PARAMS).numpy()
    assert frames.shape == (3, 1, 400)
    np.testing.assert_array_equal(frames[0, 0], np.repeat([1.0, 0.0], [100, 300]))


def test_silence_padding_removes_even_nan():
    padded = tf.constant([[1.0, 2.0, np.nan, np.inf]])
    assert framing.silence_padding(padded, tf.constant([2])).numpy().tolist() == [[1.0, 2.0, 0.0, 0.0]]


@pytest.mark.parametrize("shape", [stft.HAMMING, stft.HANN])
@pytest.mark.parametrize("samples", [400, 640, 15])
def test_windows_are_the_periodic_ones(shape, samples):
    ours = stft.window(shape, samples)
    np.testing.assert_allclose(ours, scipy.signal.get_window(shape, samples, fftbins=True), atol=1e-12)
    symmetric = scipy.signal.get_window(shape, samples, fftbins=False)
    assert np.abs(ours - symmetric).max() > 1e-4
    if samples == 400:
        assert np.abs(ours - symmetric).max() < 0.01


def test_unknown_window_is_refused():
    with pytest.raises(ValueError, match="'kaiser' is unknown"):
        stft.window("kaiser", 400)


def test_a_tone_peaks_in_its_bin():
    params = stft.StftParams()
    magnitude = stft.magnitude(tf.constant(signals.tone(1000.0)), params).numpy()
    assert set(magnitude.argmax(axis=-1)) == {32}
    np.testing.assert_allclose(magnitude[5, 32], 0.3 * stft.window(stft.HAMMING, 400).sum() / 2.0, rtol=1e-3)
    np.testing.assert_allclose(
        stft.power(tf.constant(signals.tone(1000.0)), params), magnitude**2, rtol=1e-3, atol=1e-4
    )


def test_params_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PARAMS.hop_seconds = 0.02


def test_a_window_longer_than_the_transform_is_refused():
    with pytest.raises(ValueError, match="a window of 640 samples"):
        stft.StftParams(window_seconds=0.04, fft_samples=512)


def test_longer_frames_begin_where_the_windows_do():
    waveform = np.arange(1, 2001, dtype=np.float32)
    frames = framing.frame(tf.constant(waveform), PARAMS, 512).numpy()
    assert frames.shape == (11, 512)
    padded = np.append(waveform, np.zeros(512, np.float32))
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, padded[160 * index : 160 * index + 512])
