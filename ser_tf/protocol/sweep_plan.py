"""The values that `--sweep` tries: of assumptions, or of the protocol."""

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Generic, TypeVar

from ser_tf.errors import SettingError
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol import variants
from ser_tf.protocol.ledger import Entry
from ser_tf.protocol.material import LoadedRun
from ser_tf.protocol.paper import Paper

L = TypeVar("L")
ALL = "all"
FACTORS = (0.5, 2.0)
"""A number that has no list of alternatives is swept over the default times these."""


@dataclasses.dataclass(frozen=True)
class Setting(Generic[L]):
    """One value of what is swept: its text, and the paper and the ledger that have it."""

    value: str
    paper: Paper[L]
    ledger: L


@dataclasses.dataclass(frozen=True)
class Swept(Generic[L]):
    """An assumption, or the protocol, with the run's own value and the values to try."""

    name: str
    default: str
    settings: tuple[Setting[L], ...]


def plan(paper: Paper[L], loaded: LoadedRun[L], flags: argparse.Namespace) -> tuple[Swept[L], ...]:
    """What `--sweep` asks for.

    Raises:
        SettingError: an unknown assumption, a value that is not allowed, or protocols that the corpus or the task does
            not distinguish.
    """
    ledger = loaded.run.ledger
    wanted = [name for name in flags.sweep if name != variants.PROTOCOL]
    swept = [
        Swept(
            name,
            ledgers.text(getattr(ledger, name)),
            tuple(Setting(value, paper, ledgers.override(ledger, [f"{name}={value}"])) for value in values),
        )
        for name, values in parse(ledger, wanted).items()
    ]
    if len(wanted) < len(flags.sweep):
        variants.require_protocols(loaded.run.task, loaded.corpus)
        own = variants.protocol_of(loaded.run.task)
        others = [protocol for protocol in variants.all_protocols() if protocol != own]
        settings = (Setting(each.text, variants.with_protocol(paper, each), ledger) for each in others)
        swept.append(Swept(variants.PROTOCOL, own.text, tuple(settings)))
    return tuple(swept)


def parse(ledger: object, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Reads `--sweep ASSUMPTION[=VALUE,...] ...`.

    Args:
        ledger: The run's ledger, whose values are the defaults.
        wanted: As on the command line; `all` stands for every assumption.

    Returns:
        For each assumption, the values to try besides the run's own, as the command line writes them.

    Raises:
        SettingError: an unknown assumption, or a value that is not allowed.
    """
    known = {entry.key: entry for entry in ledgers.entries(ledger)}
    names = list(known) if ALL in wanted else list(wanted)
    swept: dict[str, tuple[str, ...]] = {}
    for name in names:
        key, separator, text = name.partition("=")
        if key not in known:
            raise SettingError(f"--sweep {name}: no assumption {key}; there are {', '.join(sorted(known))}")
        entry = known[key]
        values = text.split(",") if separator else alternatives(entry)
        parsed = [ledgers.parse(entry, value) for value in values]
        swept[key] = tuple(ledgers.text(value) for value in dict.fromkeys(parsed) if value != entry.value)
    return swept


def alternatives(entry: Entry) -> list[str]:
    """All other choices of an assumption; for a number, half and twice its value within its bounds."""
    if entry.choices:
        return [ledgers.text(choice) for choice in entry.choices if choice != entry.value]
    if isinstance(entry.value, bool):
        return [ledgers.text(not entry.value)]
    if isinstance(entry.value, str):
        return []
    minimum, maximum = entry.range
    low, high = (-float("inf") if minimum is None else minimum), (float("inf") if maximum is None else maximum)
    kind = type(entry.value)
    values = [kind(min(max(entry.value * factor, low), high)) for factor in FACTORS]
    return [ledgers.text(value) for value in dict.fromkeys(values) if value != entry.value]
