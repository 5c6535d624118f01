"""What Mao et al. 2020 does not state. Names that begin with `bag_` concern the second stage only."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    classes: str = assumption(
        "corpus", "§3: six on CASIA, four on IEMOCAP; on other corpora four", ("corpus", "four", "six")
    )
    casia_split: str = assumption(
        "utterance",
        "§4.1's ten folds of CASIA: single utterances, stratified by emotion within speaker; speaker leaves one speaker"
        " out, text keeps each sentence in one fold",
        ("utterance", "speaker", "text"),
    )
    stopping: str = assumption(
        "speaker",
        "what chooses the stopping epoch where a session is left out: one speaker of the others, or a tenth of their"
        " utterances",
        ("speaker", "utterances"),
    )
    utterance_seconds: float = assumption(
        0.0, "longest utterance; 0 is §4.1's: 2.07 s on CASIA, 4.55 s on IEMOCAP, which other corpora take", minimum=0
    )
    segment_min_frames: int = assumption(
        32,
        "minimum frames of speech in a segment; §4.1 counts segments before it speaks of padding: whole ones. 1 leaves"
        " out segments of padding only",
        minimum=1,
        maximum=32,
    )
    window: str = assumption("hann", "window of the 25 ms frames", ("hann", "hamming"))
    mel_scale: str = assumption("slaney", "mel scale of the 64 filters; librosa's default", ("slaney", "htk"))
    log_floor: float = assumption(1e-10, "band powers below it count as this value", minimum=1e-30, maximum=1)
    normaliser: str = assumption(
        "per_band", "mean and deviation over the training set: of each mel band, one for all, or none",
        ("per_band", "global", "none"),
    )  # fmt: skip
    cnn_body: str = assumption(
        "vgg",
        "§4.1 cites SegCNN's convolutions: 3x3, 64 | 128 | 256, 256 | 512, 512, batch norm, ReLU, max-pool 2x2; compact"
        " has half the filters",
        ("vgg", "compact"),
    )
    cnn_dropout: float = assumption(0.5, "after SegCNN's dense layers", minimum=0, maximum=0.95)
    cnn_batch_norm_momentum: float = assumption(0.9, "of the moving averages of batch norm", minimum=0, maximum=0.9999)
    cnn_max_epochs: int = assumption(50, "maximum epochs of SegCNN; §4.1 states only the patience", minimum=1)
    decay_staircase: bool = assumption(
        True, "§4.1's decay by 0.8 every two epochs: in steps, or a little at every step"
    )
    class_weights: str = assumption("none", "weights in both stages' losses; none is stated", ("none", "balanced"))
    bag_validation: str = assumption(
        "fold",
        "§4.1's second cross-validation: the validation set that stopped SegCNN stops the second stage as well, or a"
        " tenth of all training utterances does",
        ("fold", "split"),
    )
    bag_padding: str = assumption(
        "masked", "§4.1 pads with zeros: without effect, or as segments with embeddings of zero", ("masked", "zeros")
    )
    bag_attention_dims: int = assumption(120, "D of feature-level attention; H is 120 (§2.2)", minimum=1)
    bag_batch_norm: bool = assumption(True, "batch normalisation of the two FC layers")
    bag_dropout: float = assumption(
        0.0,
        "not stated; after each of the two FC layers: 0.5 before a maximum over segments keeps CNN-MP from learning",
        minimum=0,
        maximum=0.95,
    )
    bag_instance_activation: str = assumption(
        "softmax", "of the instance-level decisions f in [0, 1] (§2.2.1)", ("softmax", "sigmoid")
    )
    bag_loss: str = assumption(
        "categorical",
        "cross-entropy of F(B) divided by its sum, or of each class of F(B) by itself",
        ("categorical", "binary"),
    )
    bag_max_epochs: int = assumption(100, "maximum epochs of the second stage", minimum=1)
    bag_min_steps: int = assumption(
        30,
        "§4.1 counts decay and patience in epochs, which have 32 steps or more on IEMOCAP and CASIA; a smaller corpus"
        " is gone through several times in an epoch to have as many",
        minimum=1,
    )
    bag_forest_trees: int = assumption(100, "trees of the random forests; scikit-learn's default", minimum=1)
