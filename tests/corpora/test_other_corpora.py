"""What is peculiar to EmoDB, CASIA, RAVDESS and CREMA-D."""

import pytest

from ser_tf.corpora import casia, crema_d, emodb, ravdess
from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError
from tests.corpora import trees


def test_emodb_names_tell_everything(tmp_path):
    corpus = emodb.load(trees.emodb(tmp_path))
    first, *_, last = corpus.utterances
    assert (first.speaker, first.gender, first.label, first.session) == ("03", "male", "happy", "pair-03-08")
    assert (last.speaker, last.gender, last.label, last.session) == ("16", "female", "angry", "pair-15-16")
    assert first.transcript == "Der Lappen liegt auf dem Eisschrank." and first.sentence == "a01"
    assert [path.name for path in corpus.stray] == ["notes.txt"]


def test_emodb_pairs_have_one_male_and_one_female_each():
    for pair in emodb.PAIRS:
        assert len(set(pair) & set(emodb.MALE)) == len(set(pair) & set(emodb.FEMALE)) == 1


def test_emodb_syllables_leave_out_marks(tmp_path):
    utterance = emodb.load(trees.emodb(tmp_path)).utterances[0]
    assert utterance.words == (Word("stück", 0.0, 0.1), Word("pen", 0.25, 0.4))


@pytest.mark.parametrize(("name", "reason"), [("03a01Xa", "emotion X"), ("04a01Fa", "speaker 04")])
def test_emodb_refuses_unknown_codes(tmp_path, name, reason):
    trees.write_wav(trees.emodb(tmp_path) / "wav" / f"{name}.wav")
    with pytest.raises(CorpusError, match=rf"{name}\.wav: {reason} is none of"):
        emodb.load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0.400000", "0.200000", ":8: .* before the one above"),
        ("#\n", "", ":1: not an xlabel"),
        (" pen", "", ":8: not a"),
        ("0.400000", "nan", ":8: 'nan' is not a time"),
        ("0.400000", "inf", ":8: 'inf' is not a time"),
        ("0.400000", "1e999", ":8: time '1e999' is longer than a day"),
        ("0.100000", "-0.1", ":6: negative time"),
    ],
)
def test_emodb_refuses_broken_syllables(tmp_path, old, new, reason):
    content = trees.LABSILB.replace(old, new).replace("-1\t0.0", "-1")
    trees.write_text(trees.emodb(tmp_path) / "labsilb/03a01Fa.labsilb", content, "latin-1")
    with pytest.raises(CorpusError, match=reason):
        emodb.load(tmp_path)


def test_emodb_listening_test(tmp_path):
    root = trees.emodb(tmp_path)
    shares = {utterance.id: utterance.listener_recognition for utterance in emodb.load(root).utterances}
    assert shares == {"03a01Fa": 0.875, "08a02Na": 1.0, "09a04Lc": None, "16b10Wb": 0.0}
    (root / "erkennung.txt").unlink()
    assert all(utterance.listener_recognition is None for utterance in emodb.load(root).utterances)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("erkannt", "recognised", ":1: has no column 'erkannt'"),
        ("87,50", "187,50", ":3: '187,50' is not a percentage"),
        ("87,50", "-1", ":3: '-1' is not a percentage"),
        ("87,50", "nan", ":3: 'nan' is not a percentage"),
        ("87,50", "8,7,5", ":3: '8,7,5' is not a percentage"),
        ("08a02Na", "03a01Fa", ":4: '03a01Fa' occurs twice"),
        ("\t95,00", "", ":4: the row has 3 fields, the header 4"),
    ],
)
def test_emodb_refuses_a_broken_listening_test(tmp_path, old, new, reason):
    assert old in trees.RECOGNITION
    trees.write_text(trees.emodb(tmp_path) / "erkennung.txt", trees.RECOGNITION.replace(old, new), "latin-1")
    with pytest.raises(CorpusError, match=rf"erkennung\.txt{reason}"):
        emodb.load(tmp_path)


def test_casia_any_case_and_files_beside(tmp_path):
    corpus = casia.load(trees.casia(tmp_path))
    assert len(corpus.utterances) == 25
    assert {utterance.speaker for utterance in corpus.utterances} == set(casia.SPEAKERS)
    assert len(corpus.stray) == 6
    assert {utterance.sentence for utterance in corpus.utterances} == {"201", "250"}


def test_casia_full_release_reads_the_equal_texts(tmp_path):
    trees.casia(tmp_path / "相同文本300")
    trees.write_wav(tmp_path / "不同文本100/Chang.Liu/normal/1.wav")
    corpus = casia.load(tmp_path)
    assert len(corpus.utterances) == 25
    assert "1 recordings of other texts" in corpus.notes[0]


