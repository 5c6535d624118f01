"""Networks of Mao et al. 2020: SegCNN on segments, and utterance-level networks on bags of its embeddings.

SegCNN takes `segments` float32 (batch, segment frames, mel bands). The bag networks take `features` float32 (batch,
segments, embedding dims) and `lengths` int32 (batch,), the number of segments of each bag. `compose` joins both into
one model that maps an utterance's log mel frames, `features` (batch, frames, bands) and `lengths` (batch,), to its
posterior.

Deviations: the paper describes only SegCNN's dense layers and cites earlier work for the rest; the body here is
VGG-like. Decision-level attention and max pooling give numbers F(B)_k that do not sum to one; `bag_prediction` is F(B),
`probabilities` is F(B) divided by its sum. §2.2.2 does not say how the two modules' outputs become one decision; a
dense softmax layer follows their concatenation, as in the cited network. No initialisation is named: the kernels of the
final softmax layers start near zero, all others with Keras's defaults. With the defaults for all, SegCNN's initial loss
would be up to 1.6 times the logarithm of K.
"""

import functools
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.layers.pooling import FrameMask, MaskedMean
from ser_tf.layers.segments import MaskedMax
from ser_tf.papers.mao2020.fused_batch_norm import FusedBatchNormalization
from ser_tf.papers.mao2020.mil_attention import BagAttention, CutSegments, GatherBags, MeanWeight, PadBags, SumToOne
from ser_tf.papers.mao2020.segmenting import SegmentParams

DENSE_UNITS = (256, 64)  # §4.1; the second gives the embedding
HIDDEN_UNITS = 120  # §2.2: H
BODIES = {  # filters of the 3x3 convolutions, one tuple per block; not stated, see ledger
    "vgg": ((64,), (128,), (256, 256), (512, 512)),
    "compact": ((32,), (64,), (128, 128), (256, 256)),
}
POOLINGS = ("max", "mean", "single", "multi", "feature")
"""CNN-MP (eq. 8), CNN-AP (eq. 9), D-Single-Att. (eq. 2-3), D-Multi-Att., Feature-Att. (eq. 4-6)."""


def build_segcnn(  # noqa: PLR0913 - the network's sizes by name
    num_classes: int,
    mean: npt.NDArray[np.floating[Any]],
    std: npt.NDArray[np.floating[Any]],
    blocks: tuple[tuple[int, ...], ...] = BODIES["vgg"],
    dense_units: tuple[int, ...] = DENSE_UNITS,
    dropout: float = 0.0,
    batch_norm_momentum: float = 0.9,
    segment_frames: int = SegmentParams.frames,
    embedding_after_relu: bool = True,
) -> keras.Model:
    """Builds the segment classifier (§2.1.2).

    Args:
        num_classes: Number of classes.
        mean: Per-band mean, shape (bands,), subtracted from the features.
        std: Per-band standard deviation, shape (bands,).
        blocks: Filters of the 3x3 convolutions; each block ends with 2x2 max pooling.
        dense_units: Widths of the dense layers below the softmax; the last is the embedding.
        dropout: Dropout rate after the dense layers.
        batch_norm_momentum: Momentum of the moving averages.
        segment_frames: Length of a segment.
        embedding_after_relu: Whether `embedding` is the last dense layer's output after its ReLU or before.

    Returns:
        A model with the outputs `embedding` (batch, dense_units[-1]) and `probabilities` (batch, classes), eq. 1.
    """
    segments = keras.Input((segment_frames, len(mean)), name="segments")
    maps = keras.layers.Normalization(mean=mean, variance=np.square(std), name="normaliser")(segments)
    maps = keras.layers.Reshape((segment_frames, len(mean), 1), name="image")(maps)
    for block, filters_of in enumerate(blocks, start=1):
        for place, filters in enumerate(filters_of, start=1):
            name = f"conv{block}_{place}"
            maps = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(maps)
            maps = FusedBatchNormalization(momentum=batch_norm_momentum, name=f"{name}_norm")(maps)
            maps = keras.layers.ReLU(name=f"{name}_relu")(maps)
        maps = keras.layers.MaxPooling2D(name=f"pool{block}")(maps)
    values = keras.layers.Flatten(name="flat")(maps)
    for place, units in enumerate(dense_units, start=1):
        name = "embedding" if place == len(dense_units) else f"dense_{place}"
        linear = keras.layers.Dense(units, name=name)(values)
        activated = keras.layers.ReLU(name=f"{name}_relu")(linear)
        embedding = activated if embedding_after_relu else linear
        values = keras.layers.Dropout(dropout, name=f"{name}_dropout")(activated)
    probabilities = _softmax_layer(num_classes, "probabilities")(values)
    return keras.Model(segments, {"embedding": embedding, "probabilities": probabilities}, name="segcnn")


def _softmax_layer(num_classes: int, name: str) -> keras.layers.Dense:
    """Makes the final layer of a network, whose initial posteriors are nearly equal."""
    near_zero = keras.initializers.RandomNormal(stddev=0.01)
    return keras.layers.Dense(num_classes, activation="softmax", kernel_initializer=near_zero, name=name)


