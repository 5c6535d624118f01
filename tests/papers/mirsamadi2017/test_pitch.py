import os
import pathlib

import librosa
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_tf.papers.mirsamadi2017 import contours
from ser_tf.papers.mirsamadi2017.lld import LLD, LLD_NAMES, LldParams, lld_spec
from ser_tf.papers.mirsamadi2017.pitch import PitchParams
from tests.features import signals

F0 = LLD_NAMES.index("f0_hz")
VOICING = LLD_NAMES.index("voicing_probability")

compute = tf.function(LLD, input_signature=[tf.TensorSpec([None])])


def lld(waveform):
    return compute(tf.constant(waveform, tf.float32)).numpy()


@pytest.mark.parametrize("hz", [55.0, 60.0, 61.3, 80.0, 100.0, 123.4, 200.0, 250.0, 333.3, 400.0, 450.0, 490.0])
def test_a_tone_has_its_frequency_in_every_frame(hz):
    features = lld(signals.tone(hz))
    np.testing.assert_allclose(features[:, F0], hz, rtol=0.001)
    assert features[:, VOICING].min() > 0.99


@pytest.mark.parametrize("hz", [60.0, 85.0, 140.0, 240.0, 420.0])
@pytest.mark.parametrize("tilt", [0.0, 1.0, 2.0])
def test_a_complex_tone_has_its_fundamental(hz, tilt):
    np.testing.assert_allclose(lld(signals.voice(np.full(16000, hz), tilt=tilt))[:, F0], hz, rtol=0.015)


def test_a_missing_fundamental_is_heard():
    waveform = sum(signals.tone(harmonic * 150.0, amplitude=0.1) for harmonic in (2, 3, 4, 5))
    np.testing.assert_allclose(lld(waveform)[:, F0], 150.0, rtol=0.01)


def test_a_glide_is_followed():
    contour = np.geomspace(100.0, 300.0, 16000)
    f0_hz = lld(signals.voice(contour))[:, F0]
    centres = np.arange(len(f0_hz)) * 160 + 200
    np.testing.assert_allclose(f0_hz[3:-3], contour[centres][3:-3], rtol=0.02)


@pytest.mark.parametrize("level", [1e-3, 0.9])
def test_pitch_does_not_depend_on_the_level(level):
    waveform = signals.voice(np.full(16000, 150.0))
    np.testing.assert_allclose(lld(level * waveform)[:, F0], lld(waveform)[:, F0], rtol=1e-3)


@pytest.mark.parametrize(
    "waveform", [np.zeros(16000), np.full(16000, 0.3), np.full(16000, -1.0), np.zeros(50)], ids=str
)
def test_silence_and_direct_current_are_unvoiced(waveform):
    features = lld(waveform)
    assert np.isfinite(features).all()
    assert not features[:, [F0, VOICING]].any()


def test_what_16_bits_cannot_hold_is_unvoiced():
    assert not lld(signals.tone(100.0, amplitude=0.1 / 32768.0))[:, F0].any()
    assert lld(signals.tone(100.0, amplitude=10.0 / 32768.0))[:, F0].all()


def test_noise_is_hardly_ever_voiced():
    assert (lld(signals.noise(5.0))[:, F0] > 0.0).mean() < 0.02


def test_f0_is_zero_or_within_its_limits():
    f0_hz = lld(signals.syllables())[:, F0]
    voiced = f0_hz[f0_hz > 0.0]
    assert 0.3 < len(voiced) / len(f0_hz) < 0.95
    assert voiced.min() >= 49.0
    assert voiced.max() <= 510.0


def test_smoothing_does_not_cross_a_voicing_boundary():
    """Beside silence, F0 stays at the tone's value instead of falling to two thirds or one third of it."""
    waveform = np.concatenate([signals.tone(200.0, 0.5), np.zeros(8000), signals.tone(200.0, 0.5)])
    f0_hz = lld(waveform)[:, F0]
    assert (f0_hz == 0.0).any()
    np.testing.assert_allclose(f0_hz[f0_hz > 0.0], 200.0, rtol=0.02)


