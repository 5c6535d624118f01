"""Resampling inside a graph: tones stay tones, in place, and the training path hears the same."""

import logging

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_tf.data import audio
from ser_tf.serving import resampling

_resample = tf.function(
    resampling.resample,
    input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int64)],
    autograph=False,
)
INTERPOLATION = 5e-3
RATES = (4000, 8000, 11_025, 12_000, 16_001, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000)


def tone(rate_hz, hertz, seconds=0.4):
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hertz * time + 0.3)).astype(np.float32)


def resample(waveform, rate_hz):
    return _resample(tf.constant(waveform), tf.constant(rate_hz, tf.int64)).numpy()


def amplitude(waveform, hertz):
    """Of a tone inside of a waveform at 16 kHz, away from its ends."""
    inside = np.arange(len(waveform))[1600:-1600]
    weights = np.hanning(len(inside))
    wave = np.exp(-2j * np.pi * hertz * inside / 16_000)
    return 2 * abs((waveform[1600:-1600] * weights * wave).sum()) / weights.sum()


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_tone_stays_what_and_where_it_is(rate_hz):
    found = resample(tone(rate_hz, 440.0), rate_hz)
    assert len(found) == -(-round(0.4 * rate_hz) * 16_000 // rate_hz)
    np.testing.assert_allclose(found[400:-400], tone(16_000, 440.0)[: len(found)][400:-400], atol=1e-3)


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
def test_what_16_khz_cannot_hold_is_filtered_out(rate_hz):
    found = resample(tone(rate_hz, 10_000.0), rate_hz)
    assert amplitude(found, 6000.0) < 1e-3 and np.abs(found[800:-800]).max() < 1e-3


def test_nothing_appears_above_half_of_a_low_rate():
    found = resample(tone(8000, 1000.0), 8000)
    assert amplitude(found, 1000.0) == pytest.approx(0.5, abs=1e-3)
    assert max(amplitude(found, hertz) for hertz in (5000, 7000, 7900)) < 1e-3


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 44_100, 48_000])
def test_the_training_path_hears_the_same(rate_hz, tmp_path):
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # tensorflow-io's resampling runs in a loop, and says so
    rng = np.random.default_rng(0)
    waveform = (0.2 * rng.standard_normal(rate_hz // 4)).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", waveform, rate_hz, "FLOAT")
    # Where Speex interpolates its table, it is off by a few thousandths.
    np.testing.assert_allclose(resample(waveform, rate_hz), audio.read(tmp_path / "noise.wav"), atol=INTERPOLATION)


def test_blocks_join_without_a_seam(monkeypatch):
    whole = resample(tone(44_100, 300.0), 44_100)
    monkeypatch.setattr(resampling, "BLOCK_CELLS", 3000)
    pieces = resampling.resample(tf.constant(tone(44_100, 300.0)), tf.constant(44_100, tf.int64))
    np.testing.assert_allclose(pieces, whole, atol=1e-6)


@pytest.mark.parametrize("samples", [1, 2, 47, 200])
def test_few_samples_give_few_samples(samples):
    found = resample(np.ones(samples, np.float32), 48_000)
    assert len(found) == -(-samples // 3) and np.isfinite(found).all()
