"""A trained model that also knows the words of a file of word vectors."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from ser_tf.errors import SettingError
from ser_tf.features.mfcc import MFCC
from ser_tf.papers.lee2020 import client_words, networks, served
from ser_tf.papers.lee2020.text_audio import AudioSettings, TextSettings
from ser_tf.protocol.models import TrainedModel

RNG = np.random.default_rng(8)
WORDS = ("no", "well", "yes")
FILE = {word: RNG.normal(size=6).astype(np.float32) for word in ("yes", "no", "maybe", "do", "n't", "Paris")}
TRAINED = np.stack([np.zeros(6), FILE["no"] + 0.2, RNG.normal(size=6), FILE["yes"] - 0.1]).astype(np.float32)


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in FILE.items()))
    return path


def trained(glove="digest"):
    text = TextSettings(WORDS, TRAINED)
    audio = AudioSettings(np.zeros(4), np.ones(4))
    model = networks.build_cross_attention_network(text, audio, 3, 8)
    result = SimpleNamespace(record=SimpleNamespace(inputs={"glove": glove}))
    return TrainedModel(model, MFCC, {"row": "can"}, result)


def outputs(model, numbers):
    rng = np.random.default_rng(2)
    batch = {
        "words": np.asarray([numbers], np.int32),
        "num_words": np.asarray([len(numbers)], np.int32),
        "features": rng.normal(size=(1, 20, 4)).astype(np.float32),
        "lengths": np.asarray([20], np.int32),
        "segments": np.asarray([[[5 * place, 5] for place in range(len(numbers))]], np.int32),
    }
    return model.predict_on_batch({name: batch[name] for name in model.input})


def test_words_of_the_file_are_known_and_others_keep_their_numbers(vectors):
    before = trained()
    after = client_words.with_vectors(before, vectors)
    layer = after.model.get_layer("word_embedding")
    assert layer.vocabulary == (*WORDS, "do", "don't", "maybe", "n't")  # Paris is not in lower case
    matrix = layer.get_weights()[0]
    np.testing.assert_array_equal(matrix[:4], TRAINED)
    np.testing.assert_allclose(matrix[5], (FILE["do"] + FILE["n't"]) / 2, rtol=1e-6)
    np.testing.assert_array_equal(matrix[6], FILE["maybe"])
    assert before.model.get_layer("word_embedding").vocabulary == WORDS


def test_what_the_model_answers_to_known_words_stays(vectors):
    before = trained()
    after = client_words.with_vectors(before, vectors)
    for name, value in outputs(before.model, [1, 3, 2]).items():
        np.testing.assert_array_equal(outputs(after.model, [1, 3, 2])[name], value)
    new = outputs(after.model, [1, 6, 2])["probabilities"]
    assert np.abs(new - outputs(before.model, [1, 0, 2])["probabilities"]).max() > 1e-6
    assert [layer.name for layer in after.model.layers] == [layer.name for layer in before.model.layers]


def test_only_the_most_frequent_words_are_taken(vectors):
    after = client_words.with_vectors(trained(), vectors, max_words=3)
    assert after.model.get_layer("word_embedding").vocabulary == (*WORDS, "maybe")


def test_serving_reaches_it(vectors):
    after = served.SERVED.words.with_vectors(trained(), vectors)
    assert "maybe" in after.model.get_layer("word_embedding").vocabulary


def refused(model, path, reason):
    with pytest.raises(SettingError, match=reason):
        client_words.with_vectors(model, path)


def test_vectors_of_another_file_are_refused(vectors, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("yes 1 2\nno 3 4\n")
    refused(trained(), other, "its vectors have 2 dimensions, the model's words 6")
    other.write_text("".join(f"{word} {' '.join(map(str, -FILE[word]))}\n" for word in ("yes", "no")))
    refused(trained(), other, "not those that the model was trained from")
    refused(trained(glove=""), vectors, "trained without --glove")


def test_a_model_without_words_is_refused(vectors):
    model = networks.build_audio_network(AudioSettings(np.zeros(4), np.ones(4)), 3, 8)
    refused(dataclasses.replace(trained(), model=model, card={"row": "audio"}), vectors, "row audio reads no words")


def test_usual_contractions_are_there():
    usual = client_words.contractions()
    assert {"don't", "can't", "won't", "it's", "i'm", "we're", "they've", "she'll", "i'd"} <= set(usual)
    assert len(usual) == len(set(usual))
