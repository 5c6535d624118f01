"""Recordings without anything above 4 kHz are noticed, real ones are not."""

import numpy as np
import pytest
import soxr

from ser_tf.serving.telephone import is_narrow
from tests.serving import recordings


def upsampled(waveform):
    """To 8 kHz and back."""
    return soxr.resample(soxr.resample(waveform, 16_000, 8_000), 8_000, 16_000).astype(np.float32)


@pytest.fixture(scope="module")
def speech():
    """Tones and noise as of a voice, float32 (samples,) at 16 kHz."""
    noise = np.random.default_rng(0).standard_normal(32_000)
    return (np.ravel(recordings.signal(2.0)) + 0.01 * noise).astype(np.float32)


def test_upsampled_recordings_are_narrow(speech):
    assert is_narrow(upsampled(speech)) and not is_narrow(speech)


@pytest.mark.parametrize("level", [1.0, 0.02])
def test_rounding_to_16_bits_does_not_hide_it(speech, level):
    rounded = np.round(level * upsampled(speech) * 32_768) / 32_768
    assert is_narrow(rounded.astype(np.float32))


@pytest.mark.parametrize("samples", [1, 100, 1024, 700_000])
def test_any_length_and_silence(samples):
    assert not is_narrow(np.zeros(samples, np.float32))
    assert not is_narrow(np.random.default_rng(0).standard_normal(samples).astype(np.float32))
