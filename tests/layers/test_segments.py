"""Maxima that ignore padding."""

import numpy as np

from ser_tf.layers.segments import MaskedMax


def test_masked_maximum_ignores_padding():
    states = -np.ones((1, 3, 2), np.float32)
    states[0, 2] = 5.0
    np.testing.assert_array_equal(MaskedMax()(states, np.asarray([[True, True, False]])), [[-1.0, -1.0]])
