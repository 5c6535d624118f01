"""Words as a recogniser heard them: a row beyond the paper that learns from reference words and is tested on these.

The paper ends with the wish to run on speech only, with a recogniser's text and alignment. `ser-tf align --recognise`
makes the words that `--recognised DIR` names; the network is that of the row `can`.
"""

import copy
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ser_tf.asr import extra, word_errors
from ser_tf.asr.transcripts import words_in
from ser_tf.corpora.base import Utterance, Word
from ser_tf.errors import CorpusError
from ser_tf.papers.lee2020.alignment import read_alignments, spoken_words
from ser_tf.protocol.paper import FoldOutcome, RowUnavailableError
from ser_tf.protocol.record import UserInput

if TYPE_CHECKING:
    from ser_tf.papers.lee2020.ledger import Ledger
    from ser_tf.protocol.context import FoldContext

INPUT = "recognised"
HOW = "can_asr is tested on recognised words: make them with ser-tf align --recognise and give --recognised DIR"
Heard = Mapping[str, tuple[Word, ...]]
"""Recognised alignments as written, by utterance."""


def read(folder: Path, utterances: Sequence[Utterance]) -> UserInput:
    """Reads recognised words.

    Args:
        folder: As `ser-tf align --recognise` or another recogniser writes it.
        utterances: Those of the task.

    Raises:
        CorpusError: a file is broken, or no file belongs to an utterance.
    """
    every = read_alignments(folder)
    heard = {utterance.id: every[utterance.id] for utterance in utterances if utterance.id in every}
    if not heard:
        raise CorpusError(f"{folder}: none of its {len(every)} alignments (such as {min(every)}) is of the task")
    said = [[key, *([word.text, word.start_seconds, word.end_seconds] for word in heard[key])] for key in sorted(heard)]
    return UserInput(heard, hashlib.sha256(json.dumps(said).encode()).hexdigest())


def note(heard: Heard, utterances: Sequence[Utterance]) -> str:
    """Says how well the words of the task were recognised; an utterance without a file counts as not heard.

    Args:
        heard: The recognised alignments.
        utterances: Those of the task; the reference is the transcript, or the alignment's words without one.
    """
    missing = sum(utterance.id not in heard for utterance in utterances)
    text = "can_asr is beyond the paper: trained on reference words, tested on recognised ones"
    if missing:
        text += f" ({missing} of {len(utterances):,} utterances have none)"
    if not extra.is_installed("jiwer"):
        return f"{text}; their error rate needs jiwer ({extra.INSTALL})"
    pairs = [(_reference(each), _plain(heard.get(each.id, ()))) for each in utterances]
    return f"{text}: {word_errors.count(pairs).text}"


def _reference(utterance: Utterance) -> tuple[str, ...]:
    return words_in(utterance.transcript).words if utterance.transcript else _plain(utterance.words or ())


def _plain(tokens: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in spoken_words(tokens))


def with_recognised(context: "FoldContext[Ledger]") -> "FoldContext[Ledger]":
    """The fold with recognised words in its test set; what is read stays recorded in the same place.

    Raises:
        RowUnavailableError: the user gave none.
    """
    heard: Heard | None = context.inputs.get(INPUT)
    if heard is None:
        raise RowUnavailableError(HOW)
    test = {
        utterance_id: dataclasses.replace(context.utterances[utterance_id], words=heard.get(utterance_id, ()))
        for utterance_id in context.fold.test
    }
    changed = copy.copy(context)
    changed.utterances = {**context.utterances, **test}
    return changed


def fit(context: "FoldContext[Ledger]") -> FoldOutcome:
    """The cross attention network, tested on recognised words.

    Raises:
        RowUnavailableError: the user gave none.
    """
    from ser_tf.papers.lee2020 import systems

    return systems.fit_cross_attention(with_recognised(context))
