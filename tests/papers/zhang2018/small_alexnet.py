"""AlexNet with a sixteenth of its channels, and random weights for it."""

import dataclasses

import numpy as np

from ser_tf.papers.zhang2018 import alexnet, pretrained

TABLE = tuple(dataclasses.replace(one, channels=one.channels // 16) for one in alexnet.CONVOLUTIONS)
PIXELS, UNITS, CLASSES = 99, 12, 9  # 99 pixels leave 2 x 2 cells, whose order matters to FC6
SHAPES = pretrained.alexnet_shapes(TABLE, PIXELS, UNITS, CLASSES)


def weights(seed=0):
    """Kernels and biases in Keras's order, large enough for every layer to let something through."""
    rng = np.random.default_rng(seed)
    return {
        name: (
            rng.normal(scale=np.sqrt(2 / np.prod(shape[:-1])), size=shape).astype(np.float32),
            rng.uniform(0, 0.1, size=shape[-1:]).astype(np.float32),
        )
        for name, shape in SHAPES.items()
    }
