import numpy as np

from ser_tf.papers.ando2019.step_weights import SpreadOverFrames


def test_weights_are_divided_among_the_frames_of_their_step():
    layer = SpreadOverFrames(4)
    features = np.zeros((2, 10, 3), np.float32)
    weights = np.array([[0.4, 0.4, 0.2], [0.25, 0.75, 0.0]], np.float32)
    spread = layer(weights, features, np.array([10, 5], np.int32)).numpy()
    np.testing.assert_allclose(spread[0], [0.1] * 8 + [0.1] * 2)
    np.testing.assert_allclose(spread[1], [0.0625] * 4 + [0.75] + [0] * 5)
    np.testing.assert_allclose(spread.sum(1), 1)
    assert layer.compute_output_shape((2, 3), (2, 10, 3), (2,)) == (2, 10)
    assert SpreadOverFrames.from_config(layer.get_config()).frames_in_a_step == 4


def test_fewer_frames_than_one_step():
    spread = SpreadOverFrames(16)(np.ones((1, 1), np.float32), np.zeros((1, 3, 1), np.float32), np.int32([2])).numpy()
    np.testing.assert_allclose(spread, [[0.5, 0.5, 0]])


def test_a_step_can_stand_for_later_frames():
    layer = SpreadOverFrames(4, first_frame=3)
    weights = np.array([[0.6, 0.4], [1.0, 0.0], [1.0, 0.0]], np.float32)
    spread = layer(weights, np.zeros((3, 12, 1), np.float32), np.int32([12, 5, 2])).numpy()
    np.testing.assert_allclose(spread[0], [0] * 3 + [0.15] * 4 + [0.1] * 4 + [0])
    np.testing.assert_allclose(spread[1], [0] + [0.25] * 4 + [0] * 7)  # too short: as late as it goes
    np.testing.assert_allclose(spread[2], [0.5] * 2 + [0] * 10)
    assert SpreadOverFrames.from_config(layer.get_config()).first_frame == 3
