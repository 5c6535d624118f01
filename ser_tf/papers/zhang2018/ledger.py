"""Assumptions where Zhang et al. 2018 is silent."""

import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Assumptions where the paper is silent."""

    tested_actors: str = assumption(
        "both",
        "§III-A: of the remaining session one actor validates, the other is tested: both orders, or the first alone",
        ("both", "first"),
    )
    spectrum: str = assumption(
        "log", "§III-A: magnitudes of the transform, as logarithms or as they are", ("log", "linear")
    )
    log_floor: float = assumption(
        1e-5, "smaller magnitudes count as this one under the logarithm; full scale is about 170", minimum=1e-30
    )
    normaliser_statistics: str = assumption(
        "per_bin", "mean and deviation over the training set: of each bin, or one for all", ("per_bin", "single")
    )
    subutterances: str = assumption(
        "equal",
        "§III-C splits utterances as its reference [9]: into as few equal parts of at most 3 s, or every 3 s",
        ("equal", "fixed"),
    )
    alexnet: str = assumption(
        "bvlc",
        "AlexNet as its authors and Caffe have it, whose weights can be had; torchvision's is narrower, with no groups"
        " and no normalisation",
        ("bvlc", "torchvision"),
    )
    pool5: bool = assumption(True, "§II-A removes the fully connected layers; the last pooling stays")
    attention_units: int = assumption(256, "rows of W in eq. 2; as many as channels", minimum=1)
    pooling: str = assumption(
        "valid",
        "pooling windows within the input, or also one that its end cuts off, as Caffe has it",
        ("valid", "ceil"),
    )
    initialisation: str = assumption(
        "he_normal", "of AlexNet's kernels where they start at random", ("he_normal", "glorot_uniform")
    )
    vgg16_initialisation: str = assumption(
        "glorot_uniform",
        "of VGGNet-16's kernels where they start at random; that of keras.applications",
        ("glorot_uniform", "he_normal"),
    )
    one_channel: str = assumption(
        "sum",
        "how pretrained kernels for red, green and blue read a spectrogram: their sum, as if it were all three, or"
        " their mean",
        ("sum", "mean"),
    )
    input_scale: str = assumption(
        "pixels",
        "not stated; normalised spectrograms times the deviation of ImageNet's pixels, for random and pretrained rows"
        " alike: at unit scale Caffe's normalisation over channels divides by 1.00005 and does nothing",
        ("pixels", "unit"),
    )
    pixel_deviation: float = assumption(
        58.0, "the deviation of ImageNet's pixels where input_scale=pixels; their mean is 0", minimum=1e-3
    )
    flipped: bool = assumption(
        False, "not stated which way up a spectrogram lies: 0 Hz in the first row, or in the last (true)"
    )
    filling: str = assumption(
        "mean",
        "not stated what fills inputs shorter than 67 frames or 3 s: the mean spectrum, or the log floor's silence",
        ("mean", "silence"),
    )
    classifier_initialisation: str = assumption(
        "zeros",
        "not stated; of the softmax layer: with kernels at zero training begins at the loss ln 4, otherwise features"
        " at the scale of pixels saturate it",
        ("zeros", "glorot_uniform"),
    )
    classifier_input: str = assumption(
        "resize",
        "how 200 x 300 meets FC6 (Table I): resized to the network's pixels, or as it is, with FC6 and FC7 at random",
        ("resize", "native"),
    )
    classifier_dropout: float = assumption(
        0.5, "after FC6 and FC7 (Table I), as AlexNet has it; not stated", minimum=0, maximum=0.99
    )
    satt_first_stride: int = assumption(1, "not stated; stride of the first convolution of CNN+LSTM", (1, 2))
    satt_kernel_axes: str = assumption(
        "frequency_time",
        "kernels of CNN+LSTM such as 12x16: bins x frames, as the height of an image, or frames x bins",
        ("frequency_time", "time_frequency"),
    )
    satt_lstm_width: str = assumption(
        "per_direction", "128 units of each direction, or of both together", ("per_direction", "both")
    )
    satt_window_seconds: float = assumption(
        0.02, "§III-A: reference [9] has windows of 20 ms; 40 ms is this paper's own choice", (0.02, 0.04)
    )
    satt_learning_rate: float = assumption(1e-3, "not stated, of Model1; Keras's default for Adam", minimum=1e-9)
    satt_further_learning_rate: float = assumption(5e-5, "not stated, of Model2's further training", minimum=1e-9)
    satt_class_weights: str = assumption("balanced", "Model2 is Model1 trained further for UA", ("balanced", "none"))
    optimiser: str = assumption("adam", "not named; sgd has no momentum here", ("adam", "rmsprop", "sgd"))
    learning_rate: float = assumption(
        1e-4,
        "not stated; one rate for random and pretrained rows, which then differ in their weights only",
        minimum=1e-9,
    )
    finetuning_rate_factor: float = assumption(
        1.0, "not stated; factor on the rate of pretrained rows", minimum=1e-6, maximum=1e3
    )
    batch_size: int = assumption(8, "utterances, or pieces of 3 s, in a batch; not stated", minimum=1)
    max_epochs: int = assumption(60, "maximum epochs; not stated", minimum=1)
    patience: int = assumption(10, "epochs without an improvement before training stops; not stated", minimum=0)
    monitor: str = assumption(
        "loss", "not stated: what chooses the epoch, the validation set's loss or its UA", ("loss", "ua")
    )
    class_weights: str = assumption("none", "weights in the loss; none is stated", ("none", "balanced"))
    class_counts: str = assumption(
        "units",
        "what balanced weights count: pieces where pieces are classified (units), or utterances",
        ("units", "utterances"),
    )
