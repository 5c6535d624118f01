"""Tables whose code has changed since they were made are listed."""

import json

import pytest

from experiments import stale_results
from ser_tf import cli, code_digest, papers


@pytest.fixture
def folder(tmp_path):
    """A table of three rows: of today's code, of other code, and of a version that named none."""
    now = code_digest.digest_of(papers.load("mirsamadi2017").systems["svm_full"].fit)
    made = {"svm_full": now, "lld_mean_pool": "0" * 64, "dnn_full": None}
    results = [
        {"file": f"mirsamadi2017/emodb/folds/{row}/{fold}-seed0.json", "record": "", "code": code}
        for row, code in made.items()
        for fold in ("one", "two")
    ]
    place = tmp_path / "mirsamadi2017_table3" / "emodb"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps({"results": results}))
    return tmp_path


def test_each_stale_row_is_named_with_the_reason(folder, capsys):
    assert cli.status_of(stale_results.main, [str(folder)]) == cli.FAILED
    assert capsys.readouterr().out.splitlines() == [
        "mirsamadi2017_table3/emodb: 2 stale rows",
        "  lld_mean_pool: made by other code",
        "  dnn_full: made before results named their code",
    ]


@pytest.mark.parametrize("content", [None, "{", '{"results": [{}]}', "[]"])
def test_a_folder_without_a_readable_manifest_is_one_line(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    assert cli.status_of(stale_results.main, [str(tmp_path)]) == cli.BAD_INPUT
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}") and "Traceback" not in capsys.readouterr().err
