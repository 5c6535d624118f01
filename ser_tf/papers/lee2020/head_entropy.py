"""Sharpness of the heads of the cross attention network: the entropy of their weights over the words.

The paper states that there are four heads (§4.2) and nothing about what they do. Entropy in bits is 0 if a head attends
to one word, and the logarithm of the number of words if it weights all equally.

Deviations: different trainings share no order of heads. The heads of a training are numbered by their mean entropy over
its test utterances: head 1 of each modality is the sharpest.
"""

from collections.abc import Mapping

import keras
import numpy as np

from ser_tf.papers.lee2020.cross_attention import MODALITIES
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.training import attention
from ser_tf.training.attention import Floats
from ser_tf.training.batches import Batches


def entropy(weights: Floats) -> Floats:
    """Computes the entropy in bits along the last axis: float (..., words), zero on padding -> float64 (...)."""
    weights = weights.astype(np.float64)
    logarithms = np.log2(weights, where=weights > 0, out=np.zeros_like(weights))
    bits: Floats = -(weights * logarithms).sum(axis=-1)
    return bits


def measure_entropies(model: keras.Model, batches: Batches[Ledger], num_words: Mapping[str, int]) -> dict[str, Floats]:
    """Measures the entropies of every test utterance.

    Args:
        model: A model from `networks.build_cross_attention_network`.
        batches: The batches it reads.
        num_words: Number of words of each test utterance.

    Returns:
        `<modality>_head_<n>_bits` for each head, n from 1, and `even_bits`, the entropy of uniform weights; float64
        (test utterances,) each.
    """

    def of_one(utterance_id: str, outputs: Mapping[str, Floats]) -> Mapping[str, float]:
        heads = {modality: entropy(outputs[f"{modality}_attention"]) for modality in MODALITIES}
        found = {
            _name(modality, place): float(bits) for modality in MODALITIES for place, bits in enumerate(heads[modality])
        }
        return {**found, "even_bits": float(np.log2(num_words[utterance_id]))}

    names = tuple(f"{modality}_attention" for modality in MODALITIES)
    return sharpest_first(attention.measure(model, batches, names, of_one))


def _name(modality: str, place: int) -> str:
    return f"{modality}_head_{place + 1}_bits"


def sharpest_first(measured: Mapping[str, Floats]) -> dict[str, Floats]:
    """Renumbers the heads of each modality by their mean entropy, leaving everything else unchanged.

    Args:
        measured: Result of `measure_entropies`, with the heads in the network's order.
    """
    ordered = dict(measured)
    for modality in MODALITIES:
        names = [name for name in measured if name.startswith(f"{modality}_head_")]
        by_mean = sorted(names, key=lambda name: float(measured[name].mean()))
        ordered |= {name: measured[from_] for name, from_ in zip(names, by_mean, strict=True)}
    return ordered
