"""Overlap of two attentions."""

import numpy as np
import pytest

from ser_tf.papers.ando2019.overlap import overlap


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0.2, 0.3, 0.5], [0.2, 0.3, 0.5], 1.0),
        ([1.0, 0.0, 0.0], [0.0, 0.5, 0.5], 0.0),
        ([0.5, 0.5, 0.0], [0.25, 0.25, 0.5], 0.5),
    ],
)
def test_overlap_is_the_sum_of_the_smaller_weights(first, second, expected):
    assert overlap(np.array(first, np.float32), np.array(second, np.float32)) == pytest.approx(expected)
