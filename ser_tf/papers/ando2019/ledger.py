"""What Ando et al. 2019 does not state."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    development: str = assumption(
        "partner",
        "§4.1 takes one speaker without saying which: the tested one's partner in the session, or one of the next",
        ("partner", "next_session"),
    )
    development_utterances: str = assumption(
        "as_training",
        "whose loss stops training: the development speaker's utterances that the targets and training set can use,"
        " or those with a dominant target emotion",
        ("as_training", "dominant"),
    )
    log_floor: float = assumption(1e-10, "smallest power under the logarithm", minimum=1e-30, maximum=1)
    normaliser_statistics: str = assumption(
        "per_dimension", "§4.1's mean and variance: of each frequency bin, or one for all", ("per_dimension", "single")
    )
    kernel_axes: str = assumption(
        "frequency_time",
        "Table 2's kernels such as 12 x 16: bins x frames, as the height and width of an image, or frames x bins",
        ("frequency_time", "time_frequency"),
    )
    soft_class_frequency: str = assumption(
        "share",
        "§4.1 weights classes by inverse frequency; that of a class among soft targets: its share of them, or how often"
        " it is the largest",
        ("share", "largest"),
    )
    lstm_width: str = assumption(
        "per_direction", "Table 2's 128: units of each direction, or of both together", ("per_direction", "both")
    )
    attention_units: int = assumption(
        128, "hidden units of the self-attention; Table 2 gives only the heads", minimum=1
    )
    dense_activation: str = assumption(
        "relu",
        "Table 2 gives no activation of the first dense layer; as after the convolutions",
        ("relu", "tanh", "linear"),
    )
    classifier_start: str = assumption(
        "scratch",
        "§3.2.2 trains the classifier on the frozen encoder: from scratch, or from the MLEE model's own layers",
        ("scratch", "mlee"),
    )
    initialisation: str = assumption(
        "keras", "§4.1 names PyTorch and no initialisation: Keras's defaults, or PyTorch's", ("keras", "pytorch")
    )
    max_epochs: int = assumption(60, "maximum epochs; not stated", minimum=1)
    max_classifier_epochs: int = assumption(
        200, "maximum epochs of a classifier on frozen encoders; not stated", minimum=1
    )
    patience: int = assumption(
        10, "§4.1 stops early on the development loss; epochs without a lower one before training stops", minimum=0
    )
