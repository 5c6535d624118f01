"""Every parser of text, on mutations of valid files: it reads them, or says in one line what is wrong.

`SER_TF_FUZZ_SECONDS` (default 18) is the time of all fuzz tests, a third of it for these. A failure names the target
and the number of its input, which `fuzzing.replay` makes again.
"""

import itertools
import math
import os
import random
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ser_tf import corpora
from ser_tf.corpora import crema_d, emodb, iemocap_format, synthetic
from ser_tf.corpora.synthetic.description import read_description
from ser_tf.errors import UserError
from tests.corpora import fuzzing, trees

SECONDS = fuzzing.seconds()
CREMA_D_VOTES = (
    '"","A","D","F","H","N","S","fileName"\n"100001",1,0,0,3,6,0,"1001_IEO_HAP_LO"\n"200001",1,0,0,3,6,0,"x"\n'
)
DESCRIPTION = '{"layout": "casia", "scale": "small", "seed": 0, "counts": {"utterances": 2, "sad": 1}}'
TABLE = (
    "file,speaker,emotion,id,sex,session,style,text,split,start,end,votes\n"
    'a.wav,ann,Anger,u1,f,s1,acted,"Well, ""well"".",train,0.01,0.09,angry;sad|fear\n'
    "b,bob,contempt,u2,m,s2,read,Oh.,test,,,sad;;\n"
)
SALIENCE = '{\n"Ses01F_impro01_F000": [[0.12, 0.8], [1.0, 1.5]],\n"Ses01F_impro01_M000": []\n}\n'


def check_turns(turns: Iterable[iemocap_format.Turn]) -> None:
    ids = [turn.id for turn in turns]
    assert len(ids) == len(set(ids))
    assert all(0 <= turn.start_seconds <= turn.end_seconds < math.inf for turn in turns)


def check_votes(recordings: Mapping[str, crema_d.Judged]) -> None:
    assert all(len(judged.votes) < 100_000 for judged in recordings.values())


def check_shares(shares: Mapping[str, float]) -> None:
    assert all(0 <= share <= 1 for share in shares.values())


def check_table(corpus: corpora.Corpus) -> None:
    ids = [utterance.id for utterance in corpus.utterances]
    assert ids and ids == sorted(set(ids))
    for utterance in corpus.utterances:
        assert utterance.path.is_relative_to(corpus.root.parent) and ".." not in utterance.path.parts
        assert utterance.speaker and utterance.session
        assert not re.search(r"[\x00-\x1f/\\:@#]", utterance.id + utterance.speaker + utterance.session)
        assert 0 <= utterance.start_seconds < math.inf
        assert utterance.duration_seconds is None or 0 < utterance.duration_seconds <= 0.1


def of_table(valid: str) -> fuzzing.Target:
    """A user's table with its recordings beside it."""

    def write_and_load(content: bytes, folder: Path) -> corpora.Corpus:
        for name in ("a.wav", "b.wav"):
            if not (folder / name).exists():
                trees.write_wav(folder / name)
        (folder / "my.csv").write_bytes(content)
        return corpora.load("table", folder / "my.csv")

    return fuzzing.Target(valid.encode(), write_and_load, check_table)


TARGETS = {
    "evaluation": fuzzing.of_text(trees.EVALUATION, iemocap_format.parse_evaluation, check_turns, "latin-1"),
    "transcription": fuzzing.of_text(trees.TRANSCRIPTION, iemocap_format.parse_transcription, encoding="latin-1"),
    "wdseg": fuzzing.of_text(trees.WDSEG, iemocap_format.parse_wdseg, fuzzing.check_words, "latin-1"),
    "listening test": fuzzing.of_text(trees.RECOGNITION, emodb.parse_recognition, check_shares, "latin-1"),
    "labsilb": fuzzing.of_text(trees.LABSILB, emodb.parse_labsilb, fuzzing.check_words, "latin-1"),
    "crema-d votes": fuzzing.of_text(CREMA_D_VOTES, crema_d.parse_votes, check_votes),
    "crema-d actors": fuzzing.of_text("ActorID,Sex\n1001,Male\n1002,Female\n", crema_d.parse_demographics),
    "table": of_table(TABLE),
    "table of annotators": of_table("path;spk;emotion;rater\na;1;sad;x\na;1;Wut;y\nb.wav;2;angry|sad;x\n"),
    "salience": fuzzing.of_file(SALIENCE, "salience.json", synthetic.read_salience),
    "description": fuzzing.of_file(DESCRIPTION, "corpus.json", read_description),
}


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_annotations_are_read_or_refused_in_one_line(name, tmp_path):
    fuzzing.run(name, TARGETS[name], tmp_path, seconds=SECONDS / (len(TARGETS) + len(FILE_NAMES)))


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
