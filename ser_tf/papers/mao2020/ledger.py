"""Assumptions where Mao et al. 2020 is silent. Names that begin with `bag_` concern only the second stage."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Assumptions where the paper is silent."""

    classes: str = assumption(
        "corpus", "§3: six on CASIA, four on IEMOCAP; on other corpora four", ("corpus", "four", "six")
    )
    casia_split: str = assumption(
        "utterance",
        "§4.1 names ten folds of CASIA and no unit: single utterances, stratified by emotion within speaker; speaker"
        " leaves one speaker out, text keeps each sentence in one fold. The fold after the tested one validates",
        ("utterance", "speaker", "text"),
    )
    stopping: str = assumption(
        "speaker",
        "§4.1 stops early and names no validation set; where a session is left out, one speaker of the others chooses"
        " the epoch, or a tenth of their utterances",
        ("speaker", "utterances"),
    )
    monitor: str = assumption(
        "loss", "§4.1 stops early and names no quantity: the validation set's loss, or its UA", ("loss", "ua")
    )
    second_cv: str = assumption(
        "inner",
        "§4.1's second cross-validation: SegCNNs inside the training set embed its left-out groups, the SegCNN of the"
        " whole training set embeds the rest; outer: that one embeds all, also what it was trained on, and a fold"
        " costs a fifth as much",
        ("inner", "outer"),
    )
    inner_folds: int = assumption(
        5,
        "§4.1 does not say how many parts the second cross-validation has; by the rule of the outer folds: four"
        " sessions on IEMOCAP; on CASIA five parts, not ten, for run time",
        minimum=2,
    )
    inner_alignment: str = assumption(
        "rotation",
        "not stated: SegCNNs trained apart share no axes, and networks trained on a mixture of their embeddings stay at"
        " chance (EmoDB). A rotation and shift, fitted to segments that trained both, leads from an inner SegCNN's"
        " axes to those of the training set's; none leaves them",
        ("rotation", "none"),
    )
    utterance_seconds: float = assumption(
        0.0,
        "maximum duration of an utterance; 0 is §4.1's: 2.07 s on CASIA, 4.55 s on IEMOCAP, which other corpora take",
        minimum=0,
    )
    segment_min_frames: int = assumption(
        32,
        "minimum frames of speech in a segment that trains SegCNN; §4.1 counts segments before it speaks of padding:"
        " whole ones (283,000 on IEMOCAP cut at 4.55 s, 393,000 uncut; §4.1 has about 300,000). 1 leaves out only"
        " segments of silence",
        minimum=1,
        maximum=32,
    )
    window: str = assumption("hann", "§2.1.1 names no window; librosa's default", ("hann", "hamming"))
    mel_scale: str = assumption("slaney", "§2.1.1 names no mel scale; librosa's default", ("slaney", "htk"))
    mel_low_hz: float = assumption(
        0.0, "§2.1.1 states no range of the 64 filters; librosa's default", minimum=0, maximum=1000
    )
    mel_high_hz: float = assumption(
        8000.0, "§2.1.1 states no range of the 64 filters; half the sampling rate", minimum=2000, maximum=8000
    )
    mel_unit_area: bool = assumption(
        True, "§2.1.1 names no scaling of the filters: each has the same area (librosa's default), or the same peak"
    )
    log_floor: float = assumption(
        1e-10,
        "§2.1.1 states no floor; band powers below it count as this value, which silence has",
        minimum=1e-30,
        maximum=1,
    )
    normaliser: str = assumption(
        "per_band", "not stated: mean and deviation over the training set of each mel band, one for all, or none",
        ("per_band", "global", "none"),
    )  # fmt: skip
    cnn_body: str = assumption(
        "vgg",
        "§4.1 cites earlier work for SegCNN's convolutions: 3x3, 64 | 128 | 256, 256 | 512, 512, batch norm, ReLU,"
        " max-pool 2x2; compact has half the filters",
        ("vgg", "compact"),
    )
    cnn_dropout: float = assumption(
        0.5, "§4.1 names no dropout; share of units dropped after SegCNN's dense layers", minimum=0, maximum=0.95
    )
    cnn_batch_norm_momentum: float = assumption(
        0.9, "§4.1 names no batch norm; momentum of its moving averages", minimum=0, maximum=0.9999
    )
    cnn_embedding: str = assumption(
        "after_relu",
        "§2.1.2's outputs of the penultimate layer: after its ReLU, or before",
        ("after_relu", "before_relu"),
    )
    cnn_max_epochs: int = assumption(50, "maximum epochs of SegCNN; §4.1 states only the patience", minimum=1)
    decay_staircase: bool = assumption(
        True, "§4.1's decay by 0.8 every two epochs: in steps, or a little at every step"
    )
    class_weights: str = assumption(
        "none", "§4.1 states no weights of classes in the losses of either stage", ("none", "balanced")
    )
    class_counts: str = assumption(
        "units",
        "what balanced weights count in SegCNN's loss: its segments (units), or utterances",
        ("units", "utterances"),
    )
    bag_validation: str = assumption(
        "fold",
        "§4.1 names no validation set for the second stage: that of the fold, which no SegCNN is trained on, or a"
        " tenth of all training utterances",
        ("fold", "split"),
    )
    bag_padding: str = assumption(
        "speech",
        "§4.1 pads utterances with zeros to one duration: bags end with segments of silence (speech), of embeddings of"
        " zero (zeros), or have only whole segments of speech (masked)",
        ("speech", "masked", "zeros"),
    )
    bag_attention_dims: int = assumption(
        120, "§2.2.3 leaves D of feature-level attention open; 120 is §2.2's H", minimum=1
    )
    bag_attention_softmax: str = assumption(
        "classes",
        "eq. 3's softmax as s: over the classes of a segment, or for each class over segments",
        ("classes", "segments"),
    )
    bag_mapping: str = assumption(
        "linear", "activation of eq. 4's mapping q(h), for which none is named", ("linear", "relu")
    )
    bag_batch_norm: bool = assumption(
        True, "§2.2 names none; batch normalisation of the two FC layers, as in the attention networks that it cites"
    )
    bag_dropout: float = assumption(
        0.0,
        "§2.2 names none; share of units dropped after each FC layer. On EmoDB's validation speakers 0.2 and 0.5 lower"
        " no network's loss by more than 0.04",
        minimum=0,
        maximum=0.95,
    )
    bag_instance_activation: str = assumption(
        "sigmoid",
        "§2.2.1's f in [0, 1]^K for each class by itself, as in the networks that it cites. A softmax sums to one on"
        " silence too, which eq. 8 cannot undo (CNN-MP's validation loss on EmoDB: 0.62, with a sigmoid 0.53)",
        ("sigmoid", "softmax"),
    )
    bag_loss: str = assumption(
        "categorical",
        "no loss is named: cross-entropy of F(B) divided by its sum, or of each class of F(B) by itself",
        ("categorical", "binary"),
    )
    bag_max_epochs: int = assumption(
        100, "maximum epochs of the second stage; §4.1 states only the patience", minimum=1
    )
    bag_min_steps: int = assumption(
        30,
        "§4.1 counts decay and patience in epochs, which have 32 steps or more on IEMOCAP and CASIA. On a smaller"
        " corpus an epoch is as many passes as make this many steps (EmoDB: 15), and decay and patience count those;"
        " 1 makes each pass an epoch",
        minimum=1,
    )
    bag_forest_trees: int = assumption(100, "§4.2.1 states no size; trees, scikit-learn's default", minimum=1)
