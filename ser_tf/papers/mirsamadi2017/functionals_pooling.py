"""Statistical functions over time as a layer of a network (§2, Fig. 1(a))."""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer
from ser_tf.papers.mirsamadi2017 import functionals


@keras.saving.register_keras_serializable("ser_tf")
class FunctionalsPooling(ExplicitMaskLayer):
    """Statistical functions as pooling over time (mirsamadi2017, §2): (batch, frames, dims) -> (batch, n x dims)."""

    def __init__(self, names: tuple[str, ...], **kwargs: Any) -> None:
        """Takes the names of the functionals, as in `ser_tf.papers.mirsamadi2017.functionals`."""
        super().__init__(**kwargs)
        self.names = tuple(names)

    def call(self, sequence: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Applies the functionals to the frames whose mask is true."""
        return functionals.functionals(sequence, mask, self.names)

    def compute_output_shape(
        self,
        sequence_shape: tuple[int, ...],
        mask_shape: tuple[int, ...] | None = None,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> tuple[int, ...]:
        """Shape (batch, number of functionals x dims)."""
        return (sequence_shape[0], len(self.names) * sequence_shape[2])

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "names": list(self.names)}
