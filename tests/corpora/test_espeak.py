"""The generated corpus where eSpeak NG is not to be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ser_tf import corpora

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("raise ImportError('no wheel')", "espeakng-loader is not installed: pip install espeakng-loader"),
        ("def get_library_path(): return '/nowhere/espeak.so'", "eSpeak NG cannot be loaded on this system"),
    ],
)
def test_without_espeak_a_corpus_that_is_there_is_read_and_one_line_says_why_none_is_made(
    broken, message, synthetic_root, tmp_path
):
    (tmp_path / "espeakng_loader.py").write_text(broken)
    code = "import sys; from ser_tf import corpora; print(len(corpora.load('synthetic', sys.argv[1]).utterances))"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    read = subprocess.run(
        [sys.executable, "-c", code, synthetic_root], env=environment, capture_output=True, text=True, check=True
    )
    assert int(read.stdout) == len(corpora.load("synthetic", synthetic_root).utterances)
    made = subprocess.run(
        [sys.executable, "-m", "ser_tf.corpora.synthetic", "--output", tmp_path / "new"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 2 and made.stderr.startswith(f"error: {message}")
    assert made.stderr.count("\n") == 1 and not (tmp_path / "new").exists()
