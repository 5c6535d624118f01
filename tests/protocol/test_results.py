import dataclasses
import json
import math
import os

import numpy as np
import pytest

from ser_tf.errors import UserError
from ser_tf.protocol import results
from ser_tf.protocol.results import FoldResult


def _result(settings_hash="a" * 64, seed=0):
    rng = np.random.default_rng(seed)
    posteriors = rng.dirichlet(np.ones(3), 20)
    posteriors[0] = [5e-324, 0.1 + 0.2, math.nextafter(1.0, 0.0)]
    return FoldResult(
        paper="toy2000", row="network", corpus="emodb", task="toy", classes=("a", "b", "c"), fold="pair", seed=seed,
        smoke=False, settings_hash=settings_hash, settings={"batch_size": 8, "rate": 1e-3}, overridden={},
        ids=tuple(f"u{n}" for n in range(20)), speakers=("03",) * 20, truth=tuple(n % 3 for n in range(20)),
        posteriors=tuple(tuple(row) for row in posteriors.tolist()), epochs=None, seconds=1.5, stage_seconds={},
        peak_memory_mb=1.0, versions={"keras": "3"}, uses={"train": {"utterances": 3}}, parts={"test": "0"},
    )  # fmt: skip


def test_json_keeps_every_bit():
    result = _result()
    again = FoldResult.from_json(result.to_json())
    assert again == result
    assert again.posterior_array.tobytes() == result.posterior_array.tobytes()
    assert again.posterior_array.shape == (20, 3)
    read = json.loads(result.to_json())
    assert read["utterances"][3] == {"id": "u3", "speaker": "03", "truth": 0, "posteriors": list(result.posteriors[3])}
    assert not {"ids", "truth", "wa", "ua"} & read.keys()


def test_a_result_is_read_by_its_hash_alone(tmp_path):
    path = tmp_path / "folds" / "network" / "pair-seed0.json"
    assert results.read(path, "a" * 64) is None
    results.write(path, _result())
    assert results.read(path, "a" * 64) == _result()
    assert results.read(path, "b" * 64) is None
    assert results.read(path, "a" * 64) == _result(), "a look for another one moved it"


def test_changed_settings_put_a_result_aside_and_bring_it_back(tmp_path):
    path = tmp_path / "pair-seed0.json"
    old, new = _result("a" * 64), _result("b" * 64, seed=1)
    results.write(path, old)
    results.write(path, new)
    assert results.read(path, "b" * 64) == new
    assert len(list(tmp_path.iterdir())) == 2
    assert results.read(path, "a" * 64) == old
    assert FoldResult.from_json(path.read_text()) == old
    assert results.read(path, "b" * 64) == new
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"half": ', b"{}", b"[]", b"null", b"3", b"\xff\xfe\x00rubbish", b'["settings_hash"]']
)
def test_what_no_complete_write_made_is_no_result_and_is_replaced(tmp_path, content):
    path = tmp_path / "pair-seed0.json"
    path.write_bytes(content)
    assert results.read(path, "a" * 64) is None
    results.write(path, _result())
    assert results.read(path, "a" * 64) == _result()


def test_a_killed_write_leaves_the_old_result(tmp_path, monkeypatch):
    path = tmp_path / "pair-seed0.json"
    results.write(path, _result())

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        results.write(path, dataclasses.replace(_result(), seconds=9.0))
    assert results.read(path, "a" * 64) == _result()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"^cannot write .*file/row/pair-seed0\.json: "):
        results.write(tmp_path / "file" / "row" / "pair-seed0.json", _result())


def test_the_hash_depends_on_values_and_not_on_their_order():
    assert results.hash_of({"a": 1, "b": (2, 3)}) == results.hash_of({"b": [2, 3], "a": 1})
    assert results.hash_of({"a": 1}) != results.hash_of({"a": 2}) != results.hash_of({"b": 1})
