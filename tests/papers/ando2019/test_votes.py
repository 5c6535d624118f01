"""Table 3 of ando2019 through the runner on a corpus with votes: all 14 cells, from five encoders."""

import importlib
import json

import pytest
import soundfile

from ser_tf import cli
from ser_tf.papers.ando2019 import PAPER
from tests.conftest import SAMPLE_RATE_HZ, tone
from tests.corpora import trees

ACTORS = {"1001": "Male", "1002": "Female", "1003": "Female"}
PITCH_HZ = {"ANG": 260.0, "HAP": 330.0, "NEU": 180.0, "SAD": 120.0, "DIS": 150.0}
ANOTHER = {"ANG": "S", "HAP": "N", "NEU": "H", "SAD": "N", "DIS": "A"}
"""Of three voters the last hears this, the others what was meant."""
FOLD = "1001"
ROWS = [row for row in PAPER.table(3).rows if row.origin == "paper"]
ENCODERS = {"hard", "soft_dominant", "soft_all", "mlee_dominant", "mlee_all"}


def write_voted(root):
    """CREMA-D's layout with six recordings of each of three actors, 0.4 s each; nobody voted on the last."""
    lines = [",".join(f'"{column}"' for column in trees.CREMA_D_COLUMNS)]
    for actor in ACTORS:
        for place, emotion in enumerate((*PITCH_HZ, "NEU")):
            stem = f"{actor}_{'IEO' if place < 5 else 'DFA'}_{emotion}_XX"
            given = [emotion[0], emotion[0], ANOTHER[emotion]] if place < 5 else []
            counts = ",".join(str(given.count(column)) for column in "ADFHNS")
            lines.append(f'"1{place:05d}",{counts},"{stem}",{len(given)}')
            (root / "AudioWAV").mkdir(parents=True, exist_ok=True)
            samples = tone(stem, PITCH_HZ[emotion], 0.3, 0.4)
            soundfile.write(root / "AudioWAV" / f"{stem}.wav", samples, SAMPLE_RATE_HZ, "PCM_16")
    trees.write_text(root / "tabulatedVotes.csv", "\n".join(lines) + "\n")
    people = (f'"{actor}",30,"{sex}"' for actor, sex in ACTORS.items())
    trees.write_text(root / "VideoDemographics.csv", "\n".join(['"ActorID","Age","Sex"', *people]) + "\n")
    return root


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder of results and the fold results of a smoke run of one fold, by row."""
    root = write_voted(tmp_path_factory.mktemp("voted") / "crema_d")
    output = tmp_path_factory.mktemp("runs")
    table3 = importlib.import_module("experiments.ando2019_table3").main
    argv = ["--smoke", "--corpus", "crema_d", "--corpus-root", str(root), "--output", str(output)]
    assert cli.status_of(table3, [*argv, "--workers", "1", "--folds", FOLD]) == 0
    folds = output / "ando2019" / "crema_d" / "folds"
    results = {row.key: json.loads((folds / row.key / f"{FOLD}-seed0.json").read_text()) for row in ROWS}
    return output / "ando2019_table3" / "crema_d", results


def test_all_fourteen_cells_run(ran):
    folder, results = ran
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["rows"]) == len(results) == 14
    assert {row["status"] for row in summary["rows"]} == {"run"}
    assert {row["verdict"] for row in summary["rows"]} == {"smoke"}
    assert {claim["verdict"] for claim in summary["claims"]} == {"smoke"}
    assert "tested on the emotion that was to be acted" in summary["corpus_note"]
    tested = {f"1001_{sentence}_XX" for sentence in ("IEO_ANG", "IEO_HAP", "IEO_NEU", "IEO_SAD", "DFA_NEU")}
    assert all({one["id"] for one in result["utterances"]} == tested for result in results.values())


def test_five_encoders_serve_all_rows(ran):
    _, results = ran
    stages = [result["stage_seconds"] for result in results.values()]
    assert {name for each in stages for name in each} == ENCODERS
    for name in ENCODERS:
        assert sum(each.get(name, 0) > 0 for each in stages) == 1, f"{name} was not trained once"
    assert results["fusion_soft_all"]["stage_seconds"].keys() == {"soft_all", "mlee_all"}
    assert results["pretrain_hard_dominant"]["stage_seconds"].keys() == {"mlee_dominant"}
