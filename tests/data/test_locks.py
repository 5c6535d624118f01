"""Locks of several processes and threads on one file."""

import multiprocessing
import os
import signal
import threading

import pytest

from ser_tf.data import locks


def _hold(path, held, release):
    with locks.exclusive(path):
        held.set()
        release.wait()


def test_one_holds_it_and_the_other_waits(tmp_path):
    path, order = tmp_path / "below" / "lock", []
    held, release = threading.Event(), threading.Event()
    first = threading.Thread(target=_hold, args=(path, held, release))
    first.start()
    held.wait()

    def second():
        with locks.exclusive(path) as is_held:
            order.append(is_held)

    waiting = threading.Thread(target=second)
    waiting.start()
    with locks.exclusive(path, wait=False) as is_held:
        assert not is_held and order == []
    release.set()
    first.join()
    waiting.join()
    assert order == [True]
    with locks.exclusive(path, wait=False) as is_held:
        assert is_held


def test_a_killed_process_gives_it_back(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    held, release = spawn.Event(), spawn.Event()
    process = spawn.Process(target=_hold, args=(tmp_path / "lock", held, release))
    process.start()
    assert held.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with locks.exclusive(tmp_path / "lock", wait=False) as is_held:
        assert is_held


def test_an_error_gives_it_back(tmp_path):
    with pytest.raises(ValueError), locks.exclusive(tmp_path / "lock"):
        raise ValueError
    with locks.exclusive(tmp_path / "lock", wait=False) as is_held:
        assert is_held
