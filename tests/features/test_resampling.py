"""Resampling inside a graph: tones stay tones, in place, as soxr has them, and every graph gives the same bits."""

import numpy as np
import pytest
import soxr
import tensorflow as tf

from ser_tf.audio_limits import MAX_SAMPLE_RATE_HZ, MIN_SAMPLE_RATE_HZ
from ser_tf.features import resampling

_resample = tf.function(
    resampling.resample,
    input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int64)],
    autograph=False,
)
RATES = (
    4000, 8000, 11_025, 12_000, 14_400, 16_001, 17_600, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 48_510, 96_000,
    192_000,
)  # fmt: skip


def tone(rate_hz, hertz, seconds=0.4):
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hertz * time + 0.3)).astype(np.float32)


def noise(rate_hz, low_hz, high_hz, seconds=0.7):
    """Noise of peak 0.5 between two frequencies, faded in and out."""
    samples = int(seconds * rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / rate_hz)
    waveform = np.fft.irfft(np.where((hertz >= low_hz) & (hertz <= high_hz), spectrum, 0.0), samples)
    faded = waveform * np.hanning(samples)
    return (0.5 * faded / np.abs(faded).max()).astype(np.float32)


def resample(waveform, rate_hz):
    return _resample(tf.constant(waveform), tf.constant(rate_hz, tf.int64)).numpy()


def decibels(difference, reference):
    return 20 * np.log10(np.std(difference) / np.std(reference))


def amplitude(waveform, hertz):
    """Amplitude of a tone inside of a waveform at 16 kHz, away from its ends."""
    inside = np.arange(len(waveform))[1600:-1600]
    weights = np.hanning(len(inside))
    wave = np.exp(-2j * np.pi * hertz * inside / 16_000)
    return 2 * abs((waveform[1600:-1600] * weights * wave).sum()) / weights.sum()


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_tone_stays_what_and_where_it_is(rate_hz):
    found = resample(tone(rate_hz, 440.0), rate_hz)
    assert len(found) == -(-round(0.4 * rate_hz) * 16_000 // rate_hz)
    np.testing.assert_allclose(found[400:-400], tone(16_000, 440.0)[: len(found)][400:-400], atol=3e-5)


@pytest.mark.parametrize("rate_hz", RATES)
def test_what_lies_in_the_pass_band_is_as_soxr_has_it(rate_hz):
    """Up to 0.85 of half the lower rate, where the pass band begins to fall off."""
    waveform = noise(rate_hz, 20.0, 0.85 * min(rate_hz, 16_000) / 2)
    expected = soxr.resample(waveform.astype(np.float64), rate_hz, 16_000, quality="VHQ")
    found = resample(waveform, rate_hz)
    assert len(found) == -(-len(waveform) * 16_000 // rate_hz)  # soxr rounds to the nearest number
    assert decibels(found[: len(expected)] - expected, expected) < -75


@pytest.mark.parametrize("rate_hz", [22_050, 24_000, 32_000, 44_100, 48_000, 48_510, 96_000])
def test_what_16_khz_cannot_hold_is_filtered_out(rate_hz):
    waveform = noise(rate_hz, 8100.0, rate_hz / 2)
    assert decibels(resample(waveform, rate_hz), waveform) < -75


@pytest.mark.parametrize("rate_hz", [8000, 11_025])
def test_nothing_appears_above_half_of_a_low_rate(rate_hz):
    found = resample(noise(rate_hz, 20.0, 0.45 * rate_hz), rate_hz)
    spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found))))
    above = np.fft.rfftfreq(len(found), 1 / 16_000) > rate_hz / 2
    assert 20 * np.log10(np.linalg.norm(spectrum[above]) / np.linalg.norm(spectrum)) < -75


def test_16_khz_is_left_as_it_is():
    waveform = noise(16_000, 0.0, 8000.0)
    np.testing.assert_array_equal(resample(waveform, 16_000), waveform)


def test_silence_is_assumed_before_and_after():
    """The first and last samples are those of a recording with zeros around it."""
    waveform = np.random.default_rng(1).standard_normal(4410).astype(np.float32)
    longer = resample(np.pad(waveform, 4410), 44_100)
    np.testing.assert_allclose(resample(waveform, 44_100), longer[1600:3200], atol=1e-6)


@pytest.mark.parametrize("rate_hz", [11_025, 22_050, 44_100, 88_200])
def test_interpolation_gives_what_the_phases_give(rate_hz, monkeypatch):
    waveform = noise(rate_hz, 0.0, rate_hz / 2, 0.3)
    exact = resample(waveform, rate_hz)
    monkeypatch.setattr(resampling, "MAX_KERNEL_SIZE", 0)
    interpolated = resampling.resample(tf.constant(waveform), tf.constant(rate_hz, tf.int64)).numpy()
    assert not np.array_equal(exact, interpolated)
    assert decibels(interpolated - exact, exact) < -90


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_graph_around_it_changes_no_bit(rate_hz):
    """Training resamples one waveform in a function of its own; the server decodes several in a loop."""
    waveform = noise(rate_hz, 20.0, rate_hz / 2, 0.3)
    samples = tf.cast(tf.round(tf.constant(waveform) * 2.0**15), tf.int16)

    @tf.function(autograph=False)
    def served(contents, rates):
        return tf.map_fn(
            lambda row: resampling.resample(tf.cast(tf.io.decode_raw(row[0], tf.int16), tf.float32) / 2.0**15, row[1]),
            (contents, rates),
            fn_output_signature=tf.RaggedTensorSpec([None], tf.float32),
            parallel_iterations=4,
        )

    contents = tf.constant([samples.numpy().tobytes(), samples[:99].numpy().tobytes()])
    together = served(contents, tf.constant([rate_hz, 48_000], tf.int64))[0]
    np.testing.assert_array_equal(together, resample(samples.numpy() / np.float32(2**15), rate_hz))


@pytest.mark.parametrize("samples", [0, 1, 2, 47, 200])
@pytest.mark.parametrize("rate_hz", RATES)
def test_few_samples_give_few_samples(samples, rate_hz):
    found = resample(np.ones(samples, np.float32), rate_hz)
    assert len(found) == -(-samples * 16_000 // rate_hz) and np.isfinite(found).all()


@pytest.mark.parametrize("rate_hz", [*RATES, 191_999, 4001, 95_999])
def test_no_rate_makes_a_short_recording_expensive(rate_hz, monkeypatch):
    sizes = []
    convolve = resampling.strided.convolve

    def measured(padded, kernel, step, rows):
        sizes.append(int(tf.size(kernel)))
        return convolve(padded, kernel, step, rows)

    monkeypatch.setattr(resampling.strided, "convolve", measured)
    assert MIN_SAMPLE_RATE_HZ <= rate_hz <= MAX_SAMPLE_RATE_HZ
    resampling.resample(tf.ones(100), tf.constant(rate_hz, tf.int64))
    assert len(sizes) == 1 and sizes[0] <= resampling.MAX_KERNEL_SIZE
