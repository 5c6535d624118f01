"""Every parser of text, on mutations of valid files: it reads them, or says in one line what is wrong.

Seconds in all: `SER_TF_FUZZ_SECONDS` (default 6). A failure names the target and the number of its input; `replay`
makes that input again.
"""

import itertools
import math
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from ser_tf import corpora
from ser_tf.corpora import alignment, crema_d, emodb, iemocap_format, plain_text, synthetic
from ser_tf.corpora.base import Word
from ser_tf.errors import UserError
from tests.corpora import fuzzing, test_alignment, trees

SOURCE = "the/file"
MAX_MESSAGE_CHARACTERS = 600
SECONDS = float(os.environ.get("SER_TF_FUZZ_SECONDS", "6"))
CTM = ";; comment\nutt1 1 0.50 0.25 HELLO 0.98\nutt2 A 0.0 0.1 yes\n\nutt1 1 0.10 0.30 <sil>\nutt1 1 0.75 0.2 you\n"
SALIENCE = '{\n"Ses01F_impro01_F000": [[0.12, 0.8], [1.0, 1.5]],\n"Ses01F_impro01_M000": []\n}\n'


def check_words(words: Iterable[Word]) -> None:
    before = Word("", 0.0, 0.0)
    for word in words:
        assert math.isfinite(word.end_seconds) and 0 <= word.start_seconds <= word.end_seconds
        assert before.start_seconds <= word.start_seconds and before.end_seconds <= word.end_seconds
        before = word
    spoken = alignment.spoken_words(tuple(words), 10.0)
    assert all(word.start_seconds <= word.end_seconds for word in spoken)


def check_all_words(alignments: Mapping[str, Iterable[Word]]) -> None:
    for words in alignments.values():
        check_words(words)


def check_turns(turns: Iterable[iemocap_format.Turn]) -> None:
    ids = [turn.id for turn in turns]
    assert len(ids) == len(set(ids))
    assert all(0 <= turn.start_seconds <= turn.end_seconds < math.inf for turn in turns)


def check_votes(recordings: Mapping[str, crema_d.Judged]) -> None:
    assert all(len(judged.votes) < 100_000 for judged in recordings.values())


def text_of(parse: Callable[[str, str], object], encoding: str = "utf-8") -> Callable[[bytes, Path], object]:
    """A parser of text as a reader of the bytes of a file."""
    return lambda content, _: parse(plain_text.decode(content, SOURCE, encoding), SOURCE)


def file_of(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """A reader of a folder with one file as a reader of the bytes of that file."""

    def write_and_read(content: bytes, folder: Path) -> object:
        (folder / name).write_bytes(content)
        return read(folder)

    return write_and_read


def accept(_: object) -> None:
    """For what has no order to check."""


CREMA_D_VOTES = (
    '"","A","D","F","H","N","S","fileName"\n"100001",1,0,0,3,6,0,"1001_IEO_HAP_LO"\n"200001",1,0,0,3,6,0,"x"\n'
)
TARGETS: dict[str, tuple[str, Callable[[bytes, Path], object], Callable]] = {
    "evaluation": (trees.EVALUATION, text_of(iemocap_format.parse_evaluation, "latin-1"), check_turns),
    "transcription": (trees.TRANSCRIPTION, text_of(iemocap_format.parse_transcription, "latin-1"), accept),
    "wdseg": (trees.WDSEG, text_of(iemocap_format.parse_wdseg, "latin-1"), check_words),
    "labsilb": (trees.LABSILB, text_of(emodb.parse_labsilb, "latin-1"), check_words),
    "textgrid": (test_alignment.LONG, text_of(alignment.parse_textgrid), check_words),
    "short textgrid": (test_alignment.SHORT, text_of(alignment.parse_textgrid), check_words),
    "ctm": (CTM, text_of(alignment.parse_ctm), check_all_words),
    "crema-d votes": (CREMA_D_VOTES, text_of(crema_d.parse_votes), check_votes),
    "crema-d actors": ("ActorID,Sex\n1001,Male\n1002,Female\n", text_of(crema_d.parse_demographics), accept),
    "salience": (SALIENCE, file_of("salience.json", synthetic.read_salience), accept),
    "description": (
        '{"layout": "casia", "scale": "small", "seed": 0, "counts": {"utterances": 2, "sad": 1}}',
        file_of("corpus.json", synthetic.generation.read_description),
        accept,
    ),
}


def replay(name: str, number: int) -> bytes:
    """The input of that number."""
    return fuzzing.mutate(TARGETS[name][0].encode("latin-1", "replace"), random.Random(f"{name} {number}"))


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_annotations_are_read_or_refused_in_one_line(name, tmp_path):
    _, read, check = TARGETS[name]
    check(read(TARGETS[name][0].encode("latin-1" if name in ("evaluation", "labsilb") else "utf-8"), tmp_path))
    refused = 0
    until = time.monotonic() + SECONDS / (len(TARGETS) + len(FILE_NAMES))
    for number in itertools.count():
        if time.monotonic() > until and number >= 50:
            break
        content = replay(name, number)
        try:
            with fuzzing.limited():
                check(read(content, tmp_path))
        except UserError as error:
            refused += 1
            message = str(error)
            assert message.startswith((f"{SOURCE}:", str(tmp_path))), f"input {number}: {message[:300]!r}"
            if "\n" in message or len(message) > MAX_MESSAGE_CHARACTERS:
                raise AssertionError(f"input {number}: {message[:300]!r}") from None
        except BaseException as error:
            raise AssertionError(f"{name}, input {number}: {type(error).__name__}: {error}") from error
    assert 0 < refused < number, f"{refused} of {number} refused"


FILE_NAMES = {
    "emodb": ("wav", "03a01Wa.wav"),
    "ravdess": ("Actor_01", "03-01-05-01-02-01-01.wav"),
    "casia": ("liuchanhg/angry", "202.wav"),
}


@pytest.mark.parametrize("name", FILE_NAMES)
def test_mutated_file_names_are_read_or_refused_in_one_line(name, corpus_trees, tmp_path):
    root = corpus_trees.copy(name, tmp_path)
    folder, valid = FILE_NAMES[name]
    until = time.monotonic() + SECONDS / (len(TARGETS) + len(FILE_NAMES))
    for number in itertools.count():
        if time.monotonic() > until and number >= 20:
            break
        mutated = fuzzing.mutate(valid.encode(), random.Random(f"{name} {number}"))[:200]
        path = root / folder / os.fsdecode(mutated.replace(b"\0", b"").replace(b"/", b"") or b"x")
        if path.exists():
            continue
        path.write_bytes(trees.wav_bytes())
        try:
            with fuzzing.limited():
                assert corpora.load(name, root).utterances
        except UserError as error:
            assert str(root) in str(error), f"input {number}: {error}"
        path.unlink()
