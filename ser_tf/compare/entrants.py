"""The compared systems: `PAPER:ROW` on the command line, and the requirements of each on the corpus."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ser_tf import papers
from ser_tf.corpora.base import Corpus
from ser_tf.errors import SettingError
from ser_tf.protocol.cross_corpus import parts_of
from ser_tf.protocol.paper import Paper, System
from ser_tf.protocol.sweep_plan import ALL


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A system requested on the command line.

    Attributes:
        paper: The paper.
        candidates: One system; or the paper's main one and those that take its place on a corpus that lacks what it
            needs.
    """

    paper: Paper[Any]
    candidates: tuple[System[Any], ...]


@dataclasses.dataclass(frozen=True)
class Entrant:
    """A system that is compared, or left out.

    Attributes:
        paper: Its paper.
        system: The system.
        lacks: Why it is left out, in a phrase; "" where it runs.
    """

    paper: Paper[Any]
    system: System[Any]
    lacks: str = ""

    @property
    def name(self) -> str:
        """As the command line has it."""
        return f"{self.paper.key}:{self.system.key}"


def parse(texts: Sequence[str]) -> list[Wanted]:
    """Reads `PAPER:ROW ...`; a paper by itself stands for its main system, nothing for those of all papers.

    Args:
        texts: As on the command line.

    Raises:
        SettingError: an unknown paper or row, or one that comes twice.
    """
    wanted = [_parse_one(text) for text in texts or papers.keys()]
    chosen = [(each.paper.key, each.candidates[0].key) for each in wanted]
    if twice := [pair for pair in chosen if chosen.count(pair) > 1]:
        raise SettingError(f"{':'.join(twice[0])}: given twice")
    return wanted


def _parse_one(text: str) -> Wanted:
    key, separator, row = text.partition(":")
    paper = papers.load(key)
    own = {name: system for name, system in paper.systems.items() if system.origin != "baseline"}
    if not separator:
        if not paper.main:
            raise SettingError(f"{key}: names no main system; give one as {key}:ROW, of {', '.join(own)}")
        return Wanted(paper, tuple(own[name] for name in paper.main))
    if row not in own:
        raise SettingError(f"{text}: {key} has no such row to train; there are {', '.join(own)}")
    return Wanted(paper, (own[row],))


def choose(wanted: Sequence[Wanted], lacking: Mapping[str, str]) -> tuple[list[Entrant], list[str]]:
    """Decides which systems run.

    Args:
        wanted: What the command line asks for.
        lacking: By `PAPER:ROW`, what the corpus or the command line lacks of what a system needs; "" for nothing.

    Returns:
        The entrants, those that are left out as well, and one line for each that another one takes the place of.
    """
    entrants, lines = [], []
    for each in wanted:
        tried = [Entrant(each.paper, system) for system in each.candidates]
        runs = next((entrant for entrant in tried if not lacking[entrant.name]), None)
        if runs is None:
            runs = dataclasses.replace(tried[0], lacks=lacking[tried[0].name])
        elif runs is not tried[0]:
            lines.append(f"{runs.name} takes the place of {tried[0].name}, which {lacking[tried[0].name]}")
        entrants.append(runs)
    return entrants, lines


def lacks(paper: Paper[Any], system: System[Any], ledger: Any, corpus: Corpus, flags: argparse.Namespace) -> str:
    """Names what a system needs and lacks, in a phrase that follows its name; "" if nothing is missing.

    Args:
        paper: Its paper.
        system: The system.
        ledger: The paper's assumptions.
        corpus: The corpus, with the user's alignments where there are any.
        flags: Those of the comparison.
    """
    parts = parts_of(corpus)
    if system.words and paper.task(ledger).needs_alignment:
        for part in parts:
            if not any(utterance.words for utterance in part.utterances):
                return f"needs to know when each word is spoken, which {part.name} does not tell (--alignment DIR)"
    if system.needs == "votes" and not any(utterance.votes for utterance in parts[0].utterances):
        return f"needs the single annotators' votes, which {parts[0].name} does not have"
    if system.option and getattr(flags, system.option) is None:
        return f"needs --{system.option.replace('_', '-')} FILE"
    return ""


def by_paper(flag: str, items: Sequence[str], keys: Sequence[str]) -> dict[str, list[str]]:
    """Deals `PAPER.ASSUMPTION...` to the papers.

    Args:
        flag: The flag, for messages.
        items: As on the command line; `all` goes to every paper.
        keys: The papers of the comparison.

    Returns:
        For each paper the items without its name.

    Raises:
        SettingError: an item names no paper of the comparison.
    """
    dealt: dict[str, list[str]] = {key: [] for key in keys}
    for item in items:
        key, separator, rest = item.partition(".")
        if item == ALL:
            for own in dealt.values():
                own.append(ALL)
        elif not separator or key not in dealt:
            raise SettingError(f"{flag} {item}: expected PAPER.ASSUMPTION, with one of the papers {', '.join(keys)}")
        else:
            dealt[key].append(rest)
    return dealt
