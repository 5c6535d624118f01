"""The features as openSMILE and torchaudio compute them, for `experiments.benchmark_features`, where installed."""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.data.audio import SAMPLE_RATE_HZ as RATE_HZ
from ser_tf.features import mel
from ser_tf.features.mfcc import LogMelParams, MfccParams
from ser_tf.features.spectrogram import ANDO2019

Equivalent = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]

TOOLS = ("opensmile", "torchaudio")


def is_installed(tool: str) -> bool:
    """Whether a tool can be imported."""
    return importlib.util.find_spec(tool) is not None


@functools.cache
def load(tool: str) -> dict[str, Equivalent]:
    """Imports a tool; by name, functions of a waveform (samples,) that return (dims, frames)."""
    return {"opensmile": _opensmile, "torchaudio": _torchaudio}[tool]()


def _opensmile() -> dict[str, Equivalent]:
    import opensmile

    config = Path(opensmile.__file__).parent / "core" / "config" / "is09-13" / "IS09_emotion.conf"
    smile = opensmile.Smile(feature_set=str(config), feature_level="lld")
    return {"IS09 descriptors": lambda waveform: smile.process_signal(waveform, RATE_HZ).to_numpy().T}


def _torchaudio() -> dict[str, Equivalent]:
    import torch
    import torchaudio

    torch.set_num_threads(1)
    mel_params, mfcc_params = LogMelParams(), MfccParams()
    bands = torchaudio.transforms.MelSpectrogram(RATE_HZ, **_mel_settings(mel_params))
    cepstrum = torchaudio.transforms.MFCC(
        RATE_HZ, mfcc_params.coefficients, log_mels=True, melkwargs=_mel_settings(mfcc_params)
    )
    power = torchaudio.transforms.Spectrogram(
        ANDO2019.fft_samples, ANDO2019.window_samples, ANDO2019.hop_samples, power=2.0, center=False
    )

    def logarithm(spectrum: torch.Tensor, floor: float) -> torch.Tensor:
        return torch.log(torch.clamp(spectrum, min=floor))

    transforms = {
        "MelSpectrogram": lambda waveform: logarithm(bands(waveform), mel_params.log_floor),
        "MFCC": cepstrum,
        "Spectrogram, 1600 points": lambda waveform: logarithm(
            power(waveform)[: ANDO2019.lowest_bins], ANDO2019.log_floor
        ),
    }
    return {name: _on_arrays(transform) for name, transform in transforms.items()}


def _mel_settings(params: LogMelParams) -> dict[str, object]:
    return {
        "n_fft": params.fft_samples,
        "win_length": params.window_samples,
        "hop_length": params.hop_samples,
        "f_min": params.low_hz,
        "f_max": params.high_hz,
        "n_mels": params.bands,
        "norm": "slaney" if params.unit_area else None,
        "mel_scale": "htk" if params.mel_scale == mel.HTK else "slaney",
        "center": False,
    }


def _on_arrays(transform: Callable[..., Any]) -> Equivalent:
    import torch

    def compute(waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            return transform(torch.from_numpy(waveform)).numpy()

    return compute
