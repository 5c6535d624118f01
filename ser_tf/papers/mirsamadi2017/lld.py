"""Low-level descriptors of mirsamadi2017 §3: F0, voicing probability, energy, zero-crossing rate, MFCC, and deltas.

The paper names the descriptors and their frames (25 ms, 100 per second). Everything else follows the acoustic set of
the Interspeech 2009 emotion challenge (openSMILE's IS09), which has exactly these sixteen contours.
"""

import dataclasses

import tensorflow as tf

from ser_tf.features import framing, mel, stft
from ser_tf.features.mfcc import MfccParams, mfcc_frames
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.mirsamadi2017 import contours, energy
from ser_tf.papers.mirsamadi2017.pitch import PitchParams, pitch

_SMALLEST_RMS = 1e-5
"""Floor under the energy's logarithm, below the least significant of 16 bits."""

CONTOUR_NAMES = ("f0_hz", "voicing_probability", "rms_energy", "zero_crossing_rate") + tuple(
    f"mfcc_{order}" for order in range(1, 13)
)
"""The sixteen contours, in the order of the first sixteen dimensions."""

LLD_NAMES = CONTOUR_NAMES + tuple(f"{name}_delta" for name in CONTOUR_NAMES)
"""Names of the 32 dimensions, in order."""


@dataclasses.dataclass(frozen=True)
class LldParams(framing.FrameParams):
    """Settings of the low-level descriptors.

    Attributes:
        pitch: Settings of F0 and voicing; its frames must be those of `mfcc`.
        mfcc: Settings of the cepstral coefficients.
        energy: `rms`, or `log` for its natural logarithm.
        smoothing_frames: Length of the moving average, odd; 1 switches it off.
        delta_reach_frames: Frames on each side that enter a delta.
    """

    window_seconds: float = 0.025  # §3
    hop_seconds: float = 0.010  # §3: 100 frames/s
    pitch: PitchParams = PitchParams()
    mfcc: MfccParams = MfccParams(
        window_shape=stft.HAMMING,  # not stated; see ledger (window)
        fft_samples=512,  # §3 has 257 bins for the spectral features
        bands=26,  # not stated; see ledger (mel_bands)
        low_hz=0.0,  # fixed here: IS09's
        high_hz=8000.0,  # not stated; see ledger (mel_high_hz)
        mel_scale=mel.HTK,  # not stated; see ledger
        unit_area=False,  # fixed here: IS09's; a constant factor per band, which the logarithm turns into an offset
        pre_emphasis=0.97,  # not stated; see ledger
        coefficients=12,  # §3
        first_coefficient=1,  # fixed here: IS09's; energy is a separate descriptor
        lifter=22,  # not stated; see ledger (cepstral_lifter)
    )
    energy: str = "rms"  # not stated; see ledger
    smoothing_frames: int = 3  # not stated; see ledger
    delta_reach_frames: int = 2  # not stated; see ledger

    def __post_init__(self) -> None:
        """Checks that all parts share one time axis.

        Raises:
            ValueError: the frames of `pitch` or `mfcc` differ from these.
        """
        for part in (self.pitch, self.mfcc):
            for field in dataclasses.fields(framing.FrameParams):
                if getattr(part, field.name) != getattr(self, field.name):
                    raise ValueError(f"{type(part).__name__}.{field.name} differs from LldParams.{field.name}")


def lld(waveform: tf.Tensor, params: LldParams, num_samples: tf.Tensor | None = None) -> tf.Tensor:
    """Computes the 32 low-level descriptors of each frame (mirsamadi2017 §3), in the order of `LLD_NAMES`.

    Args:
        waveform: float32 `(..., samples)` in [-1, 1].
        params: Settings.
        num_samples: Integers `(...)`, the valid samples of each right-padded utterance, or None when all are valid.

    Returns:
        float32 `(..., frames, 32)`. F0 is in Hz, voicing probability, energy and zero-crossing rate are fractions,
        deltas are per frame. Frames after the end of an utterance are zero; the others do not depend on the padding.

    Deviations:
        The contours are smoothed as in IS09, except F0: it is averaged only over those of the three frames that are
        voiced and within 10% of the middle one, and stays 0 on unvoiced frames, because an average across a voicing
        boundary or an octave leap is a pitch that nobody spoke. Deltas are computed on the smoothed contours, for F0
        including its zeros. At both ends the outermost valid frame is repeated.
    """
    silenced = framing.silence_padding(waveform, num_samples)
    frames = framing.frame(silenced, params)
    total = tf.shape(frames)[-2]
    mask = framing.frame_mask(total, params, num_samples)
    f0_hz, voicing = pitch(silenced, params.pitch, total, num_samples)
    level = energy.rms(frames)
    if params.energy == "log":
        level = tf.math.log(tf.maximum(level, _SMALLEST_RMS))
    levels = tf.stack([voicing, level, energy.zero_crossing_rate(frames)], axis=-1)
    others = tf.concat([levels, mfcc_frames(waveform, params.mfcc, num_samples)], axis=-1)
    smooth = tf.concat(
        [
            _voiced_average(f0_hz[..., tf.newaxis], mask, params),
            contours.moving_average(others, mask, params.smoothing_frames),
        ],
        axis=-1,
    )
    both = tf.concat([smooth, contours.deltas(smooth, mask, params.delta_reach_frames)], axis=-1)
    return framing.zero_padding_frames(both, params, num_samples)


def _voiced_average(f0_hz: tf.Tensor, mask: tf.Tensor | None, params: LldParams) -> tf.Tensor:
    """Smooths `(..., frames, 1)` over the voiced frames that continue from each frame without a jump."""
    reach = params.smoothing_frames // 2
    total, number = tf.zeros_like(f0_hz), tf.zeros_like(f0_hz)
    for hz in contours.shifted(f0_hz, mask, reach):
        near = tf.cast(tf.abs(hz - f0_hz) <= params.pitch.largest_step * f0_hz, tf.float32)
        total, number = total + near * hz, number + near
    return total / number


def lld_spec(params: LldParams | None = None) -> FeatureSpec:
    """Returns the low-level descriptors of mirsamadi2017, by default with the paper's settings."""
    return FeatureSpec("lld", params or LldParams(), lld, len(LLD_NAMES), LLD_NAMES)


LLD = lld_spec()
"""32 low-level descriptors (mirsamadi2017 §3)."""
