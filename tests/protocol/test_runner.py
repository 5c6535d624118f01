"""Whole runs of toy systems in this process; what a terminal and other processes see is in test_interruption.py."""

import json
import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf import cli
from ser_tf.data import audio
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL
from ser_tf.protocol import runner
from ser_tf.protocol.folds import sha256_of
from ser_tf.protocol.material import SMOKE_UTTERANCES
from ser_tf.protocol.results import FoldResult
from tests.protocol import toy
from tests.protocol.toy import FIRST, SECOND

pytestmark = pytest.mark.slow  # it trains

VARYING = ("seconds", "stage_seconds", "peak_memory_mb")


def run(emodb_root, output, *flags, rows=(), claims=(), number=1):
    argv = ["--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output), "--workers", "1", *flags]
    return cli.status_of(toy.main(*rows, claims=claims, number=number), argv)


def fold_files(output):
    return sorted((output / "toy2000" / "emodb" / "folds").rglob("*.json"))


def contents(output):
    """Every fold result but for what a clock and the system tell."""
    read = {str(path.relative_to(output)): json.loads(path.read_text()) for path in fold_files(output)}
    return {name: {key: value for key, value in one.items() if key not in VARYING} for name, one in read.items()}


def summary(output):
    return json.loads((output / "toy2000_table1" / "emodb" / "summary.json").read_text())


@pytest.fixture(scope="module")
def reference(emodb_root, tmp_path_factory):
    """One uninterrupted run of two rows with two seeds; read only."""
    output = tmp_path_factory.mktemp("reference")
    flags = ("--folds", FIRST, SECOND, "--seeds", "0", "1")
    assert run(emodb_root, output, *flags, rows=("centroids", "network")) == 0
    return output


def test_a_run_writes_one_result_for_each_row_fold_and_seed(reference):
    folder = reference / "toy2000" / "emodb" / "folds"
    names = [str(path.relative_to(folder)) for path in fold_files(reference)]
    assert names == [
        f"{row}/{fold}-seed{seed}.json"
        for row in ("centroids", "network")
        for fold in (FIRST, SECOND)
        for seed in (0, 1)
    ]
    for one in contents(reference).values():
        assert len(one["utterances"]) == len({utterance["id"] for utterance in one["utterances"]}) > 15
        assert all(math.isclose(sum(row["posteriors"]), 1, abs_tol=1e-5) for row in one["utterances"])
        assert {row["speaker"] for row in one["utterances"]} == set(one["fold"].split("-")[1:])
        assert one["smoke"] is False and one["settings"] == {
            "bins": 60, "shrink": 1.0, "centre": True, "distance": "squared"
        }  # fmt: skip
    rows = {row["key"]: row for row in summary(reference)["rows"]}
    assert rows["centroids"]["ua"]["pooled"] > 0.5, "tones of four pitches and levels are easily told apart"
    assert rows["centroids"]["verdict"] == "other corpus" and rows["network"]["published"] is None
    assert summary(reference)["pairwise"]["metric"] == "ua" and len(summary(reference)["pairwise"]["pairs"]) == 1


def test_the_same_seed_gives_the_same_bits_whatever_ran_before(reference, emodb_root, tmp_path):
    keras.utils.set_random_seed(12345)
    np.random.random(7)
    assert run(emodb_root, tmp_path, "--folds", SECOND, "--seeds", "1", rows=("network",)) == 0
    ((name, again),) = contents(tmp_path).items()
    assert again == contents(reference)[name]


def test_seeds_and_folds_draw_differently(reference):
    given = contents(reference)
    posteriors = {name: json.dumps(one["utterances"]) for name, one in given.items() if "network" in name}
    assert len(set(posteriors.values())) == 4


def test_what_is_done_is_not_done_again(reference, emodb_root, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in fold_files(reference)}
    monkeypatch.setattr(runner, "execute", None)
    flags = ("--folds", FIRST, SECOND, "--seeds", "0", "1")
    assert run(emodb_root, reference, *flags, rows=("centroids", "network")) == 0
    assert {path: path.stat().st_mtime_ns for path in fold_files(reference)} == before


def test_tables_of_a_paper_share_fold_results(reference, emodb_root):
    before = {path: path.stat().st_mtime_ns for path in fold_files(reference)}
    assert run(emodb_root, reference, "--folds", FIRST, rows=("network",), number=2) == 0
    assert {path: path.stat().st_mtime_ns for path in fold_files(reference)} == before
    manifest = json.loads((reference / "toy2000_table2" / "emodb" / "manifest.json").read_text())
    assert [one["file"] for one in manifest["results"]] == [f"toy2000/emodb/folds/network/{FIRST}-seed0.json"]
    assert (reference / manifest["results"][0]["file"]).is_file()


def test_changed_settings_are_put_aside_and_come_back(emodb_root, tmp_path):
    flags = ("--folds", FIRST)
    assert run(emodb_root, tmp_path, *flags, rows=("centroids",)) == 0
    first = contents(tmp_path)
    stamp = fold_files(tmp_path)[0].stat().st_mtime_ns
    assert run(emodb_root, tmp_path, *flags, "--set", "distance=absolute", "bins=50", rows=("centroids",)) == 0
    assert len(fold_files(tmp_path)) == 2
    changed = next(one for name, one in contents(tmp_path).items() if name.endswith("-seed0.json"))
    assert changed["overridden"] == {"distance": "absolute", "bins": 50}
    assert changed["utterances"] != next(iter(first.values()))["utterances"]
    assert summary(tmp_path)["assumptions"]["bins"] == 50
    assert run(emodb_root, tmp_path, *flags, rows=("centroids",)) == 0
    assert contents(tmp_path).items() >= first.items()
    assert {path.stat().st_mtime_ns for path in fold_files(tmp_path)} >= {stamp}, "it was trained again"
    assert summary(tmp_path)["assumptions"]["bins"] == 60


def test_only_rows_that_read_an_assumption_run_again_and_it_is_said(emodb_root, tmp_path, capsys):
    flags = ("--folds", FIRST, SECOND)
    assert run(emodb_root, tmp_path, *flags, rows=("centroids", "network")) == 0
    stamps = {path: path.stat().st_mtime_ns for path in fold_files(tmp_path) if path.parent.name == "network"}
    capsys.readouterr()
    assert run(emodb_root, tmp_path, *flags, "--set", "shrink=2", rows=("centroids", "network")) == 0
    assert "2 of 4 fold results are reused\nresults made anew: 2 read shrink\n" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_models_move_aside_and_come_back_with_their_results(emodb_root, tmp_path):
    flags = ("--folds", FIRST, "--keep-models")
    assert run(emodb_root, tmp_path, *flags, rows=("network",)) == 0
    path = fold_files(tmp_path)[0]
    old = path.read_text()
    path.write_text(old.replace('"code": "', '"code": "other'))
    models = tmp_path / "toy2000" / "emodb" / "models" / "network"
    card = models / f"{FIRST}-seed0.json"
    digest = FoldResult.from_json(path.read_text()).digest
    card.write_text(json.dumps({**json.loads(card.read_text()), "record": digest}))
    assert run(emodb_root, tmp_path, *flags, rows=("network",)) == 0
    names = {f"{FIRST}-seed0{older}{suffix}" for older in ("", ".older-1") for suffix in (".json", ".keras")}
    assert {file.name for file in models.iterdir()} == names
    assert run(emodb_root, tmp_path, *flags, "--reuse-older-code", rows=("network",)) == 0
    path.write_text(path.read_text().replace('"code": "', '"code": "unknown'))
    stamp = path.stat().st_mtime_ns
    assert run(emodb_root, tmp_path, "--folds", FIRST, "--reuse-older-code", rows=("network",)) == 0
    assert path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"utterances": [{}]}'])
