"""What Lee et al. 2020 does not state."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    split: str = assumption(
        "utterance",
        "§4.1 draws 8:1:1 without naming speakers: single utterances, stratified by class; speaker keeps each speaker"
        " in one part",
        ("utterance", "speaker"),
    )
    overlap_margin: str = assumption(
        "half", "§3.1.2: neighbours overlap by 10%: each side longer by half of it (5% of the word), or by all",
        ("half", "full"),
    )  # fmt: skip
    mfcc_first_coefficient: int = assumption(0, "40 coefficients from c0, or from c1, which takes 41 bands", (0, 1))
    mfcc_mel_bands: int = assumption(40, "mel bands under the 40 coefficients", minimum=40, maximum=128)
    mfcc_normaliser: str = assumption(
        "train", "mean and deviation of each coefficient over the training part, or none", ("train", "none")
    )
    embedding_dims: int = assumption(
        300, "of the random embedding without --glove; §4.2 has 300 from GloVe", minimum=1, maximum=4096
    )
    vocabulary_least_count: int = assumption(1, "rarer words of the training part are unknown words", minimum=1)
    head_projection: bool = assumption(
        True,
        "four heads by a projection of the states to 4 x 64, one query a head; false splits the states as they are",
    )
    clipping: str = assumption(
        "global", "norm 1.0 over all gradients together, or for each weight by itself", ("global", "each")
    )
    baseline_lstm_units: int = assumption(
        128, "in each direction, of the models in Table 2 that are re-implemented", minimum=1
    )
    class_weights: str = assumption("none", "weights in the loss; none is stated", ("none", "balanced"))
    max_epochs: int = assumption(100, "epochs at most; §4.2 states the patience alone", minimum=1)
