"""The base class of layers that take masks as arguments."""

from typing import Any

import keras


class ExplicitMaskLayer(keras.layers.Layer):
    """A layer that takes masks as arguments and stops the mask that Keras attaches to a sequence."""

    def __init__(self, **kwargs: Any) -> None:
        """Takes the arguments of a Keras layer."""
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, *inputs: object, **masks: object) -> None:
        """Passes no mask on."""
