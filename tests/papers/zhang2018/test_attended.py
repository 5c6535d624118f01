"""Attention on the spectrogram's coordinates, and the shares of its parts."""

import dataclasses

import numpy as np
import pytest

from ser_tf.papers.zhang2018 import alexnet, attended, networks
from ser_tf.papers.zhang2018.ledger import Ledger


@pytest.mark.parametrize("flipped", [False, True])
def test_weights_lie_where_their_cells_look(flipped):
    ledger = dataclasses.replace(Ledger(), flipped=flipped)
    weights = np.arange(15.0).reshape(3, 5)
    shown = attended.on_spectrogram(ledger, weights, (131, 200))
    assert shown.shape == (131, 200)
    bins = np.array([33, 65, 97, 129, 161])
    np.testing.assert_allclose(shown[[33, 65, 97]][:, 199 - bins if flipped else bins], weights)


@pytest.mark.parametrize("frames", [20, 67, 300])
def test_even_weights_give_each_part_its_share_of_the_picture(frames):
    cells = (attended.time_cells(Ledger(), frames), 5)
    shown = attended.on_spectrogram(Ledger(), np.full(cells, 1 / np.prod(cells)), (frames, 200))
    np.testing.assert_allclose(shown, shown[0, 0])


@pytest.mark.parametrize("pooling", [alexnet.VALID, alexnet.CEIL])
@pytest.mark.parametrize("pool5", [False, True])
def test_cells_of_an_utterance_are_those_of_the_network(pooling, pool5):
    """Narrow layers of the same steps, whose attention on an unpadded utterance has one row a cell."""
    ledger = dataclasses.replace(Ledger(), pooling=pooling, pool5=pool5)
    table = tuple(
        dataclasses.replace(row, channels=2, groups=1, normalised=False) for row in networks.convolutions(pool5)
    )
    model = networks.build_attention_fcn(200, 4, np.zeros(200), np.ones(200), table, 2, pooling=pooling)
    for frames in (20, 98, 99):
        inputs = {"features": np.zeros((1, frames, 200), np.float32), "lengths": np.array([frames])}
        assert model(inputs)["attention"].shape[1] == attended.time_cells(ledger, frames)
