"""A folder of results with everything in it, written as runs write it."""

import dataclasses
import json

from ser_tf import papers
from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.summary import Claim, build_summary
from ser_tf.evaluation.sweep import SweptAssumption, SweptRow, Variant, build_sweep
from ser_tf.evaluation.sweep_forms import write_sweep
from ser_tf.evaluation.write import write_results
from ser_tf.protocol import ledger
from ser_tf.protocol.leaks import Finding
from ser_tf.protocol.record import Circumstances, Record
from ser_tf.protocol.results import FoldResult
from tests.evaluation.simulated import CLASSES, simulated_folds

PLACE = "mirsamadi2017_table3/emodb"
MEAN, WEIGHTED, SVM = (simulated_folds(skill, seed, num_speakers=12) for seed, skill in enumerate((0.45, 0.9, 0.55), 1))
ROWS = (
    RowResult("lld_mean_pool", "Mean pool", {"wa": 0.627, "ua": 0.572}, MEAN),
    RowResult("lld_weighted_pool", "Weighted pool", {"wa": 0.635, "ua": 0.588}, WEIGHTED),
    RowResult("svm_full", "SVM", {"wa": 0.578, "ua": 0.557}, SVM),
)
CLAIM = Claim("weighted pool better than mean pool", "lld_weighted_pool", "lld_mean_pool")
CHANGED = {"svm_c": 4.0, "happy_includes_excited": True}
FINDING = Finding("text", "Ses01", "train", 3, 10, ("hello there",))
VERSIONS = {"ser_tf": "0.1.0", "python": "3.11.7", "keras": "3.15.0"}


def summary_of(**changes):
    """A summary of three rows, in which the weighted pool is significantly better than every other row."""
    settings = {
        "experiment": "mirsamadi2017_table3", "task": "mirsamadi2017", "classes": CLASSES, "corpus": "emodb",
        "corpus_kind": "other", "corpus_notes": [], "seeds": (0,), "smoke": False, "rows": ROWS, "claims": [CLAIM],
        "assumptions": ledger.as_dict(papers.load("mirsamadi2017").ledger) | CHANGED, "leaks": ["text: 3 of 10"],
        "seconds": 4479.0, "pairwise_metric": "ua", "machine": {"processor": "x86", "cores": 2},
        "code": {"commit": "c0ffee" * 6, "digest": "d1" * 32},
    }  # fmt: skip
    return build_summary(**settings | changes)


def fold_result(code="code"):
    circumstances = Circumstances(code, "recordings", {"test": "t"}, CLASSES, {}, 0, smoke=False)
    return FoldResult(
        paper="mirsamadi2017", row="svm_full", corpus="emodb", task="mirsamadi2017", classes=CLASSES, fold="Ses01",
        seed=0, smoke=False, settings={}, overridden={}, ids=("a",), speakers=("s",), truth=(0,),
        posteriors=((1.0, 0.0, 0.0, 0.0),), epochs=None, seconds=1.0, stage_seconds={}, peak_memory_mb=3072.0,
        versions=VERSIONS, uses={}, parts={}, record=Record(circumstances, {}, {}, {}, "c0ffee" * 6),
    )  # fmt: skip


def write_table(root, summary=None, place=PLACE):
    """Writes a table's folder with its sweep, leak report, manifest and one fold result; returns the folder."""
    folder = root / place
    summary = summary or summary_of()
    write_results(folder, summary)
    swept = SweptAssumption("svm_c", "1.0", (Variant("0.5", ROWS[0].folds), Variant("2.0", (), "out of memory")))
    sweep = build_sweep(
        experiment=summary["experiment"], corpus=summary["corpus"], smoke=False, classes=CLASSES,
        rows=[SweptRow("svm_full", "SVM", ROWS[2].folds, (swept,))], unread={"svm_c": ["lld_mean_pool"]},
    )  # fmt: skip
    write_sweep(folder, sweep)
    (folder / "sweep.png").replace(folder / "fig2.png")
    write_sweep(folder, sweep)
    checks = [FINDING, dataclasses.replace(FINDING, check="speakers", shared=0, examples=())]
    _write(folder / "leaks.json", {"found": [], "checks": list(map(dataclasses.asdict, checks))})
    file = "mirsamadi2017/emodb/folds/svm_full/Ses01-seed0.json"
    results = [{"file": file, "record": fold_result().digest}, {"file": "gone.json", "record": ""}]
    _write(folder / "manifest.json", {"corpus": "emodb", "corpus_sha256": "5a" * 32, "folds": {}, "results": results})
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(fold_result().to_json())
    return folder


def _write(path, content):
    path.write_text(json.dumps(content))
