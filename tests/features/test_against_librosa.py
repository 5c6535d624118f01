"""Spectra, mel spectra, MFCC, energy, zero crossings and log spectrograms against librosa, over a grid of settings."""

import librosa
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from ser_tf.features import framing, mel, stft
from ser_tf.features.mfcc import LOG_MEL, MFCC, LogMelParams, MfccParams, log_mel_spec, mfcc_spec
from ser_tf.features.spectrogram import (
    LOG_POWER_SPECTROGRAM,
    LOG_SPECTROGRAM,
    MAGNITUDE,
    POWER,
    LogSpectrogramParams,
    log_spectrogram_spec,
)
from ser_tf.papers.mirsamadi2017 import energy
from ser_tf.papers.mirsamadi2017.lld import LLD, LLD_NAMES, LldParams
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL, SpectralParams, spectral_spec
from tests.features import signals

WAVEFORMS = {
    "syllables": signals.syllables(),
    "noise": signals.noise(0.7),
    "tone": signals.tone(200.0, 0.5) + signals.noise(0.5, 1e-3),
    "loud": np.clip(8.0 * signals.syllables(1), -1.0, 1.0),
}


@pytest.fixture(params=sorted(WAVEFORMS))
def waveform(request):
    return WAVEFORMS[request.param]


