"""PyTorch's default initialisation for a Keras model, which the paper's software used (§4.1)."""

import keras
import numpy as np


def like_pytorch(model: keras.Model) -> None:
    """Draws all kernels, recurrent kernels and biases anew: U(-1/sqrt(n), 1/sqrt(n)).

    n is the number of inputs of a unit, and for recurrent layers the number of their units.

    Args:
        model: Its weights are replaced, those of batch normalisation excepted.
    """
    rng = np.random.default_rng(keras.random.SeedGenerator().next().numpy().tolist())
    for layer in model._flatten_layers(include_self=False, recursive=True):
        if isinstance(layer, keras.layers.LSTMCell):
            limit = 1 / np.sqrt(layer.units)
            weights = [layer.kernel, layer.recurrent_kernel, layer.bias]
        elif hasattr(layer, "kernel") and not hasattr(layer, "recurrent_kernel"):
            limit = 1 / np.sqrt(np.prod(layer.kernel.shape[:-1]))
            weights = [layer.kernel, getattr(layer, "bias", None)]
        else:
            continue
        for weight in weights:
            if weight is not None:
                weight.assign(rng.uniform(-limit, limit, weight.shape))
