"""A comparison set up: for each paper the run of its systems, all on the same recordings, classes and folds."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from ser_tf.compare import common, entrants
from ser_tf.compare.common import BASELINES
from ser_tf.compare.entrants import Entrant, Wanted
from ser_tf.corpora.base import Corpus
from ser_tf.errors import SettingError
from ser_tf.evaluation.schema import Conditions
from ser_tf.protocol import cross_corpus, ledger, material, sweep_plan
from ser_tf.protocol.arrangement import arranged
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.material import LoadedRun, chosen_folds
from ser_tf.protocol.paper import Paper, System
from ser_tf.protocol.runner import Failure, Job
from ser_tf.training import baselines


@dataclasses.dataclass
class Part:
    """The systems of one paper in a comparison.

    Attributes:
        paper: The paper, with the comparison's recordings, classes and folds.
        systems: Its systems.
        flags: The command's, with the assumptions of this paper.
        loaded: What its jobs share.
        folds: Folds by seed.
        failures: By job name, jobs without a result.
    """

    paper: Paper[Any]
    systems: tuple[System[Any], ...]
    flags: argparse.Namespace
    loaded: LoadedRun[Any]
    folds: Mapping[int, tuple[Fold, ...]]
    failures: Mapping[str, Failure] = dataclasses.field(default_factory=dict)

    @property
    def jobs(self) -> list[Job[Any]]:
        """Its systems on all folds with all seeds."""
        return [Job(system, fold, seed) for system in self.systems for seed in self.folds for fold in self.folds[seed]]

    @property
    def assumptions(self) -> dict[str, ledger.Value]:
        """All assumptions of the paper as `paper.assumption`."""
        return {f"{self.paper.key}.{key}": value for key, value in ledger.as_dict(self.loaded.run.ledger).items()}

    def key(self, system: System[Any]) -> str:
        """The row's key in the comparison, `paper.row`; baselines keep their own."""
        return system.key if self.paper.key == common.KEY else f"{self.paper.key}.{system.key}"

    def label(self, system: System[Any]) -> str:
        """The row's name in the comparison."""
        return system.label if self.paper.key == common.KEY else f"{self.paper.key}: {system.label}"


@dataclasses.dataclass(frozen=True)
class Contest:
    """A comparison.

    Attributes:
        parts: One for each paper in the order of the command line, and one for the baselines.
        left_out: Entrants that lack something.
        lines: What the user is told before anything is trained.
    """

    parts: tuple[Part, ...]
    left_out: tuple[Entrant, ...]
    lines: tuple[str, ...]

    @property
    def conditions(self) -> Conditions:
        """Describes how the table was made."""
        part = self.parts[0]
        own = part.paper.conditions(part.loaded.run.ledger) if part.paper.conditions else Conditions()
        styles = sorted({utterance.style for utterance in part.loaded.run.utterances.values()})
        flags = [*own.get("flags", []), *(["--folds-by", part.flags.folds_by] if part.flags.folds_by else [])]
        return {"style": " and ".join(styles), **own, "flags": flags}


def ledgers_of(wanted: Sequence[Wanted], flags: argparse.Namespace) -> dict[str, Any]:
    """Each paper's assumptions with those that `--set paper.assumption=value` changes.

    Raises:
        SettingError: an assumption that no paper of the comparison has, or a value that is not allowed.
    """
    papers = {each.paper.key: each.paper for each in wanted}
    given = entrants.by_paper("--set", flags.set, list(papers))
    return {key: ledger.override(paper.ledger, given[key]) for key, paper in papers.items()}


