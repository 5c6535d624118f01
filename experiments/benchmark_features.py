"""How fast the features are computed, beside librosa's equivalents on the same audio in the same run.

    python -m experiments.benchmark_features
    python -m experiments.benchmark_features --corpus-root DIR --seconds 120

Prints real-time factors (seconds of audio a second) from decoded audio to features, as the feature store computes
them: each utterance on its own. The features here run on `--threads` threads, librosa's in as many processes, each with
its own share of the utterances. Every side is warmed up first, the two sides take turns, and medians over the repeats
are shown (pyin is slow, and timed once). Without a folder, speech-like audio is made up; it is the same in every run.

For the low-level descriptors librosa's equivalent is pre-emphasis, MFCC, energy, zero-crossing rate, F0 by yin (or
pyin) and deltas; it gives no voicing probability with yin and smooths nothing, so it does slightly less.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rich.table

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
SHORTEST_TIMING_SECONDS = 0.3

Waveforms = Sequence[npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One line of the table: a feature, librosa's equivalent, how often that is timed at most, and a target."""

    spec: FeatureSpec
    equivalent: str
    most_repeats: int | None = None
    least_factor: float = 0.0


COMPARISONS = (
    Comparison(SPECTRAL, "stft"),
    Comparison(LLD, "mfcc, rms, zcr, yin, delta", least_factor=300.0),
    Comparison(LLD, "mfcc, rms, zcr, pyin, delta", most_repeats=1, least_factor=300.0),
    Comparison(LOG_MEL, "melspectrogram"),
    Comparison(MFCC, "mfcc"),
    Comparison(LOG_MAGNITUDE, "stft, 800 points"),
    Comparison(LOG_POWER, "stft, 1600 points"),
)


def made_up_speech(seconds: float) -> list[npt.NDArray[Any]]:
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


def read_folder(folder: Path, seconds: float) -> list[npt.NDArray[Any]]:
    """Decodes the folder's wav files, in order of their names, until there are enough seconds.

    Raises:
        SettingError: the folder is not there or holds no wav file.
        AudioError: a file cannot be decoded.
    """
    if not folder.is_dir():
        raise errors.SettingError(f"{folder}: no such folder; give one that holds wav files")
    utterances: list[npt.NDArray[Any]] = []
    for path in sorted(folder.rglob("*.wav")):
        if sum(map(len, utterances)) >= seconds * RATE_HZ:
            break
        utterances.append(audio.read(path))
    if not utterances:
        raise errors.SettingError(f"{folder}: no wav file in it or below it")
    return utterances


def prepare_ours(spec: FeatureSpec, waveforms: Waveforms, threads: int) -> Callable[[], object]:
    """Compiles a feature's graph and warms it up; the function that is returned runs it over all waveforms once."""
    compute = parallel.compiled(spec)

    def run() -> None:
        collections.deque(parallel.map_in_order(compute, waveforms, threads), maxlen=0)

    run()
    return run


class Processes:
    """Worker processes that hold the waveforms and run librosa on them."""

    def __init__(self, waveforms: Waveforms, workers: int) -> None:
        """Starts the workers; `spawn` keeps them free of this process's TensorFlow threads."""
        self._shares = [range(worker, len(waveforms), workers) for worker in range(workers)]
        self._pool = concurrent.futures.ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), _receive, (list(waveforms),)
        )

    def prepare(self, equivalent: str) -> Callable[[], object]:
        """Compiles numba's functions in each worker; the function that is returned runs over all waveforms once."""
        self._run(equivalent, [share[:1] for share in self._shares])
        return lambda: self._run(equivalent, self._shares)

    def close(self) -> None:
        """Ends the workers."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, equivalent: str, shares: Sequence[range]) -> None:
        list(self._pool.map(_compute, [equivalent] * len(shares), shares))


_received: list[npt.NDArray[Any]] = []


def _receive(waveforms: list[npt.NDArray[Any]]) -> None:
    _received[:] = waveforms


def _compute(equivalent: str, share: range) -> int:
    return sum(LIBROSA[equivalent](_received[index]).shape[1] for index in share)


def _seconds(action: Callable[[], object]) -> float:
    """Mean time of an action, repeated until the whole is long enough for the clock and for a busy machine."""
    start, passes = time.perf_counter(), 0
    while passes == 0 or time.perf_counter() - start < SHORTEST_TIMING_SECONDS:
        action()
        passes += 1
    return (time.perf_counter() - start) / passes


def one_thread_for_each_utterance(threads: int) -> None:
    """Keeps TensorFlow and, in processes started from now on, NumPy from splitting single operations among threads."""
    # Imported here, behind ser_tf, which silences TensorFlow's start-up messages.
    import tensorflow as tf

    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with contextlib.suppress(RuntimeError):  # too late: this process has used TensorFlow before
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def measure(waveforms: Waveforms, threads: int, repeats: int) -> Iterator[tuple[Comparison, float, float]]:
    """Yields each comparison with the real-time factors of the feature here and of librosa's equivalent.

    The two sides take turns, so that whatever else the machine does meanwhile slows both.
    """
    duration = sum(map(len, waveforms)) / RATE_HZ
    processes = Processes(waveforms, threads)
    try:
        for comparison in COMPARISONS:
            run_ours = prepare_ours(comparison.spec, waveforms, threads)
            run_theirs = processes.prepare(comparison.equivalent)
            ours, theirs = [], []
            for repeat in range(repeats):
                ours.append(_seconds(run_ours))
                if repeat < (comparison.most_repeats or repeats):
                    theirs.append(_seconds(run_theirs))
            yield comparison, duration / statistics.median(ours), duration / statistics.median(theirs)
    finally:
        processes.close()


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
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads; librosa's processes (default: 2)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="timed passes of each (default: 5)")
    settings = parser.parse_args(argv)
    for name in ("seconds", "threads", "repeats"):
        if not 0 < getattr(settings, name) < float("inf"):
            raise errors.SettingError(f"--{name} must be above zero, not {getattr(settings, name):g}")
    return settings


def main(argv: list[str]) -> int:
    """Measures and prints the table."""
    settings = parse(argv)
    one_thread_for_each_utterance(settings.threads)
    folder, seconds = settings.folder, settings.seconds
    waveforms = made_up_speech(seconds) if folder is None else read_folder(folder, seconds)
    duration = sum(map(len, waveforms)) / RATE_HZ
    table = rich.table.Table(
        title=f"Seconds of audio a second: {len(waveforms)} utterances, {duration:.0f} s, {settings.threads} threads",
        caption=str(folder or "made-up speech"),
    )
    for heading in ("feature", "ser_tf", "librosa", "ratio", "librosa's equivalent", "at least as fast"):
        table.add_column(heading, justify="right" if heading in ("ser_tf", "librosa", "ratio") else "left")
    console = progress.console()
    with console.status("warming up") as status:
        for comparison, ours, theirs in measure(waveforms, settings.threads, settings.repeats):
            verdict = "yes" if ours >= theirs else "NO"
            if comparison.least_factor:
                reached = "yes" if ours >= comparison.least_factor else "NO"
                verdict += f"; {comparison.least_factor:.0f} times real time: {reached}"
            name = f"{comparison.spec.name} ({comparison.spec.dims})"
            factors = (f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}")
            table.add_row(name, *factors, comparison.equivalent, verdict)
            status.update(f"{comparison.spec.name} is measured")
    console.print(table)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
