"""Notices that native libraries print while they are imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ser_tf import native_messages

ROOT = Path(__file__).parents[1]
NATIVE = """
import os
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n")
os.write(2, b"I0000 00:00:1795555802.940226   31883 port.cc:153] custom operations are on.\\n")
os.write(2, b"W0000 00:00:1795555802.940226   31883 port.cc:153] a warning\\n")
VALUE = 1
"""


def run(code, folder):
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


@pytest.fixture
def native(tmp_path):
    (tmp_path / "native.py").write_text(NATIVE)
    return tmp_path


def test_warnings_come_through_and_notices_do_not(native):
    code = "from ser_tf import native_messages; native_messages.quieten_import('native'); import native, sys; "
    done = run(code + "print(native.VALUE); print('after', file=sys.stderr)", native)
    assert done.stdout == "1\n"
    assert done.stderr == "W0000 00:00:1795555802.940226   31883 port.cc:153] a warning\nafter\n"


def test_a_failing_import_fails_as_ever(native):
    (native / "native.py").write_text(NATIVE + "raise ImportError('no such library')\n")
    code = "from ser_tf import native_messages; native_messages.quieten_import('native'); import native"
    done = run(code, native)
    assert done.returncode == 1 and "I0000" not in done.stderr
    assert done.stderr.endswith("ImportError: no such library\n")


def test_a_module_that_is_not_there_is_said_to_be_so(native):
    code = "from ser_tf import native_messages; native_messages.quieten_import('absent'); import absent"
    assert run(code, native).stderr.endswith("ModuleNotFoundError: No module named 'absent'\n")


def test_an_interruption_meanwhile_reaches_the_terminal(native):
    (native / "native.py").write_text("from ser_tf import interruption; interruption._leave(2, None)\n")
    code = "from ser_tf import native_messages; native_messages.quieten_import('native'); import native"
    done = run(code, native)
    assert (done.returncode, done.stderr) == (130, "interrupted: nothing was done\n")


def test_tensorflow_is_imported_without_a_word(tmp_path):
    done = run("import ser_tf, tensorflow", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_terminal_is_stderr_otherwise():
    assert native_messages.terminal() == 2