def test_casia_normal_is_neutral(tmp_path):
    root = trees.casia(tmp_path)
    (root / "liuchanhg/neutral").rename(root / "liuchanhg/Normal")
    assert "liuchanhg-neutral-201" in {utterance.id for utterance in casia.load(root).utterances}


def test_casia_unknown_emotion_is_refused(tmp_path):
    trees.write_wav(trees.casia(tmp_path) / "wangzhe2/angry/201.wav")
    trees.write_wav(tmp_path / "liuchanhg/bored/201.wav")
    with pytest.raises(CorpusError, match=r"201\.wav: emotion 'bored' is none of angry, fear"):
        casia.load(tmp_path)


def test_ravdess(tmp_path):
    corpus = ravdess.load(trees.ravdess(tmp_path))
    assert len(corpus.utterances) == 24
    assert [path.name for path in corpus.stray] == ["03-02-01-01-02-01-01.wav"]
    by_id = {utterance.id: utterance for utterance in corpus.utterances}
    angry = by_id["03-01-05-01-02-01-24"]
    assert (angry.speaker, angry.gender, angry.label, angry.session) == ("24", "female", "angry", "pair-23-24")
    assert by_id["03-01-02-01-02-01-01"].session == by_id["03-01-02-01-02-01-02"].session == "pair-01-02"


@pytest.mark.parametrize("name", ["03-01-09-01-02-01-01", "03-01-01-01-03-01-01", "03-01-01-01-02-01-25"])
def test_ravdess_refuses_unknown_numbers(tmp_path, name):
    trees.write_wav(trees.ravdess(tmp_path) / f"{name}.wav")
    with pytest.raises(CorpusError, match=name):
        ravdess.load(tmp_path)


def test_crema_d_votes_are_those_on_the_voice(tmp_path):
    corpus = crema_d.load(trees.crema_d(tmp_path))
    angry = corpus.utterances[0]
    assert (angry.id, angry.label, angry.gender) == ("1001_DFA_ANG_XX", "angry", "male")
    assert angry.votes == (("angry",), ("neutral",), ("neutral",))
    assert corpus.utterances[2].transcript == "It's eleven o'clock."


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("tabulatedVotes.csv", '"fileName"', '"name"', ":1: has no column 'fileName'"),
        ("tabulatedVotes.csv", '"100001",1', '"100001",x', ":2: a count of votes is not a number: 'x'"),
        ("tabulatedVotes.csv", '"100001",1', '"100001",1000000000', ":2: a count of votes"),
        ("tabulatedVotes.csv", '"100001",1', '"100001",-1', ":2: a count of votes"),
        ("tabulatedVotes.csv", '"100001",1', '"100001"', ":2: the row has 8 fields, the header 9"),
        ("tabulatedVotes.csv", '"100002",1', '"100002,1', ":3: a quotation mark opens in this row|:3: broken quoting"),
        ("tabulatedVotes.csv", '"100002",1', '"' + "x" * 200_000 + '",1', ":3: a field is longer than 131,072"),
        ("VideoDemographics.csv", "1002,", "1001,", ":3: actor '1001' occurs twice"),
        ("tabulatedVotes.csv", "1001_DFA_ANG", "1002_IEO_NEU", ":3: '1002_IEO_NEU_XX' occurs twice, also in .*csv:2"),
        ("tabulatedVotes.csv", "DFA_ANG", "DFA_JOY", ":3: emotion JOY"),
        ("tabulatedVotes.csv", "1001_DFA", "1001_XYZ", ":3: sentence XYZ"),
        ("tabulatedVotes.csv", "1001_DFA", "1001DFA", ":3: '1001DFA_ANG_XX' is not of the form"),
        ("VideoDemographics.csv", '"Male"', '"?"', ":2: sex"),
        ("VideoDemographics.csv", "1002,", "1003,", "has no actor 1002"),
    ],
)
def test_crema_d_refuses_broken_tables(tmp_path, file, old, new, reason):
    path = trees.crema_d(tmp_path) / file
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))
    with pytest.raises(CorpusError, match=reason):
        crema_d.load(tmp_path)


def test_crema_d_groups_have_both_sexes():
    genders = {str(actor): "female" if actor % 3 else "male" for actor in range(1001, 1031)}
    groups = crema_d.groups_of(genders)
    assert {(groups[actor], genders[actor]) for actor in genders} == {
        (f"group-{number}", gender) for number in range(1, 6) for gender in ("female", "male")
    }
