"""The overlap of two models' attention (Figure 3 and the end of §4.2).

On one utterance the paper finds that attention on dominant emotions with hard and with soft targets and on emotion
existence have peaks in common, "while MLEE also focused on different areas". Here the overlap of each pair is measured
on every test utterance: MLEE's overlap with the others should be smaller than that of hard and soft targets.

Deviations: the paper defines no measure. The overlap is the sum over frames of the smaller of both weights: 1 for
identical attention, 0 if no frame has weight in both.
"""

import itertools
from collections.abc import Mapping

import keras
import numpy as np

from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.training import loop
from ser_tf.training.attention import Floats
from ser_tf.training.batches import Batches


def overlap(first: Floats, second: Floats) -> float:
    """Computes the overlap of two attentions on an utterance, float (frames,) each, whose weights sum to one."""
    return float(np.minimum(first, second).sum(dtype=np.float64))


def measure_overlaps(encoders: Mapping[str, keras.Model], batches: Batches[Ledger]) -> dict[str, Floats]:
    """Measures the overlap of each pair of models on every test utterance.

    Args:
        encoders: Models from `networks.build_encoder`, by their training targets.
        batches: The batches they read.

    Returns:
        `overlap_<first>_<second>` for each pair, in order, float64 (test utterances,).
    """
    ids = batches.context.fold.test
    attention = {}
    for name, encoder in encoders.items():
        rows = dict(loop.utterance_outputs(encoder, batches, ids, "predict", ("attention",)))
        attention[name] = [rows[utterance_id]["attention"] for utterance_id in ids]
    return {
        f"overlap_{first}_{second}": np.asarray(list(map(overlap, attention[first], attention[second])))
        for first, second in itertools.combinations(attention, 2)
    }