def test_a_leap_is_not_averaged():
    """Two tones end to end: a window on the seam may hear 150 Hz, which is in both, but nothing in between."""
    waveform = np.concatenate([signals.tone(120.0, 0.5), signals.tone(300.0, 0.5)])
    f0_hz = lld(waveform)[:, F0]
    assert not ((f0_hz > 160.0) & (f0_hz < 280.0)).any(), f0_hz
    assert abs(f0_hz[10] - 120.0) < 1.0
    assert abs(f0_hz[-10] - 300.0) < 1.0


def test_short_voiced_runs_are_dropped_unless_told_otherwise():
    hz = tf.constant([[100.0, 0.0, 100.0, 100.0, 0.0, 100.0, 104.0, 108.0, 180.0, 100.0]])
    mask = tf.ones([1, 10], tf.bool)
    from ser_tf.papers.mirsamadi2017 import pitch

    kept = pitch._continuous(hz, mask, PitchParams()).numpy()[0]
    assert kept.tolist() == [0, 0, 0, 0, 0, 100, 104, 108, 0, 0]
    assert pitch._continuous(hz, mask, PitchParams(min_run_frames=1)).numpy()[0].tolist() == hz[0].numpy().tolist()


def test_an_analysis_window_off_the_grid_is_refused():
    with pytest.raises(ValueError, match="even number of hop_seconds"):
        PitchParams(analysis_seconds=0.06)
    with pytest.raises(ValueError, match="even number of hop_seconds"):
        PitchParams(analysis_seconds=0.005)


def test_lld_refuses_parts_on_another_time_axis():
    with pytest.raises(ValueError, match="PitchParams.hop_seconds differs"):
        LldParams(pitch=PitchParams(hop_seconds=0.005))


def test_settings_reach_the_analysis():
    loose = lld_spec(LldParams(pitch=PitchParams(voicing_cutoff=0.0, min_run_frames=1)))
    assert (loose(tf.constant(signals.noise())).numpy()[:, F0] > 0.0).mean() > 0.9


def test_deltas_and_averages_at_the_true_end():
    values = np.array([[1.0, 4.0, 2.0, 8.0, np.nan, np.nan]], np.float32)[..., np.newaxis]
    mask = tf.constant([[True] * 4 + [False] * 2])
    mean = contours.moving_average(tf.constant(values), mask, 3).numpy()[0, :4, 0]
    np.testing.assert_allclose(mean, [2.0, 7.0 / 3.0, 14.0 / 3.0, 6.0], rtol=1e-6)
    slope = contours.deltas(tf.constant(values), mask, 2).numpy()[0, :4, 0]
    np.testing.assert_allclose(slope, [0.5, 1.5, 1.8, 1.4], rtol=1e-6)


def librosa_f0(waveform, function):
    """librosa's estimate by a window (64 ms) on the same centre as each frame; NaN where it calls it unvoiced."""
    length = 1024
    padded = np.pad(waveform, ((length - 400) // 2, length))
    count = 1 + (len(waveform) - 400) // 160
    settings = {"fmin": 50.0, "fmax": 500.0, "sr": 16000, "frame_length": length, "hop_length": 160, "center": False}
    estimate = function(padded, **settings)
    return (estimate[0] if isinstance(estimate, tuple) else estimate)[:count]


def agreement(waveforms, function):
    ratios = []
    for waveform in waveforms:
        ours, theirs = lld(waveform)[:, F0], librosa_f0(waveform, function)
        both = (ours > 0.0) & np.isfinite(theirs)
        ratios.append(ours[both] / theirs[both])
    joined = np.concatenate(ratios)
    return np.mean(np.abs(joined - 1.0) <= 0.05), len(joined)


@pytest.mark.parametrize("function", [librosa.yin, librosa.pyin])
def test_f0_agrees_with_librosa_on_made_syllables(function):
    share, frames = agreement([signals.syllables(seed) for seed in range(3)], function)
    assert frames > 200
    assert share >= 0.95


@pytest.mark.parametrize("function", [librosa.yin, librosa.pyin])
def test_f0_agrees_with_librosa_on_emodb(function):
    root = os.environ.get("SER_TF_EMODB")
    if not root:
        pytest.skip("SER_TF_EMODB does not name the root of EmoDB")
    paths = sorted(pathlib.Path(root, "wav").glob("*.wav"))[::15]
    assert paths, f"no wav files in {root}/wav"
    share, frames = agreement([soundfile.read(path, dtype="float32")[0] for path in paths], function)
    assert frames > 50 * len(paths)
    assert share >= 0.95
