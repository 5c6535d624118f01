"""Rows of a batch that can be answered: the others are taken out before the model and come back as empty answers.

TensorFlow Serving merges requests of different clients into one batch. Whatever a bad recording brings along (its
length, its values) never reaches the model, so the answers for the good ones are, bit for bit, those that the batch
would have without it.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ser_tf.protocol.served import NOWHERE

_BLANK = {"attention_seconds": NOWHERE}
"""Values of outputs for rows without an answer where they are not zero or an empty string."""


def first_problem(problems: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Keeps the problems that are known and adds others where none is: string (batch,) each."""
    return tf.where(problems == "", others, problems)


class Selection:
    """The rows of a batch that have no problem."""

    def __init__(self, problems: tf.Tensor) -> None:
        """Takes the problem of each row.

        Args:
            problems: string (batch,), empty for rows that can be answered.
        """
        self._usable = problems == ""
        self._rows = tf.where(self._usable)[:, 0]

    def take(self, inputs: Sequence[tf.Tensor], stand_in: Sequence[tf.Tensor]) -> tuple[tf.Tensor, ...]:
        """Selects the usable rows of inputs.

        Args:
            inputs: Tensors (batch, ...).
            stand_in: One row for each input, (1, ...); the model is asked about it if there is no usable row.

        Returns:
            Tensors (usable rows or 1, ...).
        """
        taken = tf.cond(
            tf.size(self._rows) > 0,
            lambda: [tf.gather(value, self._rows) for value in inputs],
            lambda: list(stand_in),
        )
        return tuple(
            tf.ensure_shape(value, [None, *given.shape[1:]]) for value, given in zip(taken, inputs, strict=True)
        )

    def spread(self, outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Puts outputs for the taken rows back at their places.

        Args:
            outputs: Tensors (usable rows or 1, ...) by name.

        Returns:
            Tensors (batch, ...) by name: zero, "" or `NOWHERE` for rows that are not usable.
        """
        place = tf.maximum(tf.cumsum(tf.cast(self._usable, tf.int32)) - 1, 0)
        return {name: self._spread(value, place, _BLANK.get(name)) for name, value in outputs.items()}

    def _spread(self, value: tf.Tensor, place: tf.Tensor, blank: float | None) -> tf.Tensor:
        usable = tf.reshape(self._usable, [-1] + [1] * (value.shape.rank - 1))
        nothing = "" if value.dtype == tf.string else blank or 0
        return tf.where(usable, tf.gather(value, place), tf.constant(nothing, value.dtype))
