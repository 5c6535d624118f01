import dataclasses
import json
import math
import os

import numpy as np
import pytest

from ser_tf.errors import UserError
from ser_tf.protocol import results
from ser_tf.protocol.record import Circumstances, Record
from ser_tf.protocol.results import FoldResult


def _record(bins):
    fold = {"train": "0", "validation": "0", "test": "0"}
    circumstances = Circumstances("code", "recordings", fold, ("a", "b", "c"), {}, 0, False)
    return Record(circumstances, {"bins": bins}, {}, {"lld": "0"}, "0123abc")


def _result(bins=60, seed=0):
    rng = np.random.default_rng(seed)
    posteriors = rng.dirichlet(np.ones(3), 20)
    posteriors[0] = [5e-324, 0.1 + 0.2, math.nextafter(1.0, 0.0)]
    return FoldResult(
        paper="toy2000", row="network", corpus="emodb", task="toy", classes=("a", "b", "c"), fold="pair", seed=seed,
        smoke=False, record=_record(bins), settings={"batch_size": 8, "rate": 1e-3}, overridden={},
        ids=tuple(f"u{n}" for n in range(20)), speakers=("03",) * 20, truth=tuple(n % 3 for n in range(20)),
        posteriors=tuple(tuple(row) for row in posteriors.tolist()), epochs=None, seconds=1.5, stage_seconds={},
        peak_memory_mb=1.0, versions={"keras": "3"}, parts={"test": "0"},
        uses={"train": {"utterances": 3, "in_test_part": 0, "sha256": "0"}},
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


def test_older_files_are_read_and_have_no_record():
    fields = json.loads(_result().to_json())
    for key in ("record", "best_epoch"):
        fields.pop(key)
    again = FoldResult.from_json(json.dumps({**fields, "settings_hash": "0"}))
    assert again.record is None and again.digest == "" and again.sessions == () and again.ids == _result().ids


def model_of(path):
    return path.parent / "models" / f"{path.name.removesuffix('.json')}.keras"


def read(path, bins):
    """The result that was made with so many bins."""
    found = results.find(path, lambda result: result.record.assumptions["bins"] == bins)
    if found is None:
        return None
    results.bring_back(found[0], path, model_of)
    return found[1]


def files_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_result_is_found_by_its_record_alone(tmp_path):
    path = tmp_path / "folds" / "network" / "pair-seed0.json"
    assert read(path, 60) is None
    results.write(path, _result(), model_of)
    assert read(path, 60) == _result()
    assert read(path, 7) is None
    assert read(path, 60) == _result(), "a look for another one moved it"


def test_a_result_with_another_record_moves_aside_and_comes_back(tmp_path):
    path = tmp_path / "pair-seed0.json"
    old, new = _result(60), _result(7, seed=1)
    results.write(path, old, model_of)
    model_of(path).parent.mkdir()
    model_of(path).write_text("old")
    results.write(path, new, model_of)
    assert files_in(tmp_path) == ["pair-seed0.json", "pair-seed0.older-1.json"]
    assert files_in(tmp_path / "models") == ["pair-seed0.older-1.keras"]
    assert read(path, 7) == new
    assert read(path, 60) == old
    assert FoldResult.from_json(path.read_text()) == old and model_of(path).read_text() == "old"
    assert read(path, 7) == new
    assert len(files_in(tmp_path)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"half": ', b"{}", b"[]", b"null", b"3", b"\xff\xfe\x00junk", b'["record"]']
)
def test_what_no_complete_write_made_is_no_result_and_moves_aside(tmp_path, content):
    path = tmp_path / "pair-seed0.json"
    path.write_bytes(content)
    assert read(path, 60) is None
    with pytest.raises(UserError, match=r"pair-seed0\.json: damaged: "):
        results.load(path)
    results.write(path, _result(), model_of)
    assert read(path, 60) == _result()
    assert (tmp_path / "pair-seed0.older-1.json").read_bytes() == content


def test_a_killed_write_leaves_the_old_result(tmp_path, monkeypatch):
    path = tmp_path / "pair-seed0.json"
    results.write(path, _result(), model_of)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        results.write(path, dataclasses.replace(_result(), seconds=9.0), model_of)
    assert read(path, 60) == _result()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"^cannot write .*file/row/pair-seed0\.json: "):
        results.write(tmp_path / "file" / "row" / "pair-seed0.json", _result(), model_of)


def test_the_digest_of_a_record_leaves_the_commit_out():
    record = _record(60)
    assert dataclasses.replace(record, commit=None).digest() == record.digest() != _record(7).digest()
