"""The ledger: every choice that a paper does not state, with its default, its alternatives and a switch.

A paper's ledger is a frozen dataclass whose fields are made with `assumption`. `--set KEY=VALUE` overrides a field,
`--list` prints them, and results carry them all.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

from ser_tf.errors import SettingError

Ledger = TypeVar("Ledger")


def assumption(
    default: Any, why: str, choices: Sequence[Any] = (), least: float | None = None, most: float | None = None
) -> Any:
    """A dataclass field for one unstated choice.

    Args:
        default: Used unless overridden; its type is the type of the values.
        why: What the paper leaves open and why this default.
        choices: The allowed values; empty for any value of the type.
        least: The smallest allowed number.
        most: The largest allowed number.
    """
    if choices and default not in choices:
        raise ValueError(f"default {default!r} is not among {choices!r}")
    return dataclasses.field(default=default, metadata={"why": why, "choices": tuple(choices), "range": (least, most)})


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a ledger as it is shown."""

    key: str
    value: Any
    default: Any
    choices: tuple[Any, ...]
    why: str
    range: tuple[float | None, float | None] = (None, None)


def entries(ledger: Any) -> tuple[Entry, ...]:
    """All assumptions of a ledger in the order of its fields."""
    return tuple(
        Entry(
            key=field.name,
            value=getattr(ledger, field.name),
            default=field.default,
            choices=field.metadata["choices"],
            why=field.metadata["why"],
            range=field.metadata["range"],
        )
        for field in dataclasses.fields(ledger)
    )


def as_dict(ledger: Any) -> dict[str, Any]:
    """Assumption keys and values."""
    return dataclasses.asdict(ledger)


def overridden(ledger: Any) -> dict[str, Any]:
    """Only those assumptions whose values are not the defaults."""
    return {entry.key: entry.value for entry in entries(ledger) if entry.value != entry.default}


def override(ledger: Ledger, assignments: Sequence[str]) -> Ledger:
    """Applies `KEY=VALUE` assignments.

    Raises:
        SettingError: an assignment of another form, an unknown key, or a value that is not allowed.
    """
    known = {entry.key: entry for entry in entries(ledger)}
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator:
            raise SettingError(f"--set {assignment}: expected ASSUMPTION=VALUE")
        if key not in known:
            raise SettingError(f"--set {assignment}: no assumption {key}; there are {', '.join(sorted(known))}")
        values[key] = _parse(known[key], text)
    return dataclasses.replace(ledger, **values)  # type: ignore[type-var]


def _parse(entry: Entry, text: str) -> Any:
    kind = type(entry.default)
    try:
        if kind is bool:
            value: Any = {"true": True, "false": False}[text.lower()]
        else:
            value = kind(text)
    except (KeyError, ValueError):
        names = {bool: "true or false", int: "a whole number", float: "a number"}
        raise SettingError(f"--set {entry.key}={text}: expected {names.get(kind, kind.__name__)}") from None
    if entry.choices and value not in entry.choices:
        raise SettingError(f"--set {entry.key}={text}: expected one of {', '.join(map(str, entry.choices))}")
    least, most = entry.range
    if (least is not None and not value >= least) or (most is not None and not value <= most):
        bounds = [f"{word} {bound:g}" for word, bound in (("at least", least), ("at most", most)) if bound is not None]
        raise SettingError(f"--set {entry.key}={text}: expected {' and '.join(bounds)}")
    return value