def set_up(wanted: Sequence[Wanted], flags: argparse.Namespace, output: Console) -> Contest:
    """Decides which systems run, and loads what each paper's jobs share.

    Args:
        wanted: What the command line asks for.
        flags: The command's.
        output: Where progress is shown.

    Raises:
        UserError: bad usage or bad data, or nothing is left to compare.
    """
    ledgers = ledgers_of(wanted, flags)
    swept = entrants.by_paper("--sweep", flags.sweep, list(ledgers))
    for key, wishes in swept.items():
        sweep_plan.parse(ledgers[key], wishes)
    corpus = material.load_corpus(flags, output)
    readable = _readable(wanted, ledgers, corpus, flags)
    lacking = {
        Entrant(each.paper, system).name: entrants.lacks(
            each.paper, system, ledgers[each.paper.key], readable[each.paper.key], flags
        )
        for each in wanted
        for system in each.candidates
    }
    chosen, lines = entrants.choose(wanted, lacking)
    left_out = [entrant for entrant in chosen if entrant.lacks]
    running = [entrant for entrant in chosen if not entrant.lacks]
    lines += [f"left out: {entrant.name} {entrant.lacks}" for entrant in left_out]
    if not running:
        raise SettingError(
            f"nothing is left to compare: {'; '.join(line.removeprefix('left out: ') for line in lines)}"
        )
    if twice := [entrant.name for entrant in running if running.count(entrant) > 1]:
        raise SettingError(f"{twice[0]}: given twice")
    return Contest(
        tuple(_parts(running, ledgers, swept, corpus, readable, flags, output)), tuple(left_out), tuple(lines)
    )


def _readable(
    wanted: Sequence[Wanted], ledgers: Mapping[str, Any], corpus: Corpus, flags: argparse.Namespace
) -> dict[str, Corpus]:
    """For each paper the corpus with the alignments that the user gives it."""
    found = {}
    for paper in {each.paper.key: each.paper for each in wanted}.values():
        task = paper.task(ledgers[paper.key])
        aligns = task.needs_alignment and any(getattr(flags, option.name) is not None for option in paper.options)
        chosen = dataclasses.replace(task.on(corpus.name), expected={})
        made = material.prepared(paper, corpus, chosen, ledgers[paper.key], flags).corpus if aligns else corpus
        found[paper.key] = made
    return found


def _parts(  # noqa: PLR0913 - what was decided before
    running: Sequence[Entrant],
    ledgers: Mapping[str, Any],
    swept: Mapping[str, Sequence[str]],
    corpus: Corpus,
    readable: Mapping[str, Corpus],
    flags: argparse.Namespace,
    output: Console,
) -> list[Part]:
    papers = {entrant.paper.key: entrant.paper for entrant in running}
    first = cross_corpus.parts_of(corpus)[0].name
    task = common.common_task([paper.task(ledgers[key]) for key, paper in papers.items()], first)
    task = material.chosen_task(task, corpus, flags.classes)
    readers = {
        entrant.paper.key
        for entrant in running
        if entrant.system.words and entrant.paper.task(ledgers[entrant.paper.key]).needs_alignment
    }
    aligned = frozenset.intersection(*(common.with_words(readable[key]) for key in readers)) if readers else None
    parts = []
    for paper in (*papers.values(), BASELINES):
        systems = tuple(entrant.system for entrant in running if entrant.paper.key == paper.key) or baselines.ROWS
        made = common.compared(paper, task, flags.folds_by, paper.key in readers, aligned)
        made = arranged(made, flags)
        own = argparse.Namespace(
            **{**vars(flags), "classes": None, "set": _given(flags.set, paper), "sweep": swept.get(paper.key, [])}
        )
        loaded = material.load_run(made, own, ledgers.get(paper.key, paper.ledger), output, corpus)
        folds = {seed: chosen_folds(made, loaded.run, seed, own) for seed in own.seeds}
        parts.append(Part(made, systems, own, loaded, folds))
    return parts


def _given(items: Sequence[str], paper: Paper[Any]) -> list[str]:
    """A paper's own of `--set paper.assumption=value ...`."""
    start = f"{paper.key}."
    return [item.removeprefix(start) for item in items if item.startswith(start)]
