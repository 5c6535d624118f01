"""What a predictor makes of decoded files and of a model's answers, with stand-ins for both."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.errors import AudioError, SettingError
from ser_tf.serving import channels
from ser_tf.serving.prediction import Model, Predictor
from ser_tf.serving.reader import Sound

PATH = Path("tones.wav")
CLASSES = ("loud", "soft")


class Files:
    """A reader that gives one sound for every path."""

    def __init__(self, samples, rate_hz=16_000):
        self.sound = Sound(np.asarray(samples, np.float32), rate_hz)

    def read(self, path):
        del path
        return self.sound


def model_of(function, min_rate_hz=4000):
    return Model(CLASSES, False, 120.0, min_rate_hz, function, None)


def loudness(waveform, num_samples):
    """The largest sample of each recording as the posterior of `loud`."""
    peak = tf.reduce_max(tf.abs(waveform), axis=1)
    nothing = tf.fill([len(num_samples)], "")
    label = tf.where(peak > 0.5, "loud", "soft")
    return {"probabilities": tf.stack([peak, 1 - peak], axis=1), "label": label, "error": nothing}


def test_a_window_that_the_model_refuses_is_named():
    def refuse(waveform, num_samples):
        answer = loudness(waveform, num_samples)
        return {**answer, "error": tf.constant(["", "it is odd", ""][: len(num_samples)])}

    predictor = Predictor(model_of(refuse), Files(np.zeros((40_000, 1))), window_seconds=1.0)
    with pytest.raises(AudioError, match=r"^tones.wav: from 1 to 2 s: it is odd$"):
        predictor(PATH)


def test_what_the_model_fails_on_is_named():
    def fail(**_):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nand more")

    with pytest.raises(AudioError, match=r"^tones.wav: the model fails on it \(OOM when allocating\)$"):
        Predictor(model_of(fail), Files(np.zeros((100, 1))))(PATH)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 0.09, 121.0, 1e300, float("inf"), float("nan")])
def test_windows_have_bounds(seconds):
    with pytest.raises(SettingError, match="--window .*: must be from 0.1 to 120 seconds"):
        Predictor(model_of(loudness), Files(np.zeros((100, 1))), seconds)


def heard(samples, choice):
    """Names of channels and their largest samples, as the model hears them."""
    predicted = Predictor(model_of(loudness), Files(samples), channel=choice)(PATH)
    return {one.channel: round(float(one.windows[0].outputs["probabilities"][0]), 3) for one in predicted}


def test_channels_are_heard_apart():
    stereo = np.tile([0.2, 0.6], (1600, 1))
    assert heard(stereo, channels.LEFT) == {"left": 0.2}
    assert heard(stereo, channels.RIGHT) == {"right": 0.6}
    assert heard(stereo, channels.MEAN) == {"mean": 0.4}
    assert heard(stereo, channels.EACH) == {"left": 0.2, "right": 0.6}
    assert heard(stereo[:, :1], channels.EACH) == {"mono": 0.2}
    assert heard(np.tile([0.1, 0.2, 0.3], (1600, 1)), channels.EACH) == {"1": 0.1, "2": 0.2, "3": 0.3}


def test_a_channel_that_is_not_there_is_named():
    with pytest.raises(AudioError, match="^tones.wav: it has 1 channel, so none is the right one; see --channel"):
        heard(np.zeros((100, 1)), channels.RIGHT)
    with pytest.raises(AudioError, match="^tones.wav: it has 5 channels, so none is the left one"):
        heard(np.zeros((100, 5)), channels.LEFT)
