import dataclasses
import hashlib
import json
import multiprocessing
import os
import pickle
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_tf import code_digest
from ser_tf.corpora.base import Utterance
from ser_tf.data import audio, digests, locks, normalisation, pipeline, store
from ser_tf.errors import AudioError, UserError
from ser_tf.papers.mirsamadi2017.lld import LLD
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL, SpectralParams, spectral_spec


def _folders(root):
    return sorted(path.name for path in root.iterdir() if path.is_dir())


@pytest.fixture
def utterances(emodb, tmp_path):
    """Ten utterances whose files a test may change."""
    chosen = []
    for utterance in emodb.utterances[::8][:10]:
        path = tmp_path / "wav" / utterance.path.name
        path.parent.mkdir(exist_ok=True)
        shutil.copy2(utterance.path, path)
        chosen.append(dataclasses.replace(utterance, path=path))
    return chosen


@pytest.mark.parametrize("spec", [SPECTRAL, LLD], ids=lambda spec: spec.name)
def test_the_store_holds_what_direct_computation_gives(utterances, tmp_path, spec):
    features = store.ensure(tmp_path / "features", spec, utterances)
    assert features.dims == spec.dims
    for utterance in utterances:
        direct = spec(tf.constant(audio.read(utterance.path))).numpy()
        assert utterance.id in features
        assert features.num_frames(utterance.id) == len(direct)
        assert features[utterance.id].dtype == np.float32
        # The store computes in a compiled graph, whose operations round in another order.
        np.testing.assert_allclose(features[utterance.id], direct, rtol=1e-4, atol=1e-4)
    assert "other" not in features


def test_it_is_memory_mapped_and_cheap_to_pickle(utterances, tmp_path):
    features = store.ensure(tmp_path / "features", SPECTRAL, utterances)
    base = features[utterances[0].id]
    while not isinstance(base, np.memmap):
        base = base.base
    assert Path(base.filename) == features.directory / "data.f32"
    with pytest.raises(ValueError):
        features[utterances[0].id][0, 0] = 1.0
    size = (features.directory / "data.f32").stat().st_size
    assert len(pickle.dumps(features)) < size / 20
    again = pickle.loads(pickle.dumps(features))
    np.testing.assert_array_equal(again[utterances[3].id], features[utterances[3].id])


def test_it_is_computed_once_whatever_the_order(utterances, tmp_path, monkeypatch):
    reports = []
    first = store.ensure(tmp_path / "features", SPECTRAL, utterances, lambda *done: reports.append(done))
    assert reports == [(done, len(utterances)) for done in range(1, len(utterances) + 1)]
    monkeypatch.setattr(audio, "map_utterances", None)
    second = store.ensure(tmp_path / "features", SPECTRAL, utterances[::-1], lambda *done: reports.append(done))
    assert first.directory == second.directory and len(reports) == len(utterances)


def test_another_setting_code_recording_or_utterance_makes_another_store(utterances, tmp_path, monkeypatch):
    root = tmp_path / "features"
    folders = [store.ensure(root, SPECTRAL, utterances).directory]
    other = spectral_spec(SpectralParams(window_seconds=0.030))
    folders.append(store.ensure(root, other, utterances).directory)
    folders.append(store.ensure(root, SPECTRAL, utterances[:-1]).directory)
    part = dataclasses.replace(utterances[0], start_seconds=0.1)
    folders.append(store.ensure(root, SPECTRAL, [part, *utterances[1:]]).directory)
    path = utterances[0].path
    status, (samples, rate) = path.stat(), soundfile.read(path)
    soundfile.write(path, samples[::-1], rate)  # of the same size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = store.ensure(root, SPECTRAL, utterances)
    folders.append(changed.directory)
    np.testing.assert_array_equal(changed[utterances[0].id], SPECTRAL(tf.constant(audio.read(path))).numpy())
    monkeypatch.setattr(code_digest, "digest_of", lambda function: f"other code of {function.__name__}")
    folders.append(store.ensure(root, SPECTRAL, utterances).directory)
    assert len(set(folders)) == 6


def test_a_moved_or_touched_corpus_keeps_its_store(utterances, tmp_path, monkeypatch):
    root = tmp_path / "features"
    first = store.ensure(root, SPECTRAL, utterances)
    (tmp_path / "wav").rename(tmp_path / "elsewhere")
    moved = [dataclasses.replace(each, path=tmp_path / "elsewhere" / each.path.name) for each in utterances]
    os.utime(moved[3].path)
    monkeypatch.setattr(audio, "map_utterances", None)
    assert store.ensure(root, SPECTRAL, moved).directory == first.directory


