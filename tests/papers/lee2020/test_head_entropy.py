"""Entropy of the heads of cross attention."""

import numpy as np
import pytest

from ser_tf.papers.lee2020 import networks, paper
from ser_tf.papers.lee2020.head_entropy import entropy, sharpest_first


def test_entropy_is_in_bits_and_padding_adds_nothing():
    weights = np.array([[0.25, 0.25, 0.25, 0.25, 0, 0], [1, 0, 0, 0, 0, 0], [0.5, 0.25, 0.25, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(entropy(weights), [2, 0, 1.5])


def test_heads_are_numbered_from_sharp_to_even_for_each_modality():
    measured = {
        "text_head_1_bits": np.array([2.0, 2.0]),
        "text_head_2_bits": np.array([0.0, 3.0]),  # on the second utterance the evenest
        "audio_head_1_bits": np.array([1.0, 1.0]),
        "audio_head_2_bits": np.array([3.0, 0.0]),
        "even_bits": np.array([4.0, 4.0]),
    }
    ordered = sharpest_first(measured)
    assert ordered["text_head_1_bits"] is measured["text_head_2_bits"]
    assert ordered["text_head_2_bits"] is measured["text_head_1_bits"]
    assert ordered["audio_head_1_bits"] is measured["audio_head_1_bits"]
    assert ordered["even_bits"] is measured["even_bits"]


def test_the_table_has_every_head_of_the_network():
    values = [one.value for one in paper.TABLE2.measured]
    heads = range(1, networks.NUM_HEADS + 1)
    assert values == [f"{modality}_head_{head}_bits" for modality in ("text", "audio") for head in heads]
    with pytest.raises(StopIteration):
        next(one for one in paper.TABLE2.measured if one.row != "can" or one.compared_with != "even_bits")
