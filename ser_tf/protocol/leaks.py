"""The leak report: what a fold's test set shares with the sets used for fitting or selecting.

`utterances`, `speakers` and `sessions` follow from the folds; `text` finds the same words in both sets (scripted
dialogs and read sentences repeat across speakers). What each training actually read, by the record of its views, is
compared with its test set too.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_tf.corpora.base import Utterance
from ser_tf.evaluation.schema import Conditions
from ser_tf.protocol.context import FIT_PURPOSES
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.results import FoldResult

EXAMPLES = 3
SHOWN = {
    "text": "sentences",
    "recordings": "recordings (identical files)",
    "train": "the training set",
    "validation": "the validation set",
}
"""Names of checks and sets in sentences."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One check of one fold.

    Attributes:
        check: `utterances`, `speakers`, `sessions`, `text` or `recordings` (identical files under several names).
        fold: The fold's name.
        against: The set or purpose compared with the test set.
        shared: Number of values in both.
        of: Number of values in the test set.
        examples: Some of the shared values.
        part: The set whose values should occur nowhere else: `test`, or `validation` for speed-perturbed copies.
    """

    check: str
    fold: str
    against: str
    shared: int
    of: int
    examples: tuple[str, ...]
    part: str = "test"

    @property
    def text(self) -> str:
        """Describes the finding in one line."""
        return (
            f"{self.fold}: {self.shared} of {self.of} {SHOWN.get(self.check, self.check)} of the {self.part} set are"
            f" also in {SHOWN.get(self.against, self.against)}"
        )


def twins_of(utterances: Mapping[str, Utterance], contents: Mapping[Path, str]) -> dict[str, str]:
    """Finds recordings that occur under several names.

    Args:
        utterances: By id.
        contents: Digest of each audio file.

    Returns:
        For each utterance the first id, in alphabetical order, of those that are the same part of identical files.
    """
    first: dict[tuple[str, float, float | None], str] = {}
    found = {}
    for key in sorted(utterances):
        utterance = utterances[key]
        part = (contents[utterance.path], utterance.start_seconds, utterance.end_seconds)
        found[key] = first.setdefault(part, key)
    return found


def inspect_folds(
    folds: Sequence[Fold], utterances: Mapping[str, Utterance], twins: Mapping[str, str] | None = None
) -> list[Finding]:
    """Compares the test set of each fold with its training and validation sets.

    Args:
        folds: The folds.
        utterances: By id.
        twins: Result of `twins_of`, or None if identical recordings are not known.

    Returns:
        One finding for each fold, set and check, even if nothing is shared.
    """
    properties: dict[str, Callable[[Utterance], str | None]] = {
        "utterances": lambda utterance: utterance.id,
        "speakers": lambda utterance: utterance.speaker,
        "sessions": lambda utterance: utterance.session,
        "text": _text,
    }
    if twins is not None:
        properties["recordings"] = lambda utterance: twins[utterance.id]
    findings = []
    for fold in folds:
        for part in ("train", "validation"):
            for check, of in properties.items():
                test = _values(fold.test, utterances, of)
                shared = sorted(test & _values(getattr(fold, part), utterances, of))
                findings.append(Finding(check, fold.name, part, len(shared), len(test), tuple(shared[:EXAMPLES])))
    return findings


def _text(utterance: Utterance) -> str | None:
    """Returns the transcript with normalised spelling, or None if there is none."""
    if not utterance.transcript:
        return None
    return " ".join(
        "".join(letter for letter in utterance.transcript.lower() if letter.isalnum() or letter == " ").split()
    )


def _values(ids: Sequence[str], utterances: Mapping[str, Utterance], of: Callable[[Utterance], str | None]) -> set[str]:
    return {value for utterance_id in ids if (value := of(utterances[utterance_id])) is not None}


def inspect_uses(results: Sequence[FoldResult]) -> list[Finding]:
    """Compares what each training fitted on, normalised by or selected on with its test set.

    Returns:
        One finding for each result and purpose, even if nothing is shared.
    """
    findings = []
    for result in results:
        for purpose, used in result.uses.items():
            if purpose not in FIT_PURPOSES:
                continue
            against = f"{purpose} of {result.row} seed {result.seed}"
            findings.append(
                Finding("utterances", result.fold, against, used["in_test_part"], len(result.ids), examples=())
            )
            copies = used.get("copies", {})
            findings += [
                Finding("copies at another speed", result.fold, against, copies[part], copies["all"], (), part)
                for part in ("test", "validation")
                if copies
            ]
    return findings


def found(findings: Sequence[Finding]) -> list[str]:
    """Describes what is shared, one line per check; empty if nothing is."""
    lines: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        if finding.shared:
            lines.setdefault((finding.check, finding.part, finding.against), []).append(finding)
    return [
        f"{SHOWN.get(check, check)} of the {part} set that are also in {SHOWN.get(against, against)}: "
        + ", ".join(f"{finding.shared} of {finding.of} ({finding.fold})" for finding in group)
        for (check, part, against), group in lines.items()
    ]


def document(findings: Sequence[Finding], conditions: Conditions) -> dict[str, Any]:
    """The content of `leaks.json`.

    Args:
        findings: All of them.
        conditions: How the run was made; says whether one corpus trains and another is tested.
    """
    return {
        "cross_corpus": conditions.get("cross_corpus"),
        "found": found(findings),
        "checks": [dataclasses.asdict(finding) for finding in findings],
    }