def test_what_killed_writers_left_is_removed_and_not_taken_for_a_store(utterances, tmp_path):
    root = tmp_path / "features"
    directory = store.ensure(root, SPECTRAL, utterances).directory
    expected = (directory / "data.f32").read_bytes()
    partial = directory.with_name(f"{directory.name}.partial-1-abc")
    directory.rename(partial)
    (partial / "data.f32").write_bytes(expected[:1000] + b"garbage")
    (root / "other-0123.partial-2-def").mkdir()
    features = store.ensure(root, SPECTRAL, utterances)
    assert (features.directory / "data.f32").read_bytes() == expected
    assert _folders(root) == [directory.name]


def test_what_another_process_is_writing_is_left_alone(utterances, tmp_path):
    root = tmp_path / "features"
    (root / "other-0123.partial-2-def").mkdir(parents=True)
    with locks.exclusive(root / "other-0123.lock"):
        store.ensure(root, SPECTRAL, utterances)
    assert "other-0123.partial-2-def" in _folders(root)


def _cut(file):
    with file.open("r+b") as handle:
        handle.truncate(file.stat().st_size // 2)


def _zero(file):
    size = file.stat().st_size
    file.write_bytes(bytes(size))


def _garble(file):
    contents = bytearray(file.read_bytes())
    contents[len(contents) // 2] ^= 1
    file.write_bytes(contents)


@pytest.mark.parametrize("name", ["data.f32", "index.json", "SHA256SUMS"])
@pytest.mark.parametrize("damage", [_cut, _zero, _garble, Path.unlink], ids=lambda damage: damage.__name__.strip("_"))
def test_a_damaged_store_is_computed_again_with_one_line(utterances, tmp_path, name, damage):
    root = tmp_path / "features"
    whole = store.ensure(root, SPECTRAL, utterances)
    expected = {file.name: file.read_bytes() for file in whole.directory.iterdir()}
    file = whole.directory / name
    status = file.stat()
    damage(file)
    if file.exists():
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    lines = []
    again = store.ensure(root, SPECTRAL, utterances, say=lines.append)
    assert {file.name: file.read_bytes() for file in again.directory.iterdir()} == expected
    assert len(lines) == 1 and lines[0].startswith(f"{whole.directory}: damaged, ") and "\n" not in lines[0]
    assert lines[0].endswith("the spectral features are computed again")
    assert _folders(root) == [whole.directory.name]


def test_a_whole_store_is_not_read_again_to_be_checked(utterances, tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "SETTLED_NS", -(10**12))
    root = tmp_path / "features"
    store.ensure(root, SPECTRAL, utterances)
    store.ensure(root, SPECTRAL, utterances)
    monkeypatch.setattr(digests, "_hash", None)
    store.ensure(root, SPECTRAL, utterances, say=pytest.fail)


def test_a_damaged_store_that_is_opened_alone_is_one_line(tmp_path):
    store.fill(tmp_path, "embedding", 3, [("a", np.ones((2, 3), np.float32))])
    np.testing.assert_array_equal(store.FeatureStore(tmp_path)["a"], np.ones((2, 3)))
    _garble(tmp_path / "data.f32")
    with pytest.raises(store.StoreError, match=f"^{tmp_path}: damaged, its data is not what was written$"):
        store.FeatureStore(tmp_path).verify(tmp_path)
    _cut(tmp_path / "data.f32")
    with pytest.raises(store.StoreError, match=f"^{tmp_path}: damaged, its data has 12 bytes and not 24$"):
        store.FeatureStore(tmp_path)
    (tmp_path / "data.f32").unlink()
    with pytest.raises(store.StoreError, match=f"^{tmp_path}: damaged, its files are not complete"):
        store.FeatureStore(tmp_path)


def test_the_sums_are_those_that_sha256sum_checks(utterances, tmp_path):
    features = store.ensure(tmp_path / "features", SPECTRAL, utterances)
    for line in (features.directory / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((features.directory / name).read_bytes()).hexdigest() == digest


def test_the_reader_and_its_code_are_part_of_the_fingerprint(monkeypatch):
    found = {store.fingerprint(SPECTRAL), store.fingerprint(LLD)}
    monkeypatch.setenv("SER_TF_AUDIO", "tensorflow-io")
    assert len(found | {store.fingerprint(SPECTRAL)}) == 3
    reached = code_digest.reached("ser_tf.data.audio", "read_utterance")
    assert ("ser_tf.features.resampling", "_filters") in reached and ("ser_tf.features.strided", "convolve") in reached


@pytest.mark.parametrize("damage", ["missing", "truncated", "not finite"])
def test_a_bad_file_is_named_and_leaves_nothing(utterances, tmp_path, damage):
    path = utterances[4].path
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        soundfile.write(path, np.full(8000, np.nan), 16_000, "FLOAT")
    with pytest.raises(AudioError, match=f"^{path}: "):
        store.ensure(tmp_path / "features", SPECTRAL, utterances)
    assert not (tmp_path / "features").exists() or _folders(tmp_path / "features") == []


def test_an_interrupted_writer_leaves_nothing(utterances, tmp_path):
    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.ensure(tmp_path / "features", SPECTRAL, utterances, interrupt)
    assert _folders(tmp_path / "features") == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_root_that_cannot_be_written_is_one_clear_line(utterances, tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written") as caught:
        store.ensure(tmp_path / place, SPECTRAL, utterances)
    assert str(tmp_path / place) in str(caught.value) and "\n" not in str(caught.value)


def test_a_full_disk_is_one_clear_line(utterances, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
        store.ensure(tmp_path / "features", SPECTRAL, utterances)


def _compute(root, utterances, die_at, barrier, answers):
    """In another process: makes the store, or dies in the middle of it."""
    reports = []

    def report(done, total):
        reports.append(done)
        if done == 1 and die_at:
            barrier.wait()  # the others come to wait for the lock
        if done == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    if not die_at:
        barrier.wait()
    features = store.ensure(root, SPECTRAL, utterances, report)
    total = sum(float(features[utterance.id].sum()) for utterance in utterances)
    answers.put((len(reports), total, features.directory.name))


def test_of_several_processes_one_computes_even_when_the_first_is_killed(utterances, tmp_path):
    root = tmp_path / "features"
    spawn = multiprocessing.get_context("spawn")
    barrier, answers = spawn.Barrier(3), spawn.Queue()
    processes = [
        spawn.Process(target=_compute, args=(root, utterances, die_at, barrier, answers)) for die_at in (4, 0, 0)
    ]
    for process in processes:
        process.start()
    given = [answers.get(timeout=240) for _ in range(2)]
    for process in processes:
        process.join(240)
    assert [process.exitcode for process in processes] == [-signal.SIGKILL, 0, 0]
    assert sorted(reports for reports, _, _ in given) == [0, len(utterances)]
    assert given[0][1:] == given[1][1:]
    direct = store.ensure(tmp_path / "again", SPECTRAL, utterances)
    assert given[0][1] == sum(float(direct[utterance.id].sum()) for utterance in utterances)
    assert _folders(root) == [given[0][2]]


def _resident_megabytes():
    """Memory of this process that is not a mapped file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_memory_stays_flat_as_the_corpus_grows(tmp_path):
    path = tmp_path / "two_seconds.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 32_000), 16_000)
    utterances = [
        Utterance(f"u{number:04d}", path, "emodb", "03", "s", "male", "acted", "angry") for number in range(600)
    ]
    peaks = []

    def watch(done, total):
        if done % 10 == 0:
            peaks.append(_resident_megabytes())

    store.ensure(tmp_path / "features", SPECTRAL, utterances[:100], watch)
    small = max(peaks)
    features = store.ensure(tmp_path / "features", SPECTRAL, utterances, watch)
    megabytes = (features.directory / "data.f32").stat().st_size / 2**20
    assert megabytes > 100
    ids = [utterance.id for utterance in utterances]
    normalisation.fit(features, ids)
    for _ in pipeline.dataset(features, ids, pipeline.BatchParams(16), seed=0):
        watch(0, 0)
    assert max(peaks) - small < megabytes / 3, f"{small:.0f} MB, then {max(peaks):.0f} MB"


def test_the_index_says_what_is_in_the_store(utterances, tmp_path):
    features = store.ensure(tmp_path / "features", SPECTRAL, utterances)
    index = json.loads((features.directory / "index.json").read_text())
    assert index["dims"] == 257 and index["feature"] == "spectral"
    assert index["frames"] == sum(frames for _, _, frames in index["utterances"])
    assert [row[0] for row in index["utterances"]] == [utterance.id for utterance in utterances]
