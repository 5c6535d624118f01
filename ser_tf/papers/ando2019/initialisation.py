"""PyTorch's default initialisation for a Keras model: §4.1 names PyTorch but no initialisation."""

from typing import Any

import keras
import numpy as np


def like_pytorch(model: keras.Model) -> None:
    """Redraws all kernels and biases from U(-1/sqrt(n), 1/sqrt(n)).

    n is the number of inputs of a unit, or, in a recurrent layer, the number of units. PyTorch's recurrent layers have
    two biases, whose sum is drawn here. Convolutions have no bias, see `MaskedConv2D`.

    Args:
        model: The model, whose weights are replaced except those of normalisations. Keras's global seed determines the
            numbers.
    """
    rng = np.random.default_rng(keras.random.SeedGenerator().next().numpy().tolist())

    def draw(weight: Any, limit: float, number: int = 1) -> None:
        weight.assign(sum(rng.uniform(-limit, limit, weight.shape) for _ in range(number)))

    for layer in model._flatten_layers(include_self=False, recursive=True):
        if isinstance(layer, keras.layers.LSTMCell):
            limit = layer.units**-0.5
            draw(layer.kernel, limit)
            draw(layer.recurrent_kernel, limit)
            draw(layer.bias, limit, number=2)
        elif hasattr(layer, "kernel") and not hasattr(layer, "recurrent_kernel"):
            limit = np.prod(layer.kernel.shape[:-1]) ** -0.5
            draw(layer.kernel, limit)
            if getattr(layer, "bias", None) is not None:
                draw(layer.bias, limit)
