"""The second cross-validation of Mao et al. 2020 (§4.1): bags of embeddings by SegCNNs that were not trained on them.

A network for utterances that learns from embeddings of the very segments that SegCNN was fitted to learns to trust
them more than unseen speech deserves. So SegCNNs inside the training set embed the parts of it that they leave out,
and the SegCNN of the whole training set embeds validation and test utterances.

Deviations: §4.1 does not say how embeddings of several SegCNNs come together. Networks trained apart share no axes, so
those of an inner SegCNN are rotated and shifted onto the outer one's, by least squares over the segments of the
utterances that trained both (orthogonal Procrustes problem); `inner_alignment` leaves that out.
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
    """The rotation (or reflection) and shift that lead from one SegCNN's embeddings to another's by least squares.

    Args:
        inner: Embeddings of segments by the one, float32 (segments, dims).
        outer: Of the same segments by the other, in the same order.

    Returns:
        Takes embeddings of the one, float32 (any, dims), gives them on the axes of the other.
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
    """Embeddings of utterances by id, as `store.Frames`.

    Attributes:
        dims: Size of an embedding.
        sources: For each id the SegCNN's embeddings and their alignment.
        sizes: For each id the number of segments that count.
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
    """What the second stage learns from and is tested on.

    Attributes:
        params: How an utterance's frames become the segments of its bag.
    """

    def __init__(self, context: FoldContext[Ledger]) -> None:
        """Trains the SegCNNs of a fold, or finds them trained."""
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
        """The SegCNN of the whole training set, which embeds what is tested."""
        return keras.models.load_model(self._folder / segcnn.MODEL, compile=False)

    def view(self, ids: Sequence[str], purpose: str) -> FeatureView:
        """Bags of utterances, float32 (segments, 64) each, opened for a purpose as `FoldContext.view` does."""
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
