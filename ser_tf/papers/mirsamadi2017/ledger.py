"""What Mirsamadi et al. 2017 does not state."""

import dataclasses

from ser_tf.corpora.base import IMPROVISED, SCRIPTED
from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    styles: str = assumption(
        "both", "§3 names scripted and improvised speech and excludes neither", ("both", IMPROVISED, SCRIPTED)
    )
    happy_includes_excited: bool = assumption(False, "§3 says happy; later work often counts excited as happy")
    stopping: str = assumption(
        "speaker",
        "what chooses the stopping epoch: one speaker of the training sessions, or a tenth of their utterances",
        ("speaker", "utterances"),
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
    window: str = assumption("hamming", "window of the 25 ms frames", ("hamming", "hann"))
    spectral_scale: str = assumption("linear", "magnitude spectra as they are, or their logarithm", ("linear", "log"))
    f0_high_hz: float = assumption(500.0, "highest F0; openSMILE's IS09 set", minimum=100, maximum=2000)
    voicing_cutoff: float = assumption(
        0.55, "voicing probability of the least voiced frame; as in IS09", minimum=0, maximum=1
    )
    smoothing_frames: int = assumption(3, "moving average over the descriptors; openSMILE's IS09 set", (1, 3, 5, 7))
    delta_reach_frames: int = assumption(2, "frames to both sides in the deltas; openSMILE's IS09 set", minimum=1)
    functionals: str = assumption(
        "footnote", "Full is mean, std, min, max, range, skewness, kurtosis by Table 2; §3 lists further ones",
        ("footnote", "section3"),
    )  # fmt: skip
    svm_c: float = assumption(1.0, "cost of the SVM; scikit-learn's default, nothing is searched", minimum=1e-9)
    svm_gamma: str = assumption("scale", "width of the RBF kernel; scikit-learn's default", ("scale", "auto"))
    svm_scaling: str = assumption(
        "standard", "functionals enter the SVM standardised by the training part, or as they are", ("standard", "none")
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
    learning_rate: float = assumption(1e-3, "initial learning rate; Keras's default for Adam", minimum=1e-9)
    batch_size: int = assumption(32, "utterances in a batch", minimum=1)
    max_epochs: int = assumption(60, "maximum epochs", minimum=1)
    patience: int = assumption(5, "epochs without a lower validation loss before training stops", minimum=0)
    class_weights: str = assumption(
        "balanced", "§3 states cost-sensitive training for the SVM; the networks' loss likewise", ("balanced", "none")
    )
