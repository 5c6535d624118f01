import os
import threading

import pytest

from ser_tf import files
from ser_tf.errors import UserError


def test_writes_what_it_is_given_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b" / "table.md"
    assert files.atomic_write_text(path, "µ ± 1\r\n") == path
    assert path.read_bytes() == "µ ± 1\r\n".encode()
    files.atomic_write_bytes(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert [entry.name for entry in path.parent.iterdir()] == ["table.md"]


def test_new_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    files.atomic_write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch, error):
    path = tmp_path / "summary.json"
    path.write_text("old")

    def interrupted(*_):
        raise error

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(UserError if isinstance(error, OSError) else KeyboardInterrupt):
        files.atomic_write_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.parametrize("place", ["file/inside", "file/deep/inside", "folder"])
def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError) as caught:
        files.atomic_write_text(tmp_path / place, "text")
    message = str(caught.value)
    assert str(tmp_path / place) in message and "\n" not in message
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_writers_at_once_leave_one_whole_file(tmp_path):
    path = tmp_path / "shared"
    texts = [letter * 200_000 for letter in "abcd"]
    threads = [threading.Thread(target=files.atomic_write_text, args=(path, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert [entry.name for entry in tmp_path.iterdir()] == ["shared"]
