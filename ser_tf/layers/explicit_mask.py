"""The base of layers that are given masks as arguments."""

from typing import Any

import keras


class ExplicitMaskLayer(keras.layers.Layer):
    """A layer that is given masks as arguments; the mask that Keras attaches to a sequence ends here."""

    def __init__(self, **kwargs: Any) -> None:
        """Takes the arguments of a Keras layer."""
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, *inputs: object, **masks: object) -> None:
        """No mask for what follows."""
