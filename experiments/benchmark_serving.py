"""Speed of exported models: latency and throughput on real files, and the share of decoding and features.

    python -m experiments.benchmark_serving served/lld served/can --audio DIR
    python -m experiments.benchmark_serving served/lld --audio DIR --output experiments/results/serving/benchmark.json

Each model is loaded as TensorFlow Serving loads it and asked by the signature `wav_bytes`, one request after the other,
with 1, 8 and 32 recordings a request. Shown are the latency of a request (p50, p99, milliseconds), recordings and
seconds of audio answered a second, and the share of the time that decoding and features take, measured on the same
requests by themselves. Models that read words get three words a second. The first requests of each size do not count.
"""

import argparse
import contextlib
import dataclasses
import itertools
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rich.table

from ser_tf import cli, files
from ser_tf.corpora import wav_header
from ser_tf.corpora.base import Word
from ser_tf.errors import AudioError, SettingError
from ser_tf.protocol import progress
from ser_tf.serving import requests

BATCH_SIZES = (1, 8, 32)
WARM_UP = 3
WORDS_A_SECOND = 3

Inputs = dict[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Measured:
    """One model with one batch size.

    Attributes:
        model: Folder of the model.
        paper: The paper's key.
        row: The row's key.
        recordings: Number of distinct recordings.
        batch_size: Recordings in a request.
        requests: Number of timed requests.
        p50_ms: Median latency of a request.
        p99_ms: 99th percentile of the latency.
        recordings_a_second: Recordings answered per second.
        audio_seconds_a_second: Seconds of audio answered per second.
        feature_share: Fraction of the time taken by decoding and features.
    """

    model: str
    paper: str
    row: str
    recordings: int
    batch_size: int
    requests: int
    p50_ms: float
    p99_ms: float
    recordings_a_second: float
    audio_seconds_a_second: float
    feature_share: float


def find_files(folder: Path) -> list[Path]:
    """The WAV files in and below a folder that are whole, in the order of their names.

    Raises:
        AudioError: there are none.
    """
    found = []
    for path in sorted(folder.rglob("*.wav")):
        with contextlib.suppress(AudioError):
            wav_header.read_wav_header(path)
            found.append(path)
    if not found:
        raise AudioError(f"{folder}: has no WAV files")
    return found


def taken(paths: Sequence[Path], card: dict[str, Any]) -> list[Path]:
    """The files that a model takes, by its card.

    Raises:
        AudioError: there are none.
    """
    headers = {path: wav_header.read_wav_header(path) for path in paths}
    found = [
        path
        for path, header in headers.items()
        if header.sample_rate >= card["min_rate_hz"] and header.duration_seconds <= card["max_seconds"]
    ]
    if not found:
        raise AudioError(
            f"{paths[0].parent}: has no WAV file at {card['min_rate_hz']} Hz or more and of at most"
            f" {card['max_seconds']:g} s, which {card['row']} takes"
        )
    return found


def batches(paths: Sequence[Path], size: int, reads_words: bool) -> Iterator[tuple[Inputs, float]]:
    """Requests over the files, again and again, with the seconds of audio in each."""
    endless = itertools.cycle(paths)
    while True:
        chosen = list(itertools.islice(endless, size))
        seconds = [wav_header.read_wav_header(path).duration_seconds for path in chosen]
        inputs = requests.of_files([path.read_bytes() for path in chosen])
        if reads_words:
            inputs |= requests.of_words([_words(duration) for duration in seconds])
        yield inputs, sum(seconds)


def _words(seconds: float) -> tuple[Word, ...]:
    edges = np.linspace(0.0, seconds, max(round(WORDS_A_SECOND * seconds), 1) + 1)
    return tuple(Word("word", begin, end) for begin, end in itertools.pairwise(edges.tolist()))


@contextlib.contextmanager
def opened(model: Path) -> Iterator[Callable[[Inputs], Any]]:
    """A SavedModel in a session, as a function of the inputs of `wav_bytes`."""
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        signature = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(model)).signature_def["wav_bytes"]
        fetches = {name: tensor.name for name, tensor in signature.outputs.items()}
        yield lambda inputs: session.run(fetches, {signature.inputs[name].name: inputs[name] for name in inputs})