def test_a_damaged_result_is_made_anew_and_not_lost(emodb_root, tmp_path, damage):
    assert run(emodb_root, tmp_path, "--folds", FIRST, rows=("centroids",)) == 0
    path = fold_files(tmp_path)[0]
    before = contents(tmp_path)
    path.write_text(damage)
    assert run(emodb_root, tmp_path, "--folds", FIRST, rows=("centroids",)) == 0
    aside = path.with_name(f"{path.stem}.older-1.json")
    assert aside.read_text() == damage
    aside.unlink()
    assert contents(tmp_path) == before


def test_a_smoke_run_does_not_stand_for_a_real_one(emodb_root, tmp_path):
    assert run(emodb_root, tmp_path, "--smoke", rows=("centroids",)) == 0
    assert summary(tmp_path)["smoke"] is True
    assert summary(tmp_path)["rows"][0]["folds"] == ["pair-03-08", "pair-10-09"]
    assert summary(tmp_path)["rows"][0]["verdict"] == "smoke"
    tested = contents(tmp_path)[f"toy2000/emodb/folds/centroids/{FIRST}-seed0.json"]["utterances"]
    assert sum(row["id"].startswith("03") and row["id"][5] == "W" for row in tested) == SMOKE_UTTERANCES < 5
    assert run(emodb_root, tmp_path, "--folds", FIRST, rows=("centroids",)) == 0
    assert summary(tmp_path)["smoke"] is False
    tested = contents(tmp_path)[f"toy2000/emodb/folds/centroids/{FIRST}-seed0.json"]["utterances"]
    assert sum(row["id"].startswith("03") and row["id"][5] == "W" for row in tested) == 5


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("broken", "ArithmeticError: no convergence"),
        ("leaky_train", "LeakError: .* test utterances asked for as train"),
        ("short", "ValueError: posteriors of shape"),
        ("nan", "ValueError: posteriors of shape"),
    ],
)
def test_a_row_that_raises_is_status_1_and_the_others_are_saved(emodb_root, tmp_path, capsys, row, reason):
    assert run(emodb_root, tmp_path, "--folds", FIRST, SECOND, rows=(row, "centroids")) == 1
    folder = tmp_path / "toy2000" / "emodb" / "folds"
    assert len(list((folder / "centroids").glob("*.json"))) == 2
    text = (folder / row / f"{SECOND}-seed0.error.txt").read_text()
    assert text.startswith("Traceback") and "tests/protocol/toy.py" in text or "posteriors of shape" in text
    output = capsys.readouterr().out
    assert f"failed: {row} {SECOND} seed 0: {reason.split(':')[0]}" in output
    rows = {one["key"]: one for one in summary(tmp_path)["rows"]}
    assert rows[row]["status"] == "failed" and rows[row]["ua"]["pooled"] is None
    assert rows["centroids"]["status"] == "run" and rows["centroids"]["ua"]["pooled"] is not None
    assert re.search(reason, rows[row]["note"])


