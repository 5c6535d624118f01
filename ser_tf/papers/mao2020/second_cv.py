"""The second cross-validation of Mao et al. 2020 (§4.1): embeddings from SegCNNs not trained on the same utterances.

A network trained on embeddings of the very segments that SegCNN was fitted to learns to trust them more than unseen
speech deserves. Therefore SegCNNs trained within the training set embed the parts that they leave out, and the SegCNN
of the whole training set embeds validation and test utterances.

Deviations: §4.1 does not say how embeddings from several SegCNNs are combined. Networks trained separately share no
axes; an inner SegCNN's embeddings are therefore rotated and shifted onto the outer one's, by least squares over the
segments of the utterances that trained both (the orthogonal Procrustes problem); `inner_alignment` can disable this.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.data import store
from ser_tf.papers.mao2020 import segcnn, segmenting, splits
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.protocol.context import FeatureView, FoldContext

Embeddings = npt.NDArray[np.float32]
Aligned = Callable[[Embeddings], Embeddings]


def rotation(inner: Embeddings, outer: Embeddings) -> Aligned:
    """Fits, by least squares, the rotation (or reflection) and shift from one SegCNN's embeddings to another's.

    Args:
        inner: Embeddings of segments by the first SegCNN, float32 (segments, dims).
        outer: Embeddings of the same segments by the other, in the same order.

    Returns:
        A function that maps embeddings of the first, float32 (any, dims), to the axes of the other.
    """
    sources, targets = inner.astype(np.float64), outer.astype(np.float64)
    source_mean, target_mean = sources.mean(axis=0), targets.mean(axis=0)
    left, _, right = np.linalg.svd((sources - source_mean).T @ (targets - target_mean))
    turn = left @ right
    return lambda embeddings: ((embeddings - source_mean) @ turn + target_mean).astype(np.float32)


def _as_they_are(embeddings: Embeddings) -> Embeddings:
    return embeddings


@dataclasses.dataclass(frozen=True)
class _Bags:
    """Embeddings of utterances by id, a `store.Frames`.

    Attributes:
        dims: Size of an embedding.
        sources: The SegCNN's embeddings and their alignment, by id.
        sizes: Number of segments that count, by id.
    """

    dims: int
    sources: Mapping[str, tuple[store.FeatureStore, Aligned]]
    sizes: Mapping[str, int]

    def num_frames(self, utterance_id: str) -> int:
        return self.sizes[utterance_id]

    def __getitem__(self, utterance_id: str) -> Embeddings:
        embeddings, aligned = self.sources[utterance_id]
        return aligned(embeddings[utterance_id][: self.sizes[utterance_id]])


class SecondStageInputs:
    """The bags that the second stage is trained and tested on.

    Attributes:
        params: How an utterance's frames are cut into the segments of its bag.
    """

    def __init__(self, context: FoldContext[Ledger]) -> None:
        """Trains the SegCNNs of a fold, or loads them."""
        self._context = context
        ledger, fold = context.ledger, context.fold
        padded = ledger.bag_padding == "speech"
        self.params = dataclasses.replace(segcnn.segment_params(context), padded=padded)
        self._folder = context.once("segcnn", segcnn.make)
        outer = _store(self._folder)
        self._dims = outer.dims
        everyone = (*fold.train, *fold.validation, *fold.test)
        self._sources: dict[str, tuple[store.FeatureStore, Aligned]] = dict.fromkeys(everyone, (outer, _as_they_are))
        if ledger.second_cv == "outer":
            return
        for inner in splits.inner_folds(fold, context.utterances, ledger, context.seed, context.smoke):
            embeddings = _store(context.once("segcnn", segcnn.make, inner))
            aligned: Aligned = _as_they_are
            if ledger.inner_alignment == "rotation":
                context.record(inner.train, "train")
                aligned = rotation(_joined(embeddings, inner.train), _joined(outer, inner.train))
            self._sources |= dict.fromkeys(inner.test, (embeddings, aligned))

    def outer_segcnn(self) -> keras.Model:
        """Returns the SegCNN of the whole training set, which embeds the test utterances."""
        return keras.models.load_model(self._folder / segcnn.MODEL, compile=False)

    def view(self, ids: Sequence[str], purpose: str) -> FeatureView:
        """Returns bags of utterances, float32 (segments, 64) each, opened for a purpose as by `FoldContext.view`."""
        (spec,) = segcnn.features(self._context.ledger)
        frames = self._context.view(spec, ids, purpose)
        sizes = {
            utterance_id: segmenting.num_segments(frames.num_frames(utterance_id), self.params) for utterance_id in ids
        }
        return FeatureView(_Bags(self._dims, self._sources, sizes), ids)


def _store(folder: Path) -> store.FeatureStore:
    return store.FeatureStore(folder / segcnn.EMBEDDINGS)


def _joined(embeddings: store.FeatureStore, ids: Sequence[str]) -> npt.NDArray[Any]:
    return np.concatenate([embeddings[utterance_id] for utterance_id in ids])
