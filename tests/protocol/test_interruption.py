"""Runs in processes of their own: killed, interrupted, in parallel; none of it changes what comes out."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ser_tf.protocol import executors
from tests.protocol.test_runner import contents, fold_files, run
from tests.protocol.toy import FIRST, SECOND

pytestmark = pytest.mark.slow  # it trains

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240
"""On a machine that others keep busy, processes start slowly; on an idle one nothing here takes ten seconds."""
FLAGS = ("--folds", FIRST, SECOND, "--rows", "centroids", "slow")
ROWS = ("centroids", "slow")


@pytest.fixture(scope="module")
def uninterrupted(emodb_root, tmp_path_factory):
    """The two rows in one go, in this process."""
    output = tmp_path_factory.mktemp("uninterrupted")
    assert run(emodb_root, output, *FLAGS, "--keep-models", rows=ROWS) == 0
    return contents(output)


def _start(emodb_root, output, folder, *flags):
    """Starts the toy table as a user does, in a process group as a terminal gives it."""
    folder.mkdir()
    argv = ["--corpus", "emodb", "--corpus-root", emodb_root, "--output", output, *FLAGS, *flags]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.protocol.toy", *map(str, argv)],
        cwd=ROOT,
        env={**os.environ, "TOY_FOLDER": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A terminal gives its programs an answered Ctrl-C; what runs these tests in the background may ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _lines_until(process, start):
    """Reads what the run prints up to the line that begins so: the parent has taken that result in."""
    shown = ""
    for line in process.stdout:
        shown += line
        if line.startswith(start):
            return shown
    raise AssertionError(f"the run ended without {start}: {shown} {process.communicate()}")


def _wait_for(process, *paths):
    for _ in range(10 * PATIENCE_SECONDS):
        if all(path.exists() for path in paths):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError(f"{paths} did not come")


def _others_of(group, seconds=10):
    """Processes of a group that are still there; Python's own bookkeeper of shared memory takes a moment to leave."""
    until = time.monotonic() + seconds
    while (found := _members_of(group)) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def _members_of(group):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(path.parent.name)
    return found


def _end(process):
    """Ends what a failed test may have left."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _results(output):
    folder = output / "toy2000" / "emodb" / "folds"
    return [folder / "centroids" / f"{SECOND}-seed0.json", folder / "slow" / f"{FIRST}-seed0.json"]


def test_a_killed_run_goes_on_to_the_same_files(uninterrupted, emodb_root, tmp_path):
    process = _start(emodb_root, tmp_path / "runs", tmp_path / "toy", "--workers", "1")
    try:
        _wait_for(process, *_results(tmp_path / "runs"), tmp_path / "toy" / f"waiting-{SECOND}")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        _end(process)
    kept = {path: path.stat().st_mtime_ns for path in fold_files(tmp_path / "runs")}
    assert len(kept) == 3
    # Half-written things of a killed writer must not be taken for results.
    (tmp_path / "runs" / "toy2000" / "emodb" / "folds" / "slow" / ".0123.tmp").write_text('{"half": ')
    assert run(emodb_root, tmp_path / "runs", *FLAGS, rows=ROWS) == 0
    assert contents(tmp_path / "runs") == uninterrupted
    assert {path: path.stat().st_mtime_ns for path in fold_files(tmp_path / "runs")}.items() >= kept.items()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_is_one_line_and_loses_nothing_finished(uninterrupted, emodb_root, tmp_path, workers):
    """With two workers the rest is then run by two as well: the same bits as in one process."""
    process = _start(emodb_root, tmp_path / "runs", tmp_path / "toy", "--workers", workers)
    try:
        _wait_for(process, *_results(tmp_path / "runs"), tmp_path / "toy" / f"waiting-{SECOND}")
        shown = _lines_until(process, "[3/4]")
        os.killpg(process.pid, signal.SIGINT)
        output, error = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        _end(process)
    assert process.returncode == 130
    assert error == (
        f"interrupted: 3 of 4 fold results are finished and kept in {tmp_path / 'runs' / 'toy2000' / 'emodb'};"
        " the same command goes on from there\n"
    )
    assert _others_of(process.pid) == []
    assert len(fold_files(tmp_path / "runs")) == 3 and (shown + output).count("seed 0:") == 3
    if workers == "1":
        return
    for path in fold_files(tmp_path / "runs"):
        if path.parent.name == "centroids":
            path.unlink()  # so that there is work for two
    assert run(emodb_root, tmp_path / "runs", *FLAGS, "--workers", "2", rows=ROWS) == 0
    assert contents(tmp_path / "runs") == uninterrupted


def test_workers_end_with_a_run_that_is_killed(emodb_root, tmp_path):
    process = _start(emodb_root, tmp_path / "runs", tmp_path / "toy", "--workers", "2")
    try:
        _wait_for(process, tmp_path / "toy" / f"waiting-{SECOND}")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE_SECONDS)
        assert _others_of(process.pid) == []
    finally:
        _end(process)


def test_replacing_workers_changes_nothing(uninterrupted, emodb_root, tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "JOBS_PER_PROCESS", 1)
    assert run(emodb_root, tmp_path / "runs", *FLAGS, "--keep-models", "--workers", "2", rows=ROWS) == 0
    assert contents(tmp_path / "runs") == uninterrupted


def test_a_worker_that_dies_is_one_clear_line(emodb_root, tmp_path, capsys):
    flags = ("--folds", FIRST, SECOND, "--workers", "2")
    assert run(emodb_root, tmp_path / "runs", *flags, rows=("dying",)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: a worker died while running dying ") and error.count("\n") == 1
    assert "fewer --workers" in error