def librosa_magnitude(waveform, params):
    """librosa centres a short window in the transform, so the signal is moved by as much; magnitudes have no phase."""
    spare = params.fft_samples - params.window_samples
    padded = np.pad(waveform.astype(np.float64), (spare // 2, spare - spare // 2))
    spectrum = librosa.stft(
        padded,
        n_fft=params.fft_samples,
        win_length=params.window_samples,
        hop_length=params.hop_samples,
        window=params.window_shape,
        center=False,
        dtype=np.complex128,
    )
    return np.abs(spectrum).T


def librosa_log_mel(waveform, params):
    emphasised = np.append(waveform[:1], waveform[1:] - params.pre_emphasis * waveform[:-1])
    bands = librosa.feature.melspectrogram(
        S=librosa_magnitude(emphasised, params).T ** 2,
        sr=params.sample_rate_hz,
        n_mels=params.bands,
        fmin=params.low_hz,
        fmax=params.high_hz,
        htk=params.mel_scale == mel.HTK,
        norm="slaney" if params.unit_area else None,
    )
    return np.log(np.maximum(bands, params.log_floor))


def librosa_mfcc(waveform, params):
    last = params.first_coefficient + params.coefficients
    all_of_them = librosa.feature.mfcc(
        S=librosa_log_mel(waveform, params), n_mfcc=last, dct_type=2, norm="ortho", lifter=params.lifter
    )
    return all_of_them[params.first_coefficient :].T


def assert_close(ours, theirs, relative):
    """Errors relative to the size of the dimension; it guards coefficients that happen to cross zero."""
    assert ours.shape == theirs.shape
    scale = np.sqrt(np.mean(np.square(theirs), axis=0, keepdims=True)) + 1e-12
    error = np.abs(ours - theirs) / np.maximum(np.abs(theirs), scale)
    assert error.max() < relative, f"largest relative error {error.max():.2e}"


@pytest.mark.parametrize("fft_samples", [512, 1024])
@pytest.mark.parametrize("window_seconds", [0.025, 0.03])
@pytest.mark.parametrize("shape", [stft.HAMMING, stft.HANN])
def test_spectral(waveform, fft_samples, window_seconds, shape):
    params = SpectralParams(fft_samples=fft_samples, window_seconds=window_seconds, window_shape=shape)
    ours = spectral_spec(params)(tf.constant(waveform)).numpy()
    assert_close(ours, librosa_magnitude(waveform, params), 1e-3)


def test_default_spectral_has_the_papers_size():
    assert SPECTRAL(tf.constant(signals.noise())).shape == (98, 257)


@pytest.mark.parametrize("scale", [mel.HTK, mel.SLANEY])
@pytest.mark.parametrize("unit_area", [True, False])
@pytest.mark.parametrize(("bands", "fft_samples"), [(26, 512), (64, 512), (40, 512), (128, 2048)])
def test_filterbank(scale, unit_area, bands, fft_samples):
    ours = mel.filterbank(
        sample_rate_hz=16000,
        fft_samples=fft_samples,
        bands=bands,
        low_hz=20.0,
        high_hz=7600.0,
        scale=scale,
        unit_area=unit_area,
    )
    theirs = librosa.filters.mel(
        sr=16000,
        n_fft=fft_samples,
        n_mels=bands,
        fmin=20.0,
        fmax=7600.0,
        htk=scale == mel.HTK,
        norm="slaney" if unit_area else None,
        dtype=np.float64,
    )
    np.testing.assert_allclose(ours, theirs.T, atol=1e-12)


def test_unknown_mel_scale_is_refused():
    with pytest.raises(ValueError, match="'bark' is unknown"):
        log_mel_spec(LogMelParams(mel_scale="bark"))(tf.zeros([400]))


@pytest.mark.parametrize(
    "params",
    [
        LogMelParams(),
        LogMelParams(mel_scale=mel.HTK, unit_area=False, window_shape=stft.HAMMING),
        LogMelParams(bands=40, low_hz=50.0, high_hz=7000.0, pre_emphasis=0.97),
    ],
)
def test_log_mel(waveform, params):
    ours = log_mel_spec(params)(tf.constant(waveform)).numpy()
    np.testing.assert_allclose(ours, librosa_log_mel(waveform, params).T, rtol=1e-4, atol=1e-3)


def test_default_log_mel_is_librosas_own():
    waveform = WAVEFORMS["syllables"]
    theirs = librosa.feature.melspectrogram(
        y=np.pad(waveform, 56), sr=16000, n_fft=512, win_length=400, hop_length=160, n_mels=64, center=False
    )
    ours = LOG_MEL(tf.constant(waveform)).numpy()
    np.testing.assert_allclose(ours, np.log(np.maximum(theirs.T, 1e-10)), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "params", [MfccParams(), LldParams().mfcc, MfccParams(bands=26, coefficients=13, lifter=22, pre_emphasis=0.97)]
)
def test_mfcc(waveform, params):
    ours = mfcc_spec(params)(tf.constant(waveform)).numpy()
    assert_close(ours, librosa_mfcc(waveform, params), 1e-3)
    assert MFCC.dims == 40


def librosa_levels(waveform):
    rms = librosa.feature.rms(y=waveform, frame_length=400, hop_length=160, center=False)[0]
    rate = librosa.feature.zero_crossing_rate(waveform, frame_length=400, hop_length=160, center=False)[0]
    return rms, rate


def test_energy_and_zero_crossings(waveform):
    frames = framing.frame(tf.constant(waveform), framing.FrameParams())
    rms, rate = librosa_levels(waveform)
    np.testing.assert_allclose(energy.rms(frames), rms, rtol=1e-3)
    np.testing.assert_allclose(energy.zero_crossing_rate(frames), rate, rtol=1e-6)


def test_zero_crossings_of_known_signals():
    def rate(samples):
        return float(energy.zero_crossing_rate(tf.constant([samples], tf.float32))[0])

    assert rate([1, -1, 1, -1]) == 0.75
    assert rate([0, 0, 0, 0]) == 0.0
    assert rate([-1e-12, 1e-12, -1e-12, 0]) == 0.0
    assert rate([1, 0, -1, 0]) == 0.5


def test_contours_of_lld_are_librosas_smoothed_and_differenced(waveform):
    """All dimensions but those of pitch, from librosa's values by SciPy's moving average and a least-squares slope."""
    rms, rate = librosa_levels(waveform)
    raw = np.column_stack([rms, rate, librosa_mfcc(waveform, LldParams().mfcc)])
    smooth = scipy.ndimage.uniform_filter1d(raw, 3, axis=0, mode="nearest")
    slopes = librosa.feature.delta(smooth, width=5, axis=0, mode="nearest")
    ours = LLD(tf.constant(waveform)).numpy()
    assert_close(ours[:, 2:16], smooth, 1e-3)
    assert_close(ours[:, 18:], slopes, 1e-2)
    assert ours.shape[1] == len(LLD_NAMES) == 32


@pytest.mark.parametrize("exponent", [MAGNITUDE, POWER])
@pytest.mark.parametrize(("fft_samples", "lowest_bins"), [(800, 200), (1600, 400), (800, 401)])
def test_log_spectrogram(waveform, exponent, fft_samples, lowest_bins):
    params = LogSpectrogramParams(
        fft_samples=fft_samples, lowest_bins=lowest_bins, exponent=exponent, log_floor=10.0 ** (-2 * exponent)
    )
    spectrum = np.abs(np.fft.rfft(_numpy_frames(waveform, params), fft_samples))[:, :lowest_bins]
    np.testing.assert_allclose(spectrum, librosa_magnitude(waveform, params)[:, :lowest_bins], atol=1e-8)
    ours = log_spectrogram_spec(params)(tf.constant(waveform)).numpy()
    np.testing.assert_allclose(ours, np.log(np.maximum(spectrum**exponent, params.log_floor)), atol=2e-3)


def _numpy_frames(waveform, params):
    window = params.window_samples
    slices = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), window)[:: params.hop_samples]
    return slices * stft.window(params.window_shape, window)


def test_papers_spectrograms_have_their_sizes():
    waveform = tf.constant(signals.noise())
    assert LOG_SPECTROGRAM(waveform).shape == (97, 200)
    assert LOG_POWER_SPECTROGRAM(waveform).shape == (97, 400)
    assert LOG_POWER_SPECTROGRAM.params.exponent == POWER


@pytest.mark.parametrize(("setting", "value"), [("lowest_bins", 402), ("lowest_bins", 0), ("exponent", 3.0)])
def test_impossible_spectrograms_are_refused(setting, value):
    with pytest.raises(ValueError, match=setting):
        LogSpectrogramParams(**{setting: value})