def _hidden(
    bags: keras.KerasTensor, mask: keras.KerasTensor, units: int, dropout: float, batch_norm: bool
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Applies both FC layers to every segment and returns the output of each (Fig. 3)."""
    outputs = []
    for place in (1, 2):
        bags = keras.layers.Dense(units, use_bias=not batch_norm, name=f"fc_{place}")(bags)
        if batch_norm:
            # The statistics are those of segments only, without padding.
            bags = keras.layers.BatchNormalization(momentum=0.9, name=f"fc_{place}_norm")(bags, mask=mask)
        bags = keras.layers.ReLU(name=f"fc_{place}_relu")(bags)
        bags = keras.layers.Dropout(dropout, name=f"fc_{place}_dropout")(bags)
        outputs.append(bags)
    return outputs[0], outputs[1]


def build_bag_network(  # noqa: PLR0913 - the network's sizes and readings by name
    num_classes: int,
    pooling: str,
    embedding_dims: int = DENSE_UNITS[-1],
    hidden_units: int = HIDDEN_UNITS,
    attention_dims: int = HIDDEN_UNITS,
    dropout: float = 0.0,
    batch_norm: bool = False,
    instance_activation: str = "softmax",
    attention_softmax: str = "classes",
    mapping_activation: str = "linear",
    pad_to: int | None = None,
) -> keras.Model:
    """Builds a network that maps a bag of embeddings to the utterance's posterior (§2.2, Fig. 3; §4.2.3-4.2.4).

    Args:
        num_classes: Number of classes.
        pooling: `max` (eq. 8) or `mean` (eq. 9) of the segments' decisions, `single` (eq. 2-3), `multi` (§2.2.2) or
            `feature` attention (eq. 4-6).
        embedding_dims: Size of an embedding, M.
        hidden_units: Width of both FC layers, H.
        attention_dims: Dimensions of feature-level attention, D.
        dropout: Dropout rate after each FC layer.
        batch_norm: Whether the FC layers have batch normalisation.
        instance_activation: Activation of the segments' decisions f: `softmax` or `sigmoid`.
        attention_softmax: Axis of eq. 3's softmax: `classes` or `segments`.
        mapping_activation: Activation of eq. 4's mapping q.
        pad_to: Number of segments in every bag if padding with zeros counts; None masks padding.

    Returns:
        A model with the outputs `probabilities` (batch, classes), `bag_prediction` (batch, classes), which is F(B),
        and, with attention, `attention` (batch, segments): the mean weight over classes or dimensions.

    Raises:
        ValueError: `pooling` is unknown.
    """
    if pooling not in POOLINGS:
        raise ValueError(f"pooling {pooling!r} is none of {', '.join(POOLINGS)}")
    features = keras.Input((None, embedding_dims), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    bags, counts = (features, lengths) if pad_to is None else PadBags(pad_to, name="padded")(features, lengths)
    mask = FrameMask(name="mask")(bags, counts)
    first, second = _hidden(bags, mask, hidden_units, dropout, batch_norm)
    classify = functools.partial(keras.layers.Dense, num_classes)

    def decide(hidden: keras.KerasTensor, name: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Applies one decision-level attention module, eq. 2-3: F(B) and its weights."""
        decisions = classify(activation=instance_activation, name=f"{name}_classifier")(hidden)
        logits = classify(name=f"{name}_logits")(hidden)
        return BagAttention(f"softmax_over_{attention_softmax}", name=name)(decisions, logits, mask)

    weights = None
    if pooling in ("max", "mean"):
        decisions = classify(activation=instance_activation, name="classifier")(second)
        pool = MaskedMax if pooling == "max" else MaskedMean
        prediction = pool(name="bag_prediction")(decisions, mask)
    elif pooling == "single":
        prediction, weights = decide(second, "single_attention")
    elif pooling == "multi":
        modules = [decide(hidden, f"attention_{place}") for place, hidden in enumerate((first, second), start=1)]
        joined = keras.layers.Concatenate(name="joined")([prediction for prediction, _ in modules])
        prediction = _softmax_layer(num_classes, "bag_prediction")(joined)
        weights = keras.layers.Concatenate(name="joined_weights")([weight for _, weight in modules])
    else:
        mapped = keras.layers.Dense(attention_dims, activation=mapping_activation, name="feature_mapping")(second)
        logits = keras.layers.Dense(attention_dims, name="feature_logits")(second)
        bag, weights = BagAttention("sigmoid", name="feature_attention")(mapped, logits, mask)
        prediction = _softmax_layer(num_classes, "bag_prediction")(bag)
    outputs = {"probabilities": SumToOne(name="probabilities")(prediction), "bag_prediction": prediction}
    if weights is not None:
        outputs["attention"] = MeanWeight(name="attention")(weights)
    return keras.Model({"features": features, "lengths": lengths}, outputs, name="bag_network")


def compose(segcnn: keras.Model, bag_network: keras.Model, params: SegmentParams) -> keras.Model:
    """Joins a trained SegCNN and a trained bag network into one model from frames to the utterance's posterior.

    Args:
        segcnn: A model from `build_segcnn`.
        bag_network: A model from `build_bag_network`.
        params: How frames become segments.

    Returns:
        A model of `features` (batch, frames, bands) and `lengths` (batch,) with the outputs `probabilities`,
        `segment_probabilities` (batch, segments, classes), SegCNN's posteriors (Fig. 2), 0 after a bag's end, and
        `attention` (batch, segments) if the bag network has it.
    """
    features = keras.Input((None, segcnn.input.shape[-1]), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    segments, counts = CutSegments(params, name="segments")(features, lengths)
    of_segments = segcnn(segments)
    bags = GatherBags(name="bags")(of_segments["embedding"], counts)
    of_bags = bag_network({"features": bags, "lengths": counts})
    outputs = {name: of_bags[name] for name in ("probabilities", "attention") if name in of_bags}
    outputs["segment_probabilities"] = GatherBags(name="segment_probabilities")(of_segments["probabilities"], counts)
    return keras.Model({"features": features, "lengths": lengths}, outputs, name="mil_network")
