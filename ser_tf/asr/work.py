"""Many recordings in several processes: each is aligned or recognised, or the problem with it is told."""

import concurrent.futures
import dataclasses
import multiprocessing
import signal
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from ser_tf.asr.transcripts import words_in
from ser_tf.asr.wdseg import Token
from ser_tf.corpora.base import Utterance, spoken_word
from ser_tf.errors import AudioError, UserError

if TYPE_CHECKING:
    from ser_tf.asr.sphinx import Sphinx

NO_TRANSCRIPT = "no transcript"
NOT_IN_DICTIONARY = "words not in the dictionary"
NOT_ALIGNED = "not aligned"
NOTHING_RECOGNISED = "no word recognised"
UNREADABLE = "unreadable"
PROBLEMS = (NO_TRANSCRIPT, NOT_IN_DICTIONARY, NOT_ALIGNED, NOTHING_RECOGNISED, UNREADABLE)


@dataclasses.dataclass(frozen=True)
class Done:
    """The outcome for one recording.

    Attributes:
        id: The utterance.
        tokens: The alignment; None where there is none.
        problem: One of `PROBLEMS`, or empty.
        detail: The words or the reason.
    """

    id: str
    tokens: tuple[Token, ...] | None
    problem: str = ""
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Recording:
    """A recording as a process is given it.

    Attributes:
        id: The utterance.
        pcm: 16-bit samples at 16 kHz.
        transcript: Its words as the corpus writes them; None where they are to be recognised.
    """

    id: str
    pcm: bytes
    transcript: str | None


_sphinx: "Sphinx"
"""The decoder of a process."""


def prepare(pronunciations: Mapping[str, str]) -> None:
    """Makes the decoder of this process."""
    from ser_tf.asr.sphinx import Sphinx

    global _sphinx
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption of the command ends this process through its pool
    _sphinx = Sphinx(pronunciations)


def done_with(recording: Recording) -> Done:
    """Aligns or recognises one recording with the decoder of this process."""
    if recording.transcript is None:
        tokens = _sphinx.recognise(recording.pcm)
        heard = any(spoken_word(token.text) for token in tokens)
        return Done(recording.id, tokens, "" if heard else NOTHING_RECOGNISED)
    spoken = words_in(recording.transcript, _sphinx.knows)
    if not spoken.words:
        return Done(recording.id, None, NO_TRANSCRIPT, recording.transcript)
    if spoken.unknown:
        return Done(recording.id, None, NOT_IN_DICTIONARY, " ".join(spoken.unknown))
    aligned = _sphinx.align(recording.pcm, spoken.words)
    return Done(recording.id, aligned, "" if aligned else NOT_ALIGNED, "" if aligned else " ".join(spoken.words))


def run(
    utterances: Sequence[Utterance], recognise: bool, pronunciations: Mapping[str, str], workers: int
) -> Generator[Done, None, None]:
    """Aligns or recognises utterances; recordings are read here, and only a few of them wait in memory.

    Args:
        utterances: The utterances.
        recognise: Whether their words are recognised; otherwise they are those of the transcripts.
        pronunciations: Words beyond the dictionary's.
        workers: Number of processes.

    Yields:
        What came of each, in the given order.

    Raises:
        UserError: a process died; names the utterance.
    """
    from ser_tf.features import parallel

    context = multiprocessing.get_context("spawn")  # TensorFlow's threads do not survive a fork
    with concurrent.futures.ProcessPoolExecutor(workers, context, prepare, (dict(pronunciations),)) as pool:
        yield from parallel.map_in_order(_through(pool, recognise), utterances, threads=workers + 1)


def _through(pool: concurrent.futures.Executor, recognise: bool) -> Callable[[Utterance], Done]:
    """Reads a recording in this process and has it worked on in another."""
    from ser_tf.asr.sphinx import pcm_of
    from ser_tf.data.audio import read_utterance

    def work(utterance: Utterance) -> Done:
        if not recognise and utterance.transcript is None:
            return Done(utterance.id, None, NO_TRANSCRIPT)
        try:
            pcm = pcm_of(read_utterance(utterance))
        except AudioError as error:
            return Done(utterance.id, None, UNREADABLE, str(error))
        recording = Recording(utterance.id, pcm, None if recognise else utterance.transcript)
        try:
            return pool.submit(done_with, recording).result()
        except BrokenProcessPool:
            raise UserError(
                f"a process died while aligning {utterance.id} or a recording beside it, possibly out of memory; what"
                " is aligned is kept, and the same command goes on (--workers 1 takes least memory)"
            ) from None

    return work
