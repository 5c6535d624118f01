"""Client vocabulary: extending a trained model by the words of a file of word vectors (`export --glove`).

A corpus has a few thousand words; clients use more. With GloVe's vectors a network can read words never seen in
training, just as it reads those of the test set (`vocabulary=training+vectors`).
"""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ser_tf.errors import SettingError
from ser_tf.papers.lee2020 import glove
from ser_tf.papers.lee2020.vocabulary import Embedded, Vocabulary
from ser_tf.protocol.models import TrainedModel

EMBEDDING = "word_embedding"
MAX_WORDS = 100_000
"""Number of the file's most frequent lower-case words to add: 120 MB at 300 dimensions; rarer words hardly occur."""
MIN_COSINE = 0.5
"""Training rotates vectors slightly; between different files' vectors of the same words the median is near zero."""
_STEMS = {
    "n't": "do does did is are was were have has had ca wo could would should might must need ai".split(),
    "'s": "it he she that there here what who where how when let".split(),
    "'re": "you we they there what who".split(),
    "'ve": "i you we they could would should might must".split(),
    "'ll": "i you he she it we they that there who what".split(),
    "'d": "i you he she it we they that there who".split(),
    "'m": ["i"],
}


def contractions() -> tuple[str, ...]:
    """Returns common English contractions, which GloVe's files hold only in parts: `don't`, `it's`, `we're`."""
    return tuple(sorted(stem + clitic for clitic, stems in _STEMS.items() for stem in stems))


def with_vectors(trained: TrainedModel, path: Path, max_words: int = MAX_WORDS) -> TrainedModel:
    """Extends a model's vocabulary without changing its answers to known words.

    Words missing from the file stay unknown; the contractions in `contractions()` get the mean of their parts.

    Args:
        trained: A model that reads words and whose embedding was initialised from the same file.
        path: The file of word vectors.
        max_words: Number of the file's first lower-case words to add.

    Raises:
        WordVectorError: the file cannot be read or is malformed.
        SettingError: the model reads no words, or its embedding was not initialised from this file.
    """
    if EMBEDDING not in {layer.name for layer in trained.model.layers}:
        raise SettingError(f"--glove {path}: row {trained.card['row']} reads no words")
    if trained.result.record is not None and not trained.result.record.inputs.get("glove"):
        raise SettingError(
            f"--glove {path}: the model was trained without --glove, so its words are no vectors of a file"
        )
    layer = trained.model.get_layer(EMBEDDING)
    embedded = Embedded(Vocabulary(layer.vocabulary), layer.get_weights()[0])
    vectors = glove.read_first(path, max_words)
    _require_same(embedded, vectors, path)
    usual = dataclasses.replace(vectors, asked=(*vectors.words, *contractions()))
    given = glove.vectors_of(usual)
    return dataclasses.replace(trained, model=_with_embedding(trained.model, embedded.extended(given)))


def _require_same(embedded: Embedded, vectors: glove.WordVectors, path: Path) -> None:
    """Checks that an embedding was initialised from these vectors."""
    dims, theirs = embedded.matrix.shape[1], vectors.matrix.shape[1]
    if dims != theirs:
        raise SettingError(f"--glove {path}: its vectors have {theirs} dimensions, the model's words {dims}")
    pairs = [
        (embedded.matrix[number], glove.vector_of(vectors, word)) for number, word in enumerate(embedded.known.words, 1)
    ]
    cosines = [
        float(ours @ given / max(float(np.linalg.norm(ours) * np.linalg.norm(given)), 1e-12))
        for ours, given in pairs
        if given is not None
    ]
    if not cosines or np.median(cosines) < MIN_COSINE:
        raise SettingError(f"--glove {path}: its vectors are not those that the model was trained from")


def _with_embedding(model: keras.Model, embedded: Embedded) -> keras.Model:
    """Copies a model with another word embedding."""

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        config: dict[str, Any] = layer.get_config()
        if layer.name == EMBEDDING:
            config["vocabulary"] = list(embedded.known.words)
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=copied)
    for layer in model.layers:
        weights = [embedded.matrix] if layer.name == EMBEDDING else layer.get_weights()
        copy.get_layer(layer.name).set_weights(weights)
    return copy
