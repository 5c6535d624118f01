"""Emotion classes: one canonical set of names, each corpus's own codes mapped onto it, merges, fixed order.

Class order is fixed here once, because it is the order of every model's outputs and of every confusion matrix.
"""

from collections.abc import Mapping, Sequence

EMOTIONS = (
    "angry",
    "happy",
    "excited",
    "sad",
    "neutral",
    "frustrated",
    "surprise",
    "fear",
    "disgust",
    "boredom",
    "calm",
    "other",
)
"""Canonical names, in the order in which classes of a task are listed."""

ORDER: Mapping[str, int] = {name: position for position, name in enumerate(EMOTIONS)}


def in_fixed_order(classes: Sequence[str]) -> tuple[str, ...]:
    """Sorts class names by their place in `EMOTIONS`.

    Raises:
        KeyError: a name is not canonical.
    """
    return tuple(sorted(classes, key=lambda name: ORDER[name]))
