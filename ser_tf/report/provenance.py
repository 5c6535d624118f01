"""Provenance and cost of a table: leaks, code, versions, recordings, time, memory, machine."""

from collections.abc import Sequence

from ser_tf.evaluation import wording
from ser_tf.evaluation.layout import Section
from ser_tf.evaluation.schema import Summary
from ser_tf.protocol.leaks import Finding
from ser_tf.report.document import Part
from ser_tf.report.folder import FoldFacts, Manifest
from ser_tf.report.grids import text_grid

PARTS = {"train": "training set", "validation": "validation set"}
PURPOSES = {"train": "training", "selection": "choosing the epoch", "normaliser": "normalising"}
MIB_A_GIB = 1024


def leaks_part(section: Section | None, checks: Sequence[Finding] | None, place: str) -> Part:
    """Shows the findings of the leak report, and its checks.

    Args:
        section: The section of the table's page, or None where nothing was found.
        checks: The checks of `leaks.json`, or None.
        place: Id of the part.
    """
    found = section.notes if section else ("The leak report found nothing.",)
    if not checks:
        return Part(place, "Leaks", lead=found, notes=("The individual checks are not in this folder.",))
    groups: dict[tuple[str, str], list[Finding]] = {}
    for check in checks:
        what = check.check if check.part == "test" else f"{check.check}, {check.part} set"
        groups.setdefault((what, _against(check.against)), []).append(check)
    rows = [
        (what, against, str(len(group)), str(sum(check.shared > 0 for check in group)), _examples(group))
        for (what, against), group in groups.items()
    ]
    columns = ("Of the test set", "Looked for in", "Checks", "With a finding", "Examples")
    return Part(place, "Leaks", lead=found, grids=(text_grid("Checks for leaks", columns, rows),))


def _against(against: str) -> str:
    """A set, or what trainings recorded that they read, without the names of the trainings."""
    purpose, separator, _ = against.partition(" of ")
    return f"what was read for {PURPOSES.get(purpose, purpose)}" if separator else PARTS.get(against, against)


def _examples(group: Sequence[Finding]) -> str:
    examples = dict.fromkeys(example for check in group for example in check.examples)
    return "; ".join(list(examples)[:3])


def cost_part(summary: Summary, manifest: Manifest | None, place: str) -> Part:
    """Time, epochs, memory and machine.

    Args:
        summary: The content of `summary.json`.
        manifest: What the table was made from, or None.
        place: Id of the part.
    """
    trainings = [training for row in summary["rows"] for training in row["epochs"]]
    facts = [("Training time", wording.duration(summary["seconds"])), ("Trainings", str(len(trainings)))]
    epochs = wording.extent([training["trained"] for training in trainings])
    facts.append(("Epochs of a training", epochs if epochs != wording.DASH else "not recorded"))
    if manifest and manifest.folds:
        peak = max(fold.peak_memory_mb for fold in manifest.folds) / MIB_A_GIB
        facts.append(("Largest memory of a process", f"{peak:.1f} GiB"))
    machine = summary["machine"] or {}
    facts.append(("Machine", ", ".join(f"{name} {value}" for name, value in machine.items()) or "not recorded"))
    return Part(place, "Cost", facts=tuple(facts))


def code_part(summary: Summary, manifest: Manifest | None, place: str) -> Part:
    """Commit, digests and versions.

    Args:
        summary: The content of `summary.json`.
        manifest: What the table was made from, or None.
        place: Id of the part.
    """
    code = summary["code"] or {"commit": None, "digest": None}
    facts = [("Commit", code["commit"] or "not recorded"), ("Digest of the code", code["digest"] or "not recorded")]
    folds = manifest.folds if manifest else ()
    facts.append(("Versions", _versions(folds) or "not in this folder"))
    if manifest:
        facts.append(("Recordings, SHA-256", manifest.recordings or "not recorded"))
    notes = []
    if manifest and manifest.files:
        results = wording.counted(len(manifest.files), "fold result")
        absent = len(manifest.files) - len(folds)
        notes.append(f"Made from {results}" + (f", {absent} of which are not in this folder." if absent else "."))
    if number := sum(fold.changed for fold in folds):
        notes.append(f"{number} of them changed after the table was made: run it again to have their numbers.")
    return Part(place, "Code and versions", facts=tuple(facts), notes=tuple(notes))


def _versions(folds: Sequence[FoldFacts]) -> str:
    """Lists each library with all versions that occur."""
    found: dict[str, list[str]] = {}
    for fold in folds:
        for name, version in fold.versions.items():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return ", ".join(f"{name} {' and '.join(sorted(versions))}" for name, versions in found.items())