def test_a_row_that_is_repaired_runs_where_it_failed_alone(emodb_root, tmp_path, monkeypatch):
    flags = ("--folds", FIRST, SECOND)
    assert run(emodb_root, tmp_path, *flags, rows=("broken",)) == 1
    folder = tmp_path / "toy2000" / "emodb" / "folds" / "broken"
    stamp = (folder / f"{FIRST}-seed0.json").stat().st_mtime_ns
    monkeypatch.setenv("TOY_MENDED", "1")
    assert run(emodb_root, tmp_path, *flags, rows=("broken",)) == 0
    assert (folder / f"{FIRST}-seed0.json").stat().st_mtime_ns == stamp
    assert sorted(path.name for path in folder.iterdir()) == [f"{FIRST}-seed0.json", f"{SECOND}-seed0.json"]


def test_a_row_that_lacks_something_is_left_out_with_status_0(emodb_root, tmp_path, capsys):
    assert run(emodb_root, tmp_path, "--folds", FIRST, SECOND, rows=("unavailable", "centroids", "cited")) == 0
    rows = {one["key"]: one for one in summary(tmp_path)["rows"]}
    assert {key: row["status"] for key, row in rows.items()} == {
        "unavailable": "left out", "centroids": "run", "cited": "cited"
    }  # fmt: skip
    assert rows["unavailable"]["note"] == "needs weights: give --weights FILE"
    assert capsys.readouterr().out.count("left out: unavailable") == 1  # one line, whatever the number of folds


def test_rows_share_a_first_stage(emodb_root, tmp_path):
    assert run(emodb_root, tmp_path, "--folds", FIRST, SECOND, rows=("stage_one", "stage_two")) == 0
    stages = tmp_path / "toy2000" / "emodb" / "stages"
    assert sorted((stages / "made.txt").read_text().split()) == [FIRST, SECOND]


def test_kept_models_and_only_what_lacks_one_is_run_again(emodb_root, tmp_path):
    flags = ("--folds", FIRST, SECOND)
    rows = ("network", "centroids")
    assert run(emodb_root, tmp_path, *flags, "--keep-models", "--folds", FIRST, rows=rows) == 0
    models = tmp_path / "toy2000" / "emodb" / "models"
    assert sorted(path.name for path in models.rglob("*.*")) == [f"{FIRST}-seed0.json", f"{FIRST}-seed0.keras"]
    first = contents(tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in fold_files(tmp_path)}
    assert run(emodb_root, tmp_path, *flags, rows=rows) == 0
    assert {path: path.stat().st_mtime_ns for path in fold_files(tmp_path)}.items() >= stamps.items()
    second = tmp_path / "toy2000" / "emodb" / "folds" / "network" / f"{SECOND}-seed0.json"
    stamps = {path: path.stat().st_mtime_ns for path in fold_files(tmp_path)}
    assert run(emodb_root, tmp_path, *flags, "--keep-models", rows=rows) == 0
    changed = {path for path in fold_files(tmp_path) if path.stat().st_mtime_ns != stamps[path]}
    assert changed == {second}
    assert contents(tmp_path).items() >= first.items()
    card = json.loads((models / "network" / f"{SECOND}-seed0.json").read_text())
    assert card["fold"] == SECOND and card["classes"] == ["angry", "happy", "sad", "neutral"]
    _check_kept_model(emodb_root, models / "network" / f"{SECOND}-seed0.keras", json.loads(second.read_text()))


