"""Speed of the features, compared with librosa, openSMILE and torchaudio on the same audio in the same run.

    python -m experiments.benchmark_features
    python -m experiments.benchmark_features --corpus-root DIR --seconds 120

Prints real-time factors: seconds of audio that one processor core computes in a second, from decoded audio to features,
each utterance on its own, as the feature store does. Processor time is measured, with one thread on each side, which
makes other load on the machine matter little; both sides are warmed up and alternate, and medians over the repeats are
shown (pyin is slow, and timed once). Without a folder, the same speech-like audio is generated in every run. openSMILE
(`pip install opensmile`, for research only) and torchaudio are compared if they are installed.

For the low-level descriptors librosa's equivalent is pre-emphasis, MFCC, energy, zero-crossing rate, F0 by yin (or
pyin) and deltas; it gives no voicing probability with yin and smooths nothing, so it does slightly less. openSMILE's is
its own set of the Interspeech 2009 challenge, without the deltas.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rich.table

from experiments import other_equivalents
from experiments.librosa_equivalents import LIBROSA
from ser_tf import cli, errors
from ser_tf.data import audio
from ser_tf.features import parallel
from ser_tf.features.mfcc import LOG_MEL, MFCC
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import LOG_POWER_SPECTROGRAM as LOG_POWER
from ser_tf.features.spectrogram import LOG_SPECTROGRAM as LOG_MAGNITUDE
from ser_tf.papers.mirsamadi2017.lld import LLD
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL
from ser_tf.protocol import progress

RATE_HZ = audio.SAMPLE_RATE_HZ
UTTERANCE_SECONDS = 3.0
MIN_TIMING_SECONDS = 0.3

Waveform = npt.NDArray[np.float32]
Waveforms = Sequence[Waveform]
Run = Callable[[], float]
"""Computes a feature of all waveforms once and returns the processor seconds."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One line of the table.

    Attributes:
        spec: The feature.
        tool: `librosa`, `opensmile` or `torchaudio`.
        equivalent: What is computed with it.
        max_repeats: Maximum number of timed runs of the equivalent; by default as many as of the feature.
        min_factor: Real-time factor that the feature should reach here.
    """

    spec: FeatureSpec
    tool: str
    equivalent: str
    max_repeats: int | None = None
    min_factor: float = 0.0


COMPARISONS = (
    Comparison(SPECTRAL, "librosa", "stft"),
    Comparison(LLD, "librosa", "mfcc, rms, zcr, yin, delta", min_factor=1000.0),
    Comparison(LLD, "librosa", "mfcc, rms, zcr, pyin, delta", max_repeats=1, min_factor=1000.0),
    Comparison(LLD, "opensmile", "IS09 descriptors", min_factor=1000.0),
    Comparison(LOG_MEL, "librosa", "melspectrogram"),
    Comparison(LOG_MEL, "torchaudio", "MelSpectrogram"),
    Comparison(MFCC, "librosa", "mfcc"),
    Comparison(MFCC, "torchaudio", "MFCC"),
    Comparison(LOG_MAGNITUDE, "librosa", "stft, 800 points"),
    Comparison(LOG_POWER, "librosa", "stft, 1600 points"),
    Comparison(LOG_POWER, "torchaudio", "Spectrogram, 1600 points"),
)


def made_up_speech(seconds: float) -> list[Waveform]:
    """Utterances of about three seconds: gliding harmonics in syllables, pauses, a little noise."""
    generator = np.random.default_rng(0)
    utterances = []
    for _ in range(max(round(seconds / UTTERANCE_SECONDS), 1)):
        clock = np.arange(int(generator.uniform(0.5, 1.5) * UTTERANCE_SECONDS * RATE_HZ)) / RATE_HZ
        f0_hz = generator.uniform(90.0, 260.0) * (1.0 + 0.2 * np.sin(2.0 * np.pi * generator.uniform(0.5, 2.0) * clock))
        phase = 2.0 * np.pi * np.cumsum(f0_hz) / RATE_HZ
        harmonics = sum(np.sin(order * phase) / order for order in range(1, 16))
        syllables = np.maximum(np.sin(2.0 * np.pi * 2.5 * clock), 0.0)
        noise = 0.005 * generator.standard_normal(len(clock))
        utterances.append((0.1 * harmonics * syllables + noise).astype(np.float32))
    return utterances


def read_folder(folder: Path, seconds: float) -> list[Waveform]:
    """Decodes the folder's wav files, in order of their names, until there are enough seconds.

    Raises:
        SettingError: the folder is not there or holds no wav file.
        AudioError: a file cannot be decoded.
    """
    if not folder.is_dir():
        raise errors.SettingError(f"{folder}: no such folder; give one that holds wav files")
    utterances: list[Waveform] = []
    for path in sorted(folder.rglob("*.wav")):
        if sum(map(len, utterances)) >= seconds * RATE_HZ:
            break
        utterances.append(audio.read(path))
    if not utterances:
        raise errors.SettingError(f"{folder}: no wav file in it or below it")
    return utterances


def prepare_ours(spec: FeatureSpec, waveforms: Waveforms) -> Run:
    """Compiles a feature's graph and warms it up; the function that is returned runs it over all waveforms once."""
    compute = parallel.compiled(spec)

    def run() -> float:
        start = time.process_time()
        for waveform in waveforms:
            compute(waveform)
        return time.process_time() - start

    run()
    return run


