"""The commands of the page run the tables that they stand beside."""

import shlex
import shutil
from pathlib import Path

import pytest

from ser_tf import papers
from ser_tf.evaluation import older
from ser_tf.protocol import ledger, sweep_plan
from ser_tf.protocol.flags import check, chosen_rows, parser_of
from ser_tf.report import folder
from ser_tf.report.assembly import assemble
from tests.report import runs

COMMITTED = Path(__file__).parents[2] / "experiments" / "results"


def commands_of(root):
    """By experiment and corpus, the commands of every table."""
    report = assemble(folder.read(root), "runs")
    return {
        (entry.experiment, entry.name.rpartition(" on ")[2]): [
            command.text for part in entry.parts for command in part.commands
        ]
        for group in report.groups
        for entry in group.entries
    }


def parsed(command):
    """The paper, the table, the flags and the ledger of a command."""
    start, given = shlex.split(command)[:4], shlex.split(command)[4:]
    assert start == ["python", "-m", "ser_tf", "table"]
    paper = papers.load(given[0])
    table = paper.table(int(given[1]))
    flags = parser_of(paper, table).parse_args(given[2:])
    check(flags)
    return paper, table, flags, ledger.override(paper.ledger, flags.set)


SUMMARIES = sorted(COMMITTED.glob("*/*/summary.json"))


@pytest.fixture(scope="module")
def committed():
    return commands_of(COMMITTED)


@pytest.mark.parametrize("path", SUMMARIES, ids=lambda path: path.parent.relative_to(COMMITTED).as_posix())
def test_committed_tables_are_run_again_with_their_rows_and_assumptions(committed, path):
    summary = older.read_summary(path)
    (command,) = committed[summary["experiment"], summary["corpus"]]
    paper, table, flags, assumptions = parsed(command)
    assert (paper.experiment(table), flags.corpus) == (summary["experiment"], summary["corpus"])
    assert (flags.seeds, flags.smoke) == (summary["seeds"], False)
    known = [row.key for row in table.rows]
    wanted = [row["key"] for row in summary["rows"] if row["key"] in known]
    assert {row.key for row in chosen_rows(table.rows, flags.rows)} == set(wanted)
    values = ledger.as_dict(assumptions)
    kept = {key: value for key, value in summary["assumptions"].items() if key in values}
    entries = {entry.key: entry for entry in ledger.entries(paper.ledger)}
    refused = {
        key for key, value in kept.items() if entries[key].choices and value not in entries[key].choices
    }  # fmt: skip
    assert {key: values[key] for key in kept.keys() - refused} == {key: kept[key] for key in kept.keys() - refused}


def test_changed_settings_seeds_statistics_and_sweeps_are_in_the_command(tmp_path):
    summary = runs.summary_of(seeds=(0, 3), smoke=True)
    summary["statistics"] |= {"unit": "session", "interval": "bootstrap"}
    runs.write_table(tmp_path, summary)
    table_command, sweep_command = commands_of(tmp_path)["mirsamadi2017_table3", "emodb"]
    _, _, flags, assumptions = parsed(table_command)
    assert (flags.seeds, flags.smoke, flags.cluster, flags.interval) == ([0, 3], True, "session", "bootstrap")
    assert ledger.overridden(assumptions) == runs.CHANGED and not flags.sweep and flags.folds is None
    assert sorted(flags.rows) == sorted(row.key for row in runs.ROWS)
    _, _, flags, assumptions = parsed(sweep_command)
    assert sorted(flags.rows) == ["lld_mean_pool", "svm_full"]
    assert sweep_plan.parse(assumptions, flags.sweep) == {"svm_c": ("0.5", "2.0")}


def test_folds_are_named_where_some_were_left_out(tmp_path):
    runs.write_table(tmp_path, runs.summary_of(corpus_notes=["2 of 5 folds (seed 0): Ses01, Ses02"], smoke=False))
    _, _, flags, _ = parsed(commands_of(tmp_path)["mirsamadi2017_table3", "emodb"][0])
    assert flags.folds == [f"Ses{number:02d}" for number in range(1, 7)]


def part_of(root):
    (group,) = assemble(folder.read(root), "runs").groups
    return group.entries[0].parts[-1]


def test_what_a_command_cannot_say_is_said_beside_it(tmp_path):
    changed = runs.summary_of(pairwise_metric=None)
    changed["assumptions"] |= {"window": "kaiser", "gone": 1}
    changed["rows"][0]["key"] = "earlier_row"
    runs.write_table(tmp_path, changed)
    part = part_of(tmp_path)
    assert "window=" not in part.commands[0].text and "earlier_row" not in part.commands[0].text
    assert "window = kaiser is no longer possible; the command takes the default." in part.notes
    assert "Rows that this version does not have: earlier_row." in part.notes
    assert "--corpus-root is the folder that holds emodb." in part.notes


def test_tables_of_no_paper_are_shown_without_a_command(tmp_path):
    shutil.copytree(runs.write_table(tmp_path / "one"), tmp_path / "two" / "pilot" / "emodb")
    summary = tmp_path / "two" / "pilot" / "emodb" / "summary.json"
    summary.write_text(summary.read_text().replace('"mirsamadi2017_table3"', '"pilot"'))
    (group,) = assemble(folder.read(tmp_path / "two"), "runs").groups
    assert (group.name, group.citation, group.ledger, group.entries[0].name) == (
        "pilot",
        "",
        None,
        "pilot on emodb",
    )
    assert group.entries[0].parts[-1].commands == ()
    (used,) = [part for part in group.entries[0].parts if part.heading == "Assumptions"]
    assert {row.cells[0].text for row in used.grids[0].rows} >= {"svm_c", "window"}
