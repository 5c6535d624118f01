"""The ledger: every choice a paper leaves open, with its default, its alternatives and a switch.

A paper's ledger is a frozen dataclass whose fields are made with `assumption`. `--set KEY=VALUE` overrides a field,
`--list` prints all fields, and results record those they read.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Ledger:
    ...     svm_c: float = assumption(1.0, "cost of the SVM; not stated", minimum=1e-9)
    >>> override(Ledger(), ["svm_c=2"])
    Ledger(svm_c=2.0)
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ser_tf.errors import SettingError

Value = bool | int | float | str
V = TypeVar("V", bool, int, float, str)
L = TypeVar("L")


def assumption(
    default: V, why: str, choices: Sequence[V] = (), minimum: float | None = None, maximum: float | None = None
) -> V:
    """Makes a dataclass field for one open choice.

    Args:
        default: The default, whose type is the type of all values.
        why: What the paper leaves open, with its section, and the reason for the default.
        choices: The allowed values; empty for any value of the type within the bounds.
        minimum: The minimum of a number.
        maximum: The maximum of a number.

    Raises:
        ValueError: the default is not among the choices, or a number has neither choices nor bounds.
    """
    if choices and default not in choices:
        raise ValueError(f"default {default!r} is not among {choices!r}")
    if not isinstance(default, bool | str) and not choices and minimum is None and maximum is None:
        raise ValueError(f"a number needs choices, a minimum or a maximum: {why}")
    metadata = {"why": why, "choices": tuple(choices), "range": (minimum, maximum)}
    field: V = dataclasses.field(default=default, metadata=metadata)
    return field


@dataclasses.dataclass(frozen=True)
class Entry:
    """One printed line of a ledger."""

    key: str
    value: Value
    default: Value
    choices: tuple[Value, ...]
    why: str
    range: tuple[float | None, float | None] = (None, None)

    @property
    def alternatives(self) -> str:
        """Describes the allowed values, such as `standard, none` or `number, at least 0`."""
        if self.choices:
            return ", ".join(text(choice) for choice in self.choices)
        if isinstance(self.default, bool):
            return "true, false"
        kind = {int: "whole number", float: "number", str: "text"}[type(self.default)]
        return ", ".join([kind, *_bounds(self.range)])


def text(value: Value) -> str:
    """Formats a value as on the command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bounds(limits: tuple[float | None, float | None]) -> list[str]:
    named = zip(("at least", "at most"), limits, strict=True)
    return [f"{word} {bound:g}" for word, bound in named if bound is not None]


def entries(ledger: object) -> tuple[Entry, ...]:
    """Lists all assumptions of a ledger in the order of its fields."""
    fields: Any = dataclasses.fields(ledger)  # type: ignore[arg-type]
    return tuple(
        Entry(
            key=field.name,
            value=getattr(ledger, field.name),
            default=field.default,
            choices=field.metadata["choices"],
            why=field.metadata["why"],
            range=field.metadata["range"],
        )
        for field in fields
    )


def as_dict(ledger: object) -> dict[str, Value]:
    """Returns assumption keys and values."""
    return {entry.key: entry.value for entry in entries(ledger)}


def overridden(ledger: object) -> dict[str, Value]:
    """Returns the assumptions whose values are not the defaults."""
    return {entry.key: entry.value for entry in entries(ledger) if entry.value != entry.default}


def override(ledger: L, assignments: Sequence[str]) -> L:
    """Applies `KEY=VALUE` assignments.

    Raises:
        SettingError: an assignment is malformed, a key unknown, or a value not allowed.
    """
    known = {entry.key: entry for entry in entries(ledger)}
    values: dict[str, Value] = {}
    for assignment in assignments:
        key, separator, given = assignment.partition("=")
        if not separator:
            raise SettingError(f"--set {assignment}: expected ASSUMPTION=VALUE")
        if key not in known:
            raise SettingError(f"--set {assignment}: no assumption {key}; there are {', '.join(sorted(known))}")
        values[key] = parse(known[key], given)
    return dataclasses.replace(ledger, **values)  # type: ignore[type-var]


def restore(kind: type[L], values: Mapping[str, Value]) -> L:
    """Makes a ledger from saved values; assumptions added since take their defaults.

    Args:
        kind: The paper's ledger class.
        values: Assumption keys and values; keys that no longer exist are ignored.
    """
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in values.items() if key in known})


def parse(entry: Entry, given: str) -> Value:
    """Reads a value of an assumption from the command line.

    Raises:
        SettingError: the value has another type, is not one of the choices, or is out of bounds.
    """
    kind = type(entry.default)
    try:
        value: Value = {"true": True, "false": False}[given.lower()] if kind is bool else kind(given)
    except (KeyError, ValueError):
        names = {bool: "true or false", int: "a whole number", float: "a number"}
        raise SettingError(f"--set {entry.key}={given}: expected {names.get(kind, kind.__name__)}") from None
    if entry.choices and value not in entry.choices:
        raise SettingError(f"--set {entry.key}={given}: expected one of {', '.join(map(text, entry.choices))}")
    minimum, maximum = entry.range
    # `not value >= minimum` also rejects NaN.
    if not isinstance(value, str) and (
        (minimum is not None and not value >= minimum) or (maximum is not None and not value <= maximum)
    ):
        raise SettingError(f"--set {entry.key}={given}: expected {' and '.join(_bounds(entry.range))}")
    return value
