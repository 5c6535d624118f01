"""Checks of a corpus's recordings: all headers before a run, or every sample, with lengths, rates and twins."""

import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ser_tf.corpora import recordings
from ser_tf.corpora.base import Utterance, part_seconds
from ser_tf.errors import AudioError


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What reading every sample of a corpus found.

    Attributes:
        missing: The files that are not there.
        unreadable: One line for each file or part of a file that cannot be used, with the reason.
        seconds: Length of each usable utterance.
        rates_hz: Number of usable files by their sampling rate.
        channels: Number of usable files by their number of channels.
        twins: Ids of utterances with identical samples, two or more each.
    """

    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    seconds: tuple[float, ...]
    rates_hz: Mapping[int, int]
    channels: Mapping[int, int]
    twins: tuple[tuple[str, ...], ...]


def header_problems(utterances: Iterable[Utterance]) -> list[str]:
    """Reads all headers, and the samples of the files whose headers prove nothing.

    A WAV file of integers is usable when its header is. Floats may hold anything, and only decoding shows whether a
    compressed file is whole.

    Returns:
        One line for each file or part of a file that cannot be used.
    """
    files = _by_file(utterances)
    pool = ThreadPoolExecutor(os.cpu_count())  # libsndfile decodes outside of Python's lock
    try:
        return [problem for problems in pool.map(_file_problems, files, files.values()) for problem in problems]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _file_problems(path: Path, members: Sequence[Utterance]) -> list[str]:
    try:
        header = recordings.read_header(path)
        if not header.has_integers:
            recordings.read_samples(path)
    except AudioError as error:
        return [str(error)]
    return [problem for member in members if (problem := _part_problem(member, header.duration_seconds))]


def inspect(utterances: Sequence[Utterance], progress: Callable[[int, int], None] | None = None) -> Inspection:
    """Reads every sample.

    Args:
        utterances: The utterances, with or without their files.
        progress: Called with the number of utterances done and of all after each file.
    """
    missing, unreadable, seconds = [], [], []
    contents: dict[str, Hashable] = {}
    headers: list[recordings.RecordingHeader] = []
    done = 0
    for path, members in _by_file(utterances).items():
        if path.is_file():
            try:
                samples, header = recordings.read_samples(path)
            except AudioError as error:
                unreadable.append(str(error))
            else:
                headers.append(header)
                unreadable += filter(None, (_part_problem(member, header.duration_seconds) for member in members))
                for member, length in _usable(members, header.duration_seconds):
                    part = recordings.cut(samples, header, member.start_seconds, member.end_seconds)
                    seconds.append(length)
                    digest = hashlib.blake2b(part.tobytes(), digest_size=16).digest()
                    contents[member.id] = (digest, header.sample_rate_hz, header.channels)
        else:
            missing.append(str(path))
        done += len(members)
        if progress:
            progress(done, len(utterances))
    return Inspection(
        missing=tuple(missing),
        unreadable=tuple(unreadable),
        seconds=tuple(seconds),
        rates_hz=Counter(header.sample_rate_hz for header in headers),
        channels=Counter(header.channels for header in headers),
        twins=twins(contents),
    )


def twins(contents: Mapping[str, Hashable]) -> tuple[tuple[str, ...], ...]:
    """Groups utterances that have the same content.

    >>> twins({"a": 1, "b": 2, "c": 1})
    (('a', 'c'),)

    Args:
        contents: Stands for the content of each utterance, such as a digest of its samples or of its file.

    Returns:
        Sorted ids of each group of two or more.
    """
    groups: dict[Hashable, list[str]] = {}
    for utterance_id in sorted(contents):
        groups.setdefault(contents[utterance_id], []).append(utterance_id)
    return tuple(tuple(ids) for ids in groups.values() if len(ids) > 1)


def _by_file(utterances: Iterable[Utterance]) -> dict[Path, list[Utterance]]:
    """Utterances by their file, so that a long recording with many parts is read once."""
    files: dict[Path, list[Utterance]] = {}
    for utterance in utterances:
        files.setdefault(utterance.path, []).append(utterance)
    return files


def _usable(members: Iterable[Utterance], file_seconds: float) -> Iterator[tuple[Utterance, float]]:
    """The utterances that lie in their file, with their lengths in seconds."""
    for member in members:
        length = part_seconds(member, file_seconds)
        if length is not None:
            yield member, length


def _part_problem(utterance: Utterance, file_seconds: float) -> str | None:
    if part_seconds(utterance, file_seconds) is not None:
        return None
    end = "its end" if utterance.end_seconds is None else f"{utterance.end_seconds:g} s"
    part = f"{utterance.id}, from {utterance.start_seconds:g} s to {end}"
    return f"{utterance.path}: {part}, is not in the recording, which is {file_seconds:g} s long"
