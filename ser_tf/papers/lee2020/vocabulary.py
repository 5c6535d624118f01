"""The vocabulary, fitted on the training set, and the initial word embedding (§3.1.1)."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.papers.lee2020.glove import Vector

UNKNOWN_ID = 0
"""Index of every word outside the vocabulary."""
RANDOM_HALF_WIDTH = 0.05
"""Keras initialises embeddings from [-0.05, 0.05]."""


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Known words: `words[i]` has index `i + 1`, and 0 stands for all others."""

    words: tuple[str, ...]

    @functools.cached_property
    def _ids(self) -> Mapping[str, int]:
        return {word: position for position, word in enumerate(self.words, UNKNOWN_ID + 1)}

    def __contains__(self, word: str) -> bool:
        """Returns whether a word is known."""
        return word in self._ids

    def __len__(self) -> int:
        """Returns the number of words including the unknown one."""
        return len(self.words) + 1

    def encode(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Returns the indices of words, int32 (words,)."""
        return np.asarray([self._ids.get(word, UNKNOWN_ID) for word in words], np.int32)


@dataclasses.dataclass(frozen=True)
class Embedded:
    """A vocabulary with the vectors of its words.

    Attributes:
        known: The vocabulary.
        matrix: float32 (words with the unknown one, dims); row 0 is the unknown word.
    """

    known: Vocabulary
    matrix: npt.NDArray[np.float32]

    def extended(self, vectors: Mapping[str, Vector]) -> "Embedded":
        """Returns the embedding extended by the words it lacks, in alphabetical order after its own."""
        new = tuple(sorted(word for word in vectors if word not in self.known))
        if not new:
            return self
        rows = np.stack([vectors[word] for word in new])
        return Embedded(Vocabulary(self.known.words + new), np.concatenate([self.matrix, rows.astype(np.float32)]))


def fit(texts: Iterable[Sequence[str]], min_count: int = 1) -> Vocabulary:
    """Builds the vocabulary of texts, in alphabetical order.

    Args:
        texts: Words of each training utterance.
        min_count: Minimum number of occurrences; rarer words stay unknown.
    """
    counts = Counter(word for text in texts for word in text)
    return Vocabulary(tuple(sorted(word for word, count in counts.items() if count >= min_count)))


def random_embedding(
    known: Vocabulary, dims: int, rng: np.random.Generator, half_width: float = RANDOM_HALF_WIDTH
) -> Embedded:
    """Draws the vectors of all words uniformly from [-half_width, half_width].

    The unknown word is zero: if the training set has none, nothing would ever update a random vector.
    """
    matrix = rng.uniform(-half_width, half_width, (len(known), dims)).astype(np.float32)
    matrix[UNKNOWN_ID] = 0.0
    return Embedded(known, matrix)


def given_embedding(
    known: Vocabulary, vectors: Mapping[str, Vector], dims: int, rng: np.random.Generator, missing: str
) -> Embedded:
    """Uses given vectors for the words that have one.

    A word's vector depends neither on which other words have one, nor on words outside the vocabulary.

    Args:
        known: The vocabulary of the training set.
        vectors: Given vectors by word, each float32 (dims,).
        dims: Dimension of the vectors.
        rng: Random number generator.
        missing: `random` draws the others with the standard deviation of the given vectors' entries, `zero` leaves them
            zero.
    """
    given = {number: vectors[word] for number, word in enumerate(known.words, UNKNOWN_ID + 1) if word in vectors}
    half_width = float(np.sqrt(3.0) * np.std(list(given.values()))) if given else RANDOM_HALF_WIDTH
    matrix = random_embedding(known, dims, rng, half_width if missing == "random" else 0.0).matrix
    for number, vector in given.items():
        matrix[number] = vector
    return Embedded(known, matrix)


@keras.saving.register_keras_serializable("ser_tf")
class WordEmbedding(keras.layers.Embedding):
    """An embedding that carries its vocabulary: int32 (batch, words) -> float32 (batch, words, dims).

    Row 0 is the unknown word, row i + 1 the i-th word of the vocabulary.
    """

    def __init__(self, vocabulary: Sequence[str], output_dim: int, **kwargs: Any) -> None:
        """Takes the words and the dimension of the embedding."""
        kwargs.pop("input_dim", None)
        super().__init__(len(vocabulary) + 1, output_dim, **kwargs)
        self.vocabulary = tuple(vocabulary)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "vocabulary": list(self.vocabulary)}
