"""Checks of a corpus's recordings: all headers before a run, or every sample, with lengths, rates and twins."""

import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ser_tf.corpora import recordings
from ser_tf.corpora.base import Utterance
from ser_tf.errors import AudioError


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Findings from reading every sample of a corpus.

    Attributes:
        missing: The files that do not exist.
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
    """Reads all headers, and the samples of files whose headers do not suffice.

    A WAV file of integers is usable if its header is. Floats may hold any value, and only decoding shows whether a
    compressed file is complete.

    Returns:
        One line for each file or part of a file that cannot be used.
    """
    files = _by_file(utterances)
    pool = ThreadPoolExecutor(os.cpu_count())  # libsndfile decodes without holding Python's lock
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
    return [found for member in members if isinstance(found := _part(member, header), str)]


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
                for member in members:
                    part = _part(member, header)
                    if isinstance(part, str):
                        unreadable.append(part)
                        continue
                    seconds.append((part.stop - part.start) / header.sample_rate_hz)
                    digest = hashlib.blake2b(samples[part].tobytes(), digest_size=16).digest()
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
        contents: A key for the content of each utterance, such as a digest of its samples or of its file.

    Returns:
        Sorted ids of each group of two or more.
    """
    groups: dict[Hashable, list[str]] = {}
    for utterance_id in sorted(contents):
        groups.setdefault(contents[utterance_id], []).append(utterance_id)
    return tuple(tuple(ids) for ids in groups.values() if len(ids) > 1)


def _by_file(utterances: Iterable[Utterance]) -> dict[Path, list[Utterance]]:
    """Groups utterances by file, in order to read a long recording with many parts only once."""
    files: dict[Path, list[Utterance]] = {}
    for utterance in utterances:
        files.setdefault(utterance.path, []).append(utterance)
    return files


def _part(utterance: Utterance, header: recordings.RecordingHeader) -> slice | str:
    """Returns the utterance's samples in its file, or one line on why they are missing."""
    try:
        return slice(*recordings.part_of(header, utterance.path, utterance.start_seconds, utterance.end_seconds))
    except AudioError as error:
        return f"{error} ({utterance.id})"
