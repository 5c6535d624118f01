"""The share of time that training waits for data, by a clock that only the model and the batches turn on."""

import numpy as np
import pytest
import tensorflow as tf

from experiments import benchmark_training as benchmark
from ser_tf.errors import SettingError

pytestmark = pytest.mark.slow  # it trains


class Clock:
    """Seconds that pass when something says so."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class Model:
    """Trains a batch in 0.3 seconds; its first call, which compiles, takes nine."""

    def __init__(self, clock):
        self.clock, self.batches = clock, 0

    def train_on_batch(self, inputs, targets):
        self.clock.seconds += 0.3 if self.batches else 9.0
        self.batches += 1


class Batches:
    """Three batches of four utterances, half of whose frames are padding; each takes 0.1 seconds."""

    def __init__(self, clock):
        self.clock = clock

    def __iter__(self):
        for _ in range(3):
            self.clock.seconds += 0.1
            yield {"features": tf.zeros((4, 6, 2)), "lengths": tf.fill((4,), 3)}, np.zeros(4, np.int32)


def test_waiting_and_computing_are_told_apart(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(benchmark.time, "perf_counter", clock)
    model = Model(clock)
    measured = benchmark.measure(model, Batches(clock), warm_up=2, steps=6)
    assert model.batches == 8
    assert (measured.steps, measured.batch_size, measured.frames, measured.cells) == (6, 4, 72, 144)
    assert measured.waiting_seconds == pytest.approx(0.6) and measured.computing_seconds == pytest.approx(1.8)
    assert measured.waiting_share == pytest.approx(0.25)
    assert measured.reading_seconds == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lee2020_table9:can", "lee2020 has no table 9"),
        ("lee2020_table2:nobody", "lee2020_table2:nobody: no such row"),
        ("lee2020_table2", "lee2020_table2: no such row"),
        ("nobody_table1:can", "nobody_table1:can: no table nobody_table1"),
    ],
)
def test_an_unknown_network_is_named(name, reason):
    with pytest.raises(SettingError, match=reason):
        benchmark.find(name)


def test_a_row_without_a_network_says_so(capsys, tmp_path, emodb_root):
    with pytest.raises(SettingError, match="trains no network"):
        benchmark.main(
            ["--networks", "mirsamadi2017_table2:svm_mean", "--smoke", "--corpus", "emodb"]
            + ["--corpus-root", str(emodb_root), "--output", str(tmp_path)]
        )


def test_each_network_is_measured(capsys, tmp_path, emodb_root):
    network = "mirsamadi2017_table3:lld_weighted_pool"
    status = benchmark.main(
        ["--networks", network, "--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root)]
        + ["--output", str(tmp_path), "--steps", "2", "--warm-up", "1"]
    )
    assert status == 0
    assert "%" in capsys.readouterr().out
