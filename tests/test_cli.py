import os
import subprocess
import sys

import pytest

from ser_tf import __main__ as main_module
from ser_tf import cli
from ser_tf.errors import AudioError, CorpusError, SettingError, UserError


@pytest.mark.parametrize("kind", [UserError, CorpusError, AudioError, SettingError])
def test_a_users_mistake_is_one_line_and_status_2(capsys, kind):
    def main(argv):
        raise kind("a.wav: broken\n  in two   places\nof it")

    assert cli.status_of(main, []) == 2
    output = capsys.readouterr()
    assert output.err == "error: a.wav: broken in two places of it\n" and output.out == ""


def test_the_status_of_main_is_passed_on_with_its_arguments():
    assert cli.status_of(lambda argv: len(argv), ["a", "b"]) == 2
    assert cli.status_of(lambda argv: 0, []) == 0


@pytest.mark.parametrize(("said", "line"), [("3 are done", "3 are done"), (None, "nothing further was done")])
def test_an_interruption_is_one_line_and_status_130(capsys, said, line):
    def main(argv):
        raise KeyboardInterrupt(*filter(None, [said]))

    assert cli.status_of(main, []) == 130
    assert capsys.readouterr().err == f"interrupted: {line}\n"


def test_a_mistake_of_the_programmer_is_not_hidden():
    def main(argv):
        raise KeyError("row")

    with pytest.raises(KeyError):
        cli.status_of(main, [])


def _parser():
    parser = cli.ArgumentParser(prog="python -m tool")
    parser.add_argument("--number", type=int)
    parser.add_argument("--kind", choices=("a", "b"))
    parser.add_argument("--needed", required=True)
    return parser


@pytest.mark.parametrize(
    "argv",
    [["--needed"], ["--needed", "x", "--number", "1.5"], ["--needed", "x", "--kind", "c"], [], ["--needed", "x", "y"],
     ["--needed", "x", "--unknown"]],
)  # fmt: skip
def test_bad_usage_is_one_line_that_points_to_help(capsys, argv):
    assert cli.status_of(lambda given: len(vars(_parser().parse_args(given))), argv) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert error.endswith("(see python -m tool --help)\n") and "usage:" not in error


def test_help_is_status_0(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.status_of(lambda argv: _parser().parse_args(argv), ["--help"])
    assert ended.value.code == 0 and "--number" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["validate", "report"])
def test_a_subcommand_shows_the_name_that_it_was_called_by(capsys, monkeypatch, name):
    """The others import TensorFlow; `called_as` serves all alike."""
    for argv0, program in (("/usr/bin/ser-tf", "ser-tf"), (main_module.__file__, "python -m ser_tf")):
        monkeypatch.setattr(sys, "argv", [argv0])
        with pytest.raises(SystemExit):
            main_module.main([name, "--help"])
        assert capsys.readouterr().out.startswith(f"usage: {program} {name} ")


def test_outside_of_a_subcommand_a_parser_has_its_own_name():
    with cli.called_as("ser-tf tool"):
        assert _parser().prog == "ser-tf tool"
    assert _parser().prog == "python -m tool"


SCRIPT = "from ser_tf import cli\ndef main(argv):\n    {body}\ncli.run(main)"


def _run(body, *argv, **settings):
    command = [sys.executable, "-c", SCRIPT.format(body=body), *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **settings)


def test_run_leaves_the_process_with_the_status():
    ended = _run("import sys; print(argv); return 1", "--rows", "a")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "['--rows', 'a']\n", "")


def test_a_closed_pipe_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    body = "[print('x' * 100, flush=True) for _ in range(1000)]; return 0"
    command = [sys.executable, "-c", SCRIPT.format(body=body)]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert ended.returncode == 0 and ended.stderr == ""
