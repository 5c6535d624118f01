"""Words for models that read them, as the model was trained to read them; and notes beside predictions."""

from pathlib import Path

import numpy as np
import pytest

from ser_tf.asr import extra
from ser_tf.corpora.base import Word
from ser_tf.errors import AudioError, SettingError
from ser_tf.serving import prediction
from ser_tf.serving.prediction import Model, Predictor
from ser_tf.serving.reader import Sound
from ser_tf.serving.windows import cut
from ser_tf.serving.words import Given, Recognised, sayer

TOKENS = (Word("<s>", 0.0, 0.2), Word("++LAUGHTER++", 0.2, 0.6), Word("YES(2)", 0.6, 1.0))


class Constant:
    """Answers every call with the first class and keeps its inputs."""

    def __init__(self):
        self.asked = []

    def __call__(self, **inputs):
        import tensorflow as tf

        self.asked.append({name: value.numpy() for name, value in inputs.items()})
        rows = len(inputs["num_samples"])
        probabilities = tf.constant([[0.75, 0.25]] * rows)
        return {"label": tf.fill([rows], "sad"), "probabilities": probabilities, "error": tf.fill([rows], "")}


class Silence:
    """Reads 1.2 seconds of noise from every file, upsampled or not."""

    def read(self, path):
        noise = np.random.default_rng(0).standard_normal((19_200, 1)).astype(np.float32)
        if "phone" in path.name:
            noise[:, 0] = np.sin(np.arange(19_200) / 9)
        return Sound(noise, 16_000)


def model_of(function, say=None, min_rate_hz=8000):
    return Model(("sad", "happy"), say, 120.0, min_rate_hz, function, None)


@pytest.mark.parametrize(("fillers", "said"), [("special", ["yes"]), ("words", ["++laughter++", "yes"])])
def test_a_model_is_told_what_it_was_trained_on(fillers, said):
    """Laughter is a word to a model that was trained with `fillers=words`, and to no other."""
    function = Constant()
    model = model_of(function, sayer("lee2020", {"fillers": fillers}))
    (predicted,) = Predictor(model, Silence(), words=Given({"one": TOKENS}))(Path("one.wav"))
    assert [word.text for word in predicted.words] == said
    (inputs,) = function.asked
    assert [word.decode() for word in inputs["words"][0]] == said
    assert inputs["word_seconds"][0, -1, 1] == pytest.approx(1.2) and inputs["word_seconds"][0, 0, 0] == 0.0


def test_papers_without_words_have_nothing_to_say():
    with pytest.raises(ValueError, match="mirsamadi2017 reads no words"):
        sayer("mirsamadi2017", {})


def test_a_recording_without_alignment_is_named():
    with pytest.raises(AudioError, match="two.wav: --alignment has no alignment of two"):
        Predictor(model_of(Constant(), sayer("lee2020", {})), Silence(), words=Given({"one": TOKENS}))(Path("two.wav"))


def test_without_the_extra_one_line_says_how_words_can_be_had(monkeypatch):
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"with --alignment DIR, or install what recognises them: pip install"):
        Predictor(model_of(Constant(), sayer("lee2020", {})), Silence())


@pytest.mark.skipif(not extra.is_installed(), reason=f"PocketSphinx is not installed: {extra.INSTALL}")
def test_words_are_recognised_piece_by_piece(monkeypatch):
    import soxr

    from ser_tf.corpora.synthetic import espeak
    from ser_tf.serving import words

    said = espeak.say("the dogs are sitting by the door", "en-us+m3", 150, 50)
    spoken = soxr.resample(said.samples / 32_768, said.sample_rate, 16_000)
    quiet = 0.001 * np.random.default_rng(0).standard_normal(4800)
    piece = np.concatenate([quiet, spoken, quiet]).astype(np.float32)
    monkeypatch.setattr(words, "PIECE_SECONDS", len(piece) / 16_000)
    seconds = len(piece) / 16_000
    tokens = Recognised()(Path("a.wav"), np.concatenate([piece, piece]))
    first = [token for token in tokens if token.start_seconds < seconds]
    again = [(token.text, pytest.approx(token.start_seconds + seconds)) for token in first]
    assert [(token.text, token.start_seconds) for token in tokens[len(first) :]] == again
    assert sayer("lee2020", {})(first, seconds)


def test_narrow_recordings_are_noted_for_models_that_listen_higher():
    predictors = {rate: Predictor(model_of(Constant(), min_rate_hz=rate), Silence()) for rate in (8000, 16_000)}
    notes = {
        (rate, name): predictor(Path(name))[0].note
        for rate, predictor in predictors.items()
        for name in ("phone.wav", "room.wav")
    }
    assert "nothing above 4 kHz" in notes[16_000, "phone.wav"] and "up to 8000 Hz" in notes[16_000, "phone.wav"]
    assert [notes[key] for key in notes if key != (16_000, "phone.wav")] == [""] * 3


def test_windows_overlap():
    assert cut(48_000, 2.0, 0.5) == [(0, 32_000), (8_000, 40_000), (16_000, 48_000)]
    assert cut(44_000, 2.0, 0.5) == [(0, 32_000), (8_000, 40_000), (12_000, 44_000)]
    assert cut(1_000, 2.0, 0.5) == [(0, 1_000)]
    predictor = Predictor(model_of(Constant()), Silence(), window_seconds=0.6, hop_seconds=0.3)
    (predicted,) = predictor(Path("one.wav"))
    assert [window.start_seconds for window in predicted.windows] == pytest.approx([0.0, 0.3, 0.6])


@pytest.mark.parametrize(
    ("window", "hop", "problem"),
    [
        (None, 1.0, "only windows have one; give --window SECONDS with it"),
        (2.0, 2.5, "must be from 0.1 to the 2 seconds of a window"),
        (2.0, 0.0, "must be from 0.1"),
    ],
)
def test_hops_have_bounds(window, hop, problem):
    with pytest.raises(SettingError, match=f"--hop.*{problem}"):
        Predictor(model_of(Constant()), Silence(), window_seconds=window, hop_seconds=hop)


def test_a_phone_call_is_told_which_model_takes_it():
    class Phone(Silence):
        def read(self, path):
            return Sound(np.zeros((8_000, 1), np.float32), 8_000)

    with pytest.raises(AudioError, match="or give a model that listens only up to 4000 Hz with --model"):
        Predictor(model_of(Constant(), min_rate_hz=16_000), Phone())(Path("call.wav"))
    assert prediction.NARROW.count("{}") == 1