class OtherProcess:
    """A process that holds the waveforms and runs the other tools on them, with one thread."""

    def __init__(self, waveforms: Waveforms) -> None:
        """Starts the process; `spawn` keeps it free of this process's TensorFlow threads."""
        spawn = multiprocessing.get_context("spawn")
        self._pool = concurrent.futures.ProcessPoolExecutor(1, spawn, _receive, (list(waveforms),))

    def prepare(self, comparison: Comparison) -> Run:
        """Warms a tool up; the function that is returned runs it over all waveforms once."""
        arguments = (comparison.tool, comparison.equivalent)
        self._pool.submit(_compute, *arguments, 1).result()
        return lambda: self._pool.submit(_compute, *arguments).result()

    def close(self) -> None:
        """Ends the process."""
        self._pool.shutdown(cancel_futures=True)


_received: list[Waveform] = []


def _receive(waveforms: list[Waveform]) -> None:
    _received[:] = waveforms


def equivalent(tool: str, name: str) -> Callable[[Waveform], npt.NDArray[np.float32]]:
    """The function of another tool: a waveform (samples,) -> (dims, frames)."""
    return LIBROSA[name] if tool == "librosa" else other_equivalents.load(tool)[name]


def _compute(tool: str, name: str, count: int | None = None) -> float:
    function = equivalent(tool, name)
    start = time.process_time()
    for waveform in _received[:count]:
        function(waveform)
    return time.process_time() - start


def _seconds(run: Run) -> float:
    """Mean processor time of a run, repeated until the whole is long enough for the clock."""
    seconds = [run()]
    while sum(seconds) < MIN_TIMING_SECONDS:
        seconds.append(run())
    return statistics.mean(seconds)


def one_thread() -> None:
    """Keeps TensorFlow and, in processes started from now on, NumPy and PyTorch from splitting operations."""
    # Imported here, after ser_tf, which silences TensorFlow's start-up messages.
    import tensorflow as tf

    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    with contextlib.suppress(RuntimeError):  # too late: this process has used TensorFlow before
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def measure(waveforms: Waveforms, repeats: int) -> Iterator[tuple[Comparison, float, float]]:
    """Yields each comparison with the real-time factors of the feature here and of the other tool's equivalent.

    The two sides alternate, which spreads other load on the machine over both. Tools that are not installed are left
    out.
    """
    duration = sum(map(len, waveforms)) / RATE_HZ
    process = OtherProcess(waveforms)
    try:
        for comparison in COMPARISONS:
            if not other_equivalents.is_installed(comparison.tool):
                continue
            run_ours = prepare_ours(comparison.spec, waveforms)
            run_theirs = process.prepare(comparison)
            ours, theirs = [], []
            for repeat in range(repeats):
                ours.append(_seconds(run_ours))
                if repeat < (comparison.max_repeats or repeats):
                    theirs.append(_seconds(run_theirs))
            yield comparison, duration / statistics.median(ours), duration / statistics.median(theirs)
    finally:
        process.close()


def parse(argv: list[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m experiments.benchmark_features", description=__doc__)
    parser.add_argument(
        "--corpus-root",
        "--audio-dir",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="folder with wav files in it or below it",
    )
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N", help="how much audio (default: 60)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="timed passes of each (default: 5)")
    settings = parser.parse_args(argv)
    for name in ("seconds", "repeats"):
        if not 0 < getattr(settings, name) < float("inf"):
            raise errors.SettingError(f"--{name} must be above zero, not {getattr(settings, name):g}")
    return settings


def main(argv: list[str]) -> int:
    """Measures and prints the table."""
    settings = parse(argv)
    one_thread()
    folder, seconds = settings.folder, settings.seconds
    waveforms = made_up_speech(seconds) if folder is None else read_folder(folder, seconds)
    duration = sum(map(len, waveforms)) / RATE_HZ
    missing = [tool for tool in other_equivalents.TOOLS if not other_equivalents.is_installed(tool)]
    table = rich.table.Table(
        title=f"Seconds of audio a second and core: {len(waveforms)} utterances, {duration:.0f} s",
        caption=f"{folder or 'made-up speech'}{'; not installed: ' + ', '.join(missing) if missing else ''}",
    )
    for heading in ("feature", "ser_tf", "other", "ratio", "other tool's equivalent", "at least as fast"):
        table.add_column(heading, justify="right" if heading in ("ser_tf", "other", "ratio") else "left")
    console = progress.console()
    with console.status("warming up") as status:
        for comparison, ours, theirs in measure(waveforms, settings.repeats):
            verdict = "yes" if ours >= theirs else "NO"
            if comparison.min_factor:
                reached = "yes" if ours >= comparison.min_factor else "NO"
                verdict += f"; {comparison.min_factor:,.0f} times real time: {reached}"
            name = f"{comparison.spec.name} ({comparison.spec.dims})"
            factors = (f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}")
            table.add_row(name, *factors, f"{comparison.tool}: {comparison.equivalent}", verdict)
            status.update(f"{comparison.spec.name} is measured")
    console.print(table)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
