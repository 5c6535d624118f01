"""Ctrl-C while modules are imported."""

import os
import signal
import subprocess
import sys

import pytest

from ser_tf import interruption

SLOW = """
import signal, sys, time
sys.orig_argv = ["python", "-m", "experiments.mirsamadi2017_table3"]
import ser_tf
from ser_tf import cli
print("importing", flush=True)
try:
    time.sleep(60)
except BaseException:
    print("swallowed, as an import may do")
"""


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["python", "-m", "experiments.mirsamadi2017_table3", "--smoke"], True),
        (["python", "-m", "ser_tf.predict", "x"], True),
        (["python", "-X", "utf8", "-m", "ser_tf"], True),
        (["python", "/venv/bin/ser-tf", "predict"], True),
        (["python", "-m", "pytest"], False),
        (["python", "-m"], False),
        (["python", "mine.py", "ser-tf"], False),
        (["python"], False),
    ],
)
def test_only_the_projects_commands_answer(argv, expected):
    assert interruption.is_command(argv) == expected


def test_ctrl_c_during_imports_is_one_line_and_status_130():
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=60)
    assert (process.returncode, output, error) == (130, "", "interrupted: nothing was done\n")


def test_a_program_of_others_keeps_its_own_answer():
    before = signal.getsignal(signal.SIGINT)
    interruption.end()
    assert signal.getsignal(signal.SIGINT) is before
