"""Words as numbers: a vocabulary fitted on a training part, and the embedding that training starts from."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ser_tf.papers.lee2020.glove import WordVectors

UNKNOWN_ID = 0
"""Number of every word that the vocabulary does not hold."""


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Known words; the number of `words[i]` is `i + 1`, and 0 stands for all others."""

    words: tuple[str, ...]

    @functools.cached_property
    def _ids(self) -> Mapping[str, int]:
        return {word: position for position, word in enumerate(self.words, UNKNOWN_ID + 1)}

    def __len__(self) -> int:
        """Number of words with the unknown one."""
        return len(self.words) + 1

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Numbers of words, int32 (words,)."""
        return np.asarray([self._ids.get(word, UNKNOWN_ID) for word in words], np.int32)


def fit(texts: Iterable[Sequence[str]], least_count: int = 1) -> Vocabulary:
    """The vocabulary of texts, in alphabetical order.

    Args:
        texts: The words of each utterance of the training part.
        least_count: Rarer words stay unknown.
    """
    counts = Counter(word for text in texts for word in text)
    return Vocabulary(tuple(sorted(word for word, count in counts.items() if count >= least_count)))


def initial_embedding(
    vocabulary: Vocabulary, vectors: WordVectors | None, dims: int, rng: np.random.Generator
) -> np.ndarray:
    """The embedding before training, float32 (words with the unknown one, dims).

    A word with a given vector gets it. The others are drawn evenly with the same deviation as the given vectors'
    entries, or, where there are none, from [-0.05, 0.05] as Keras does. The unknown word is zero: the training part
    has none, so that nothing would ever move a random vector.

    Args:
        vocabulary: The words.
        vectors: Given vectors, which decide the dimension; None for a random embedding.
        dims: Dimension of a random embedding.
        rng: Draws what is random.
    """
    half_width = 0.05
    if vectors is not None:
        dims = vectors.matrix.shape[1]
        half_width = float(np.sqrt(3.0) * vectors.matrix.std()) if len(vectors.words) else half_width
    # Drawn for all words, so that a word's vector does not depend on which others are given.
    embedding = rng.uniform(-half_width, half_width, (len(vocabulary), dims)).astype(np.float32)
    embedding[UNKNOWN_ID] = 0.0
    given = {} if vectors is None else {word: row for row, word in enumerate(vectors.words)}
    for number, word in enumerate(vocabulary.words, UNKNOWN_ID + 1):
        if vectors is not None and word in given:
            embedding[number] = vectors.matrix[given[word]]
    return embedding
