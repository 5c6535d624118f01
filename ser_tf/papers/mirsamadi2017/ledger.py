"""Assumptions where Mirsamadi et al. 2017 is silent."""

import dataclasses

from ser_tf.corpora.base import IMPROVISED, SCRIPTED
from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Assumptions where the paper is silent."""

    styles: str = assumption(
        "both", "§3 names scripted and improvised speech and excludes neither", ("both", IMPROVISED, SCRIPTED)
    )
    happy_includes_excited: bool = assumption(False, "§3 says happy; later work often counts excited as happy")
    stopping: str = assumption(
        "speaker",
        "§3 trains on four sessions and names no validation set; the epoch is chosen on one of their speakers, on a"
        " tenth of their utterances, or not at all: all four train for fixed_epochs",
        ("speaker", "utterances", "none"),
    )
    monitor: str = assumption(
        "loss", "not stated: what chooses the epoch, the validation set's loss or its UA", ("loss", "ua")
    )
    tested_sessions: str = assumption(
        "all", "§3 tests 'the remaining session' without naming it; all in turn, or the last", ("all", "last")
    )
    normaliser_utterances: str = assumption(
        "neutral", "§3 states neutral speech; all utterances is the usual alternative", ("neutral", "all")
    )
    normaliser_statistics: str = assumption(
        "per_dimension",
        "§3's global mean and deviation: of each dimension, or one for all",
        ("per_dimension", "single"),
    )
    window: str = assumption("hamming", "§3 names no window of the 25 ms frames", ("hamming", "hann"))
    spectral_scale: str = assumption(
        "linear", "§3's magnitude spectra as they are, or their logarithm", ("linear", "log")
    )
    f0_window_seconds: float = assumption(
        0.025,
        "§3 extracts all from 25 ms, as openSMILE's IS09 set does; 65 ms hold three periods of a 50 Hz voice",
        (0.025, 0.045, 0.065),
    )
    f0_low_hz: float = assumption(50.0, "§3 states no range; lowest F0", minimum=45, maximum=200)
    f0_high_hz: float = assumption(
        500.0, "§3 states no range; highest F0 of openSMILE's IS09 set", minimum=100, maximum=2000
    )
    voicing_cutoff: float = assumption(
        0.55, "voicing probability of the least voiced frame; as in IS09", minimum=0, maximum=1
    )
    f0_octave_cost: float = assumption(
        0.1, "§3 names no method; advantage in correlation of a candidate an octave higher", minimum=0, maximum=1
    )
    f0_min_run_frames: int = assumption(
        3, "§3 names no method; frames that F0 runs on without a jump to count as voiced; 1 takes all", (1, 3, 5)
    )
    energy: str = assumption("rms", "§3's frame energy: root mean square, or its logarithm", ("rms", "log"))
    mel_bands: int = assumption(26, "§3 states 12 MFCC; bands of openSMILE's IS09 set", minimum=13, maximum=128)
    mel_scale: str = assumption("htk", "§3 states 12 MFCC; mel scale of openSMILE's IS09 set", ("htk", "slaney"))
    mel_high_hz: float = assumption(8000.0, "§3 states no range; half the sampling rate", minimum=2000, maximum=8000)
    pre_emphasis: float = assumption(0.97, "§3 states 12 MFCC; of openSMILE's IS09 set", minimum=0, maximum=0.999)
    cepstral_lifter: int = assumption(22, "§3 states 12 MFCC; of openSMILE's IS09 set; 0 has none", minimum=0)
    smoothing_frames: int = assumption(3, "moving average over the descriptors; openSMILE's IS09 set", (1, 3, 5, 7))
    delta_reach_frames: int = assumption(2, "frames to both sides in the deltas; openSMILE's IS09 set", minimum=1)
    functionals: str = assumption(
        "footnote", "Full is mean, std, min, max, range, skewness, kurtosis by Table 2; §3 lists further ones",
        ("footnote", "section3"),
    )  # fmt: skip
    svm_c: float = assumption(1.0, "cost of the SVM; scikit-learn's default, nothing is searched", minimum=1e-9)
    svm_gamma: str = assumption("scale", "width of the RBF kernel; scikit-learn's default", ("scale", "auto"))
    svm_scaling: str = assumption(
        "standard", "functionals enter the SVM standardised by the training set, or as they are", ("standard", "none")
    )
    lstm_width: str = assumption(
        "per_direction", "§3's 128 memory cells: of each direction, or of both together", ("per_direction", "both")
    )
    dropout_place: str = assumption(
        "outputs",
        "§3's dropout on all layers: of each layer's outputs, of its inputs, or of outputs and recurrent connections",
        ("outputs", "inputs", "recurrent"),
    )
    lld_dense_layers: int = assumption(
        0, "ReLU layers of 512 between LLDs and BLSTM; Table 3's hand-crafted rows have none", minimum=0
    )
    frame_decision: str = assumption(
        "mean_posterior",
        "how frame-wise posteriors decide on the utterance (Fig. 1(b))",
        ("mean_posterior", "mean_log_posterior"),
    )
    attention_hidden_units: int = assumption(64, "tanh units of the deeper attention model, Fig. 1(f)", minimum=1)
    optimiser: str = assumption("adam", "the optimiser is not named", ("adam", "rmsprop", "sgd"))
    learning_rate: float = assumption(1e-3, "not stated; Keras's default for Adam", minimum=1e-9)
    batch_size: int = assumption(32, "utterances in a batch; not stated", minimum=1)
    max_epochs: int = assumption(60, "maximum epochs; not stated", minimum=1)
    fixed_epochs: int = assumption(20, "epochs where stopping=none; not stated", minimum=1)
    patience: int = assumption(10, "epochs without an improvement before training stops; not stated", minimum=0)
    class_weights: str = assumption(
        "balanced", "§3 states cost-sensitive training for the SVM; the networks' loss likewise", ("balanced", "none")
    )
    class_counts: str = assumption(
        "units",
        "§3 scales costs by the examples of a category; a frame-wise loss counts frames (units), or utterances",
        ("units", "utterances"),
    )
