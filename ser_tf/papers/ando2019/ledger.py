"""Assumptions where Ando et al. 2019 is silent."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Assumptions where the paper is silent."""

    development: str = assumption(
        "partner",
        "§4.1 takes one speaker without saying which: the tested one's partner in the session, or one of the next",
        ("partner", "next_session"),
    )
    development_utterances: str = assumption(
        "as_training",
        "§4.1 does not say whose loss stops training: that of the development speaker's utterances that the targets"
        " and the training set can use, or of those with a dominant target emotion",
        ("as_training", "dominant"),
    )
    log_floor: float = assumption(
        1e-10, "smallest power under the logarithm; §4.1 states only log power", minimum=1e-30, maximum=1
    )
    normaliser_statistics: str = assumption(
        "per_dimension", "§4.1's mean and variance: of each frequency bin, or one for all", ("per_dimension", "single")
    )
    normaliser_copies: bool = assumption(
        True, "§4.1's statistics are those of the training dataset: with its copies at other speeds, or without"
    )
    kernel_axes: str = assumption(
        "frequency_time",
        "Table 2's kernels such as 12 x 16: bins x frames, as the height and width of an image, or frames x bins",
        ("frequency_time", "time_frequency"),
    )
    convolution_padding: str = assumption(
        "same",
        "Table 2 gives no padding: silence at the edges, so that an utterance of any length has steps, or none"
        " (PyTorch's default), which fills utterances under 1.08 s up with silence",
        ("same", "valid"),
    )
    lstm_width: str = assumption(
        "per_direction", "Table 2's 128: units of each direction, or of both together", ("per_direction", "both")
    )
    attention_units: int = assumption(
        128, "hidden units of the self-attention; Table 2 gives only the heads", minimum=1
    )
    dense_activation: str = assumption(
        "relu",
        "Table 2 gives no activation of the first dense layer: as after the convolutions (§4.1), or another",
        ("relu", "tanh", "linear"),
    )
    initialisation: str = assumption(
        "pytorch",
        "§4.1 names PyTorch and no initialisation: PyTorch's defaults, or Keras's",
        ("pytorch", "keras"),
    )
    classifier_start: str = assumption(
        "scratch",
        "§3.2.2 fine-tunes the classifier part: from new weights, or from those that it has in the MLEE model; from new"
        " ones in fusion (§3.2.3), where its input is wider",
        ("scratch", "mlee"),
    )
    soft_class_frequency: str = assumption(
        "share",
        "§4.1 weights classes by inverse frequency; that of a class among soft targets: its share of them, or how often"
        " it is the largest",
        ("share", "largest"),
    )
    max_epochs: int = assumption(
        60, "§4.1 states only early stopping; a bound on the run time of an encoder's training", minimum=1
    )
    max_classifier_epochs: int = assumption(
        200, "the same for classifiers on frozen encoders, whose epochs take a second", minimum=1
    )
    patience: int = assumption(
        10, "epochs without a lower development loss before training stops; §4.1 states only that it does", minimum=0
    )
