import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.zhang2018 import alexnet
from ser_tf.papers.zhang2018.receptive_field import ReceptiveField, Step, on_inputs, receptive_field, shortest_input

STACKS = {
    "one": (Step(3),),
    "strided": (Step(11, 4), Step(3, 2)),
    "padded": (Step(5, 1, 2), Step(3, 2), Step(3, 1, 1)),
    "end": (Step(4, 3), Step(3, 2, end=1)),
    "alexnet": alexnet.steps_of(),
    "alexnet_ceil": alexnet.steps_of(pooling=alexnet.CEIL),
}


def _seen(steps, length):
    """For each cell, by brute force, which inputs reach it."""
    reach = [{place} for place in range(length)]
    for step in steps:
        padded = [set()] * step.padding + reach + [set()] * (step.padding + step.end)
        count = step.cells(len(reach))
        reach = [set().union(*padded[i * step.stride : i * step.stride + step.kernel]) for i in range(count)]
    return reach


@pytest.mark.parametrize("name", STACKS)
def test_cells_see_what_brute_force_says(name):
    steps = STACKS[name]
    field = receptive_field(steps)
    length = shortest_input(steps) + 3 * field.size
    whole = 0
    for place, seen in enumerate(_seen(steps, length)):
        first = field.first + place * field.distance
        assert seen <= set(range(first, first + field.size))
        if first >= 0 and first + 2 * field.size <= length:  # borders reach no further
            assert seen == set(range(first, first + field.size))
            whole += 1
    assert whole >= 2


@pytest.mark.parametrize("name", STACKS)
def test_shortest_input_gives_one_cell_and_less_gives_none(name):
    steps = STACKS[name]

    def cells(size):
        for step in steps:
            size = step.cells(size)
        return size

    assert cells(shortest_input(steps)) == 1
    assert cells(shortest_input(steps) - 1) < 1


def test_alexnets_numbers():
    field = receptive_field(alexnet.steps_of())
    assert (field.size, field.distance) == (195, 32)
    assert shortest_input(alexnet.steps_of()) == 67
    np.testing.assert_allclose(field.centres(3), [33, 65, 97])  # symmetric: the middle of the shortest input is 33


def test_counts_of_tensors():
    step = Step(5, 2, 1, 1)
    np.testing.assert_array_equal(step.cells(tf.constant([7, 8, 30])), [step.cells(7), step.cells(8), step.cells(30)])


def test_maps_of_cells_lie_on_the_middles_of_what_they_see():
    field = ReceptiveField(size=5, distance=4, first=-1)  # middles 1, 5, 9
    values = np.array([[1.0, 3.0], [2.0, 5.0], [0.0, 1.0]])
    given = on_inputs(values, field, (12, 7))
    assert given.shape == (12, 7)
    np.testing.assert_allclose(given[[1, 5, 9]][:, [1, 5]], values)
    np.testing.assert_allclose(given[3, 3], values[:2].mean())
    np.testing.assert_allclose(given[10:, 6], 1.0)
    np.testing.assert_allclose(on_inputs(np.full((3, 2), 0.25), field, (12, 7)), 0.25)


def test_what_a_cell_reacts_to_is_centred_where_it_is_drawn():
    """A network of ones: the input that moves a cell lies evenly around the middle of its field."""
    steps = (Step(5, 2), Step(3, 2, 1), Step(3, 1, 1))
    field, length = receptive_field(steps), 120
    signal = tf.Variable(np.random.default_rng(0).normal(size=(1, length, 1, 1)), dtype=tf.float32)
    with tf.GradientTape() as tape:
        cells = signal
        for step in steps:
            border = [step.padding, step.padding]
            kernel = tf.ones((step.kernel, 1, 1, 1))
            cells = tf.nn.conv2d(cells, kernel, (step.stride, 1), [[0, 0], border, [0, 0], [0, 0]])
        place = int(cells.shape[1]) // 2
        moved = cells[0, place, 0, 0]
    gradient = tape.gradient(moved, signal).numpy()[0, :, 0, 0]
    assert np.flatnonzero(gradient).tolist() == list(
        range(field.first + place * field.distance, field.first + place * field.distance + field.size)
    )
    assert abs(np.average(np.arange(length), weights=gradient) - field.centres(place + 1)[place]) < 1e-6
