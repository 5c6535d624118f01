"""Assumptions where Lee et al. 2020 is silent."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Assumptions where the paper is silent."""

    split: str = assumption(
        "utterance",
        "§4.1 draws 8:1:1 without naming speakers or classes: single utterances, stratified by class; random does not"
        " stratify; speaker keeps each speaker in one set",
        ("utterance", "random", "speaker"),
    )
    monitor: str = assumption(
        "loss",
        "§4.2: the validation set is the criterion of early stopping; its loss (eq. 14) or its UA",
        ("loss", "ua"),
    )
    fillers: str = assumption(
        "special",
        "§4.2 removes special tokens 'such as' <s>, <sil>, </s>; ++LAUGHTER++ and its like are special too, or words",
        ("special", "words"),
    )
    vocabulary: str = assumption(
        "training+vectors",
        "§3.1.1 states no vocabulary; words that training lacks keep the vector that --glove has of them, or are"
        " unknown",
        ("training+vectors", "training"),
    )
    vocabulary_min_count: int = assumption(
        1, "§3.1.1 states no vocabulary; rarer words of the training set are left out of it", minimum=1
    )
    contractions: str = assumption(
        "parts",
        "GloVe's words are Penn Treebank's: don't has no vector of its own and takes the mean of do and n't, or none",
        ("parts", "whole"),
    )
    missing_vectors: str = assumption(
        "random",
        "§3.1.1 is silent on words without a GloVe vector: drawn evenly with the deviation of the others, or zero",
        ("random", "zero"),
    )
    embedding_dims: int = assumption(
        300, "§4.2 has 300 from GloVe; of the random embedding without --glove", minimum=1, maximum=4096
    )
    overlap_margin: str = assumption(
        "half",
        "§3.1.2: neighbours overlap by 10%; each side is extended by half of it (5% of the word), or by all",
        ("half", "full"),
    )
    mfcc_of: str = assumption(
        "segment",
        "§3.1.2 cuts the audio first and converts each segment; or frames of the utterance that lie under the word",
        ("segment", "utterance"),
    )
    mfcc_first_coefficient: int = assumption(
        0, "§4.2 states 40 coefficients: from c0, or from c1, which takes 41 bands", (0, 1)
    )
    mfcc_mel_bands: int = assumption(
        40, "§4.2 states 40 coefficients and no bands; as many as they need", minimum=40, maximum=128
    )
    mfcc_mel_scale: str = assumption("htk", "§4.2 states no mel scale; HTK's, or librosa's", ("htk", "slaney"))
    mfcc_unit_area: bool = assumption(
        False, "§4.2 states no mel filters; peaks of one as HTK's, or librosa's unit area"
    )
    mfcc_low_hz: float = assumption(0.0, "§4.2 states no range; lower edge of the first band", minimum=0, maximum=1000)
    mfcc_high_hz: float = assumption(
        8000.0, "§4.2 states no range; upper edge of the last band, half the sampling rate", minimum=2000, maximum=8000
    )
    mfcc_fft_samples: int = assumption(
        512, "§4.2 states frames of 25 ms; the next power of two, or longer", (512, 1024, 2048)
    )
    mfcc_pre_emphasis: float = assumption(0.0, "§4.2 names none; 0.97 is HTK's usual one", minimum=0, maximum=0.999)
    mfcc_lifter: int = assumption(0, "§4.2 names none; 22 is HTK's usual one, 0 has none", minimum=0, maximum=1000)
    mfcc_log_floor: float = assumption(
        1e-10, "not stated; band powers below it count as this value", minimum=1e-30, maximum=1e-3
    )
    mfcc_normaliser: str = assumption(
        "train", "not stated: mean and deviation of each coefficient over the training set, or none", ("train", "none")
    )
    lstm_width: str = assumption(
        "per_direction",
        "§4.2 has bidirectional LSTMs 'with 128 hidden units', §3.2.1 'LSTMs having D_h' and states of D_h: of each"
        " direction, or of both together",
        ("per_direction", "both"),
    )
    segment_average: str = assumption(
        "valid",
        "§3.2.2's average pooling of zero-padded segments: over a segment's own frames, or over its zeros up to the"
        " utterance's longest segment (T'), which the LSTM then reads",
        ("valid", "padded"),
    )
    segment_dropout: str = assumption(
        "frames",
        "§4.2: LSTMs 'followed by the dropout layer'; the lower one's lies on its frames, on their average, or is left"
        " out",
        ("frames", "average", "none"),
    )
    head_projection: bool = assumption(
        True,
        "§4.2 has four heads and says no more: states are projected to 4 x 64, one query a head; false splits them as"
        " they are",
    )
    clipping: str = assumption(
        "global", "§4.2: a norm of 1.0, of all gradients together, or of each weight's", ("global", "each")
    )
    baseline_lstm_units: int = assumption(
        128, "§4.3.1 re-implements the others 'as described in Section 4.2'; width of their LSTMs", minimum=2
    )
    class_weights: str = assumption("none", "weights in the loss; eq. 14 has none", ("none", "balanced"))
    max_epochs: int = assumption(100, "maximum epochs; §4.2 states only the patience", minimum=1)
