"""Digests follow the contents: nothing else changes them, and nothing unchanged is read again."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from ser_tf.data import digests
from ser_tf.errors import AudioError

OLD_NS = 1_600_000_000_000_000_000


@pytest.fixture(autouse=True)
def everything_is_settled(monkeypatch):
    """Files that a test has just written are taken for old ones; nobody can set their change time back."""
    monkeypatch.setattr(digests, "SETTLED_NS", -(10**12))


@pytest.fixture
def read(monkeypatch):
    """Names of the files that are read."""
    names = []
    original = digests._hash
    monkeypatch.setattr(digests, "_hash", lambda path: names.append(path.name) or original(path))
    return names


@pytest.fixture
def recordings(tmp_path):
    paths = []
    for number in range(5):
        path = tmp_path / "corpus" / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([number]) * 1000)
        paths.append(path)
    return paths


def test_a_digest_is_the_sha256_of_the_bytes(recordings, tmp_path):
    found = digests.digests_of(recordings, tmp_path / "cache" / "below")
    assert found == {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in recordings}
    assert list(found) == recordings


def test_only_changed_files_are_read_again(recordings, tmp_path, read):
    cache = tmp_path / "cache"
    reports = []
    first = digests.digests_of(recordings, cache, lambda *done: reports.append(done))
    assert sorted(read) == [path.name for path in recordings] and reports[-1] == (5, 5)
    read.clear()
    assert digests.digests_of(recordings[::-1], cache) == first and read == []
    recordings[1].write_bytes(b"another text")
    second = digests.digests_of(recordings, cache)
    assert read == ["1.wav"]
    assert {path for path in recordings if first[path] != second[path]} == {recordings[1]}


def test_another_recording_of_the_same_size_and_time_is_noticed(recordings, tmp_path):
    """As a tool leaves it that writes processed audio over a corpus and keeps the times."""
    cache, path = tmp_path / "cache", recordings[0]
    os.utime(path, ns=(OLD_NS, OLD_NS))
    first = digests.digests_of([path], cache)
    path.write_bytes(b"x" * 1000)
    os.utime(path, ns=(OLD_NS, OLD_NS))
    assert digests.digests_of([path], cache) != first


def test_touched_and_moved_files_keep_their_digests(recordings, tmp_path, read):
    cache = tmp_path / "cache"
    first = digests.digests_of(recordings, cache)
    os.utime(recordings[0])
    assert digests.digests_of(recordings, cache) == first
    shutil.move(tmp_path / "corpus", tmp_path / "elsewhere")
    moved = [tmp_path / "elsewhere" / path.name for path in recordings]
    assert list(digests.digests_of(moved, cache).values()) == list(first.values())
    assert str(recordings[0]) not in (cache / "digests.json").read_text()  # what is gone is forgotten


def test_a_file_that_has_just_changed_is_not_remembered(recordings, tmp_path, read, monkeypatch):
    monkeypatch.setattr(digests, "SETTLED_NS", 10**12)
    for _ in range(2):
        digests.digests_of(recordings[:1], tmp_path / "cache")
    assert read == ["0.wav", "0.wav"]


@pytest.mark.parametrize(
    "contents",
    [
        *(
            b"",
            b"\0" * 100,
            b"[1]",
            b'{"format": 2}',
            b'{"format": 2, "sha256": "", "files": {"a": [1]}}',
            b"[" * 10**5,
        ),
        b'{"format": 2, "sha256": "", "files": {"a": {"1": 1, "2": 2, "3": 3, "4": 4}}}',
    ],
)
def test_a_damaged_cache_is_made_anew(recordings, tmp_path, contents):
    cache = tmp_path / "cache"
    first = digests.digests_of(recordings, cache)
    whole = (cache / "digests.json").read_bytes()
    (cache / "digests.json").write_bytes(contents)
    assert digests.digests_of(recordings, cache) == first
    assert (cache / "digests.json").read_bytes() == whole


def test_a_flipped_digit_of_a_digest_is_noticed(recordings, tmp_path):
    cache = tmp_path / "cache"
    first = digests.digests_of(recordings, cache)
    text, digest = (cache / "digests.json").read_text(), first[recordings[0]]
    (cache / "digests.json").write_text(text.replace(digest, digest[::-1]))
    assert digests.digests_of(recordings, cache) == first


def test_a_missing_recording_is_one_line_that_names_it(recordings, tmp_path):
    recordings[3].unlink()
    with pytest.raises(AudioError, match=f"^{recordings[3]}: the file does not exist$"):
        digests.digests_of(recordings, tmp_path / "cache")


def test_a_cache_that_cannot_be_written_costs_time_only(recordings, tmp_path, read):
    (tmp_path / "file").write_text("")
    for _ in range(2):
        found = digests.digests_of(recordings, tmp_path / "file" / "cache")
    assert found[recordings[0]] == hashlib.sha256(bytes(1000)).hexdigest()
    assert len(read) == 10


def test_two_at_once_lose_nothing(recordings, tmp_path, read):
    cache = tmp_path / "cache"
    threads = [
        threading.Thread(target=digests.digests_of, args=(recordings[start : start + 3], cache)) for start in (0, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read.clear()
    digests.digests_of(recordings, cache)
    assert read == []


def test_a_thousand_unchanged_files_are_asked_for_in_a_tenth_of_a_second(tmp_path):
    paths = []
    for number in range(1000):
        paths.append(tmp_path / f"{number}.wav")
        paths[-1].write_bytes(b"x" * 100)
    digests.digests_of(paths, tmp_path / "cache")
    start = time.process_time()
    digests.digests_of(paths, tmp_path / "cache")
    assert time.process_time() - start < 0.1


def test_tensorflow_is_not_imported():
    code = "import sys, ser_tf.data.digests; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