def _flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_what_is_damaged_is_made_anew_to_the_same_bits(emodb_root, tmp_path, capsys):
    """A result, a model, a stage and a feature store; none of them is trained on or taken as it is."""
    flags, rows = ("--folds", FIRST, "--keep-models"), ("network", "stage_one")
    assert run(emodb_root, tmp_path, *flags, rows=rows) == 0
    first, root = contents(tmp_path), tmp_path / "toy2000" / "emodb"
    (stage,) = root.glob("stages/centroids/*/posteriors.npy")
    (store,) = tmp_path.glob("features/emodb/*/data.f32")
    model = root / "models" / "network" / f"{FIRST}-seed0.keras"
    whole = {path: path.read_bytes() for path in (stage, store)}
    (root / "folds" / "stage_one" / f"{FIRST}-seed0.json").write_text('{"half": ')
    for path in (stage, store, model):
        _flip(path, -40)
    capsys.readouterr()
    assert run(emodb_root, tmp_path, *flags, rows=rows) == 0
    shown = capsys.readouterr()
    assert "results made anew: 1 kept no whole model; 1 was damaged\n" in shown.out
    assert shown.err.count("its data is not what was written; the spectral features are computed again\n") == 1
    assert contents_of_whole(tmp_path) == first
    assert {path: path.read_bytes() for path in whole} == whole
    assert keras.models.load_model(model) is not None


def contents_of_whole(output):
    """As `contents`, without what moved aside."""
    for path in fold_files(output):
        if ".older-" in path.name:
            path.unlink()
    return contents(output)


def _check_kept_model(emodb_root, path, result):
    """The kept model gives the posteriors of the result."""
    model = keras.models.load_model(path)
    for row in result["utterances"][:3]:
        waveform = tf.constant(audio.read(emodb_root / "wav" / f"{row['id']}.wav"))
        features = SPECTRAL(waveform)[np.newaxis].numpy()
        # Its maximum over time sees the padding, so that only a batch of the same length gives the same numbers.
        padded = np.pad(features, ((0, 0), (0, -features.shape[1] % 16), (0, 0)))
        outputs = model({"features": padded, "lengths": np.array([features.shape[1]])})["probabilities"]
        assert np.argmax(outputs) == np.argmax(row["posteriors"])


def test_the_report_folder_is_complete(reference):
    folder = reference / "toy2000_table1" / "emodb"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "summary.json", "table.md", "table.csv", "table.tex", "leaks.json", "manifest.json",
        *(f"confusion_{row}.{kind}" for row in ("centroids", "network") for kind in ("png", "csv")),
    }  # fmt: skip
    leaks = json.loads((folder / "leaks.json").read_text())
    # Both read the same two sentences, as all speakers of this corpus do.
    assert [line.split(" of the test")[0] for line in leaks["found"]] == ["sentences", "sentences"]
    read = {check["against"] for check in leaks["checks"]}
    assert {"train", "validation", "train of network seed 1", "selection of network seed 0"} <= read
    manifest = json.loads((folder / "manifest.json").read_text())
    assert sorted(manifest["folds"]) == sorted(f"{fold}-seed{seed}" for fold in (FIRST, SECOND) for seed in (0, 1))
    for fold in manifest["folds"].values():
        assert all(part["sha256"] == sha256_of(part["utterances"]) for part in fold.values())
    records = {one["file"]: one["record"] for one in manifest["results"]}
    found = {name: FoldResult.from_json((reference / name).read_text()).digest for name in contents(reference)}
    assert records == found


def test_claims_are_judged_where_both_rows_were_asked_for(emodb_root, reference):
    claims = toy.CLAIMS
    flags = ("--folds", FIRST, SECOND)
    assert run(emodb_root, reference, *flags, rows=("centroids", "network"), claims=claims) == 0
    (claim,) = summary(reference)["claims"]
    assert claim["better"] == "network" and 0 <= claim["p_value"] <= 1
    assert run(emodb_root, reference, *flags, "--rows", "network", rows=("centroids", "network"), claims=claims) == 0
    assert summary(reference)["claims"] == []