def front_of(card: dict[str, Any]) -> Callable[[Inputs], Any]:
    """Makes a graph of only the decoding and features of a model, from its card."""
    import tensorflow as tf

    from ser_tf import papers
    from ser_tf.protocol import ledger as ledgers
    from ser_tf.serving import riff, served, wav

    paper = papers.load(card["paper"])
    ledger = ledgers.restore(type(paper.ledger), card["assumptions"])
    features = paper.systems[card["row"]].features
    if features is None:
        raise SettingError(f"row {card['row']} of {paper.key} reads no features")
    (spec,) = features(ledger)
    limits = riff.Limits(card["max_seconds"], card["min_rate_hz"])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def compute(audio: tf.Tensor) -> tf.Tensor:
        waveform, num_samples, _ = wav.decode_batch(audio, limits)
        reads_audio = card["feature"] is not None
        return tf.reduce_sum(served.features_of(spec, waveform, num_samples) if reads_audio else waveform)

    return lambda inputs: compute(tf.constant(inputs["audio"])).numpy()


def _seconds(action: Callable[[Inputs], Any], source: Iterator[tuple[Inputs, float]], number: int) -> list[float]:
    """Times of so many requests; the audio in them is not asked for here."""
    for inputs, _ in itertools.islice(source, WARM_UP):
        action(inputs)
    times = []
    for inputs, _ in itertools.islice(source, number):
        started = time.perf_counter()
        action(inputs)
        times.append(time.perf_counter() - started)
    return times


def measure(folder: Path, paths: Sequence[Path], number: int) -> Iterator[Measured]:
    """Measures one model with every batch size.

    Args:
        folder: Folder of the SavedModel.
        paths: The recordings.
        number: Number of timed requests for each batch size.
    """
    from ser_tf.serving import exported

    card = exported.read_card(folder)
    paths, front = taken(paths, card), front_of(card)
    for size in BATCH_SIZES:
        with opened(folder) as whole:
            times = _seconds(whole, batches(paths, size, card["reads_words"]), number)
        features = _seconds(front, batches(paths, size, False), number)
        asked = itertools.islice(batches(paths, size, False), WARM_UP, WARM_UP + number)
        audio_seconds = sum(seconds for _, seconds in asked)
        yield Measured(
            model=folder.parent.name,
            paper=card["paper"],
            row=card["row"],
            recordings=len(paths),
            batch_size=size,
            requests=number,
            p50_ms=1000 * float(np.percentile(times, 50)),
            p99_ms=1000 * float(np.percentile(times, 99)),
            recordings_a_second=size * number / sum(times),
            audio_seconds_a_second=audio_seconds / sum(times),
            feature_share=min(sum(features) / sum(times), 1.0),
        )


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m experiments.benchmark_serving", description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="folders of exported models")
    parser.add_argument("--audio", type=Path, required=True, metavar="DIR", help="folder with WAV files")
    parser.add_argument(
        "--requests", type=int, default=100, metavar="N", help="timed requests of each size (default: 100)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the numbers as JSON")
    flags = parser.parse_args(argv)
    if flags.requests < 1:
        raise SettingError(f"--requests {flags.requests}: at least one is needed")
    return flags


def main(argv: list[str]) -> int:
    """Measures and prints the table."""
    from ser_tf.serving import exported

    flags = parse(argv)
    paths = find_files(flags.audio)
    folders = [exported.folder_of(Path(name)) for name in flags.models]
    console = progress.console()
    table = rich.table.Table(title=f"{flags.requests} requests of each size, {os.cpu_count()} processors")
    for heading in ("model", "row", "batch", "p50 ms", "p99 ms", "recordings/s", "audio s/s", "features"):
        table.add_column(heading, justify="left" if heading in ("model", "row") else "right")
    found = []
    for folder in folders:
        with console.status(f"{folder} is measured"):
            for measured in measure(folder, paths, flags.requests):
                found.append(measured)
                speeds = (f"{measured.recordings_a_second:.1f}", f"{measured.audio_seconds_a_second:.1f}")
                latencies = (f"{measured.p50_ms:.0f}", f"{measured.p99_ms:.0f}")
                row = (measured.model, f"{measured.paper} {measured.row}", str(measured.batch_size))
                table.add_row(*row, *latencies, *speeds, f"{measured.feature_share:.0%}")
    console.print(table)
    if flags.output:
        machine = {"processors": os.cpu_count(), "machine": platform.machine()}
        result = {**machine, "models": [dataclasses.asdict(measured) for measured in found]}
        files.atomic_write_text(flags.output, json.dumps(result, indent=1) + "\n")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
