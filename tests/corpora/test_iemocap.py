import pytest

from ser_tf.corpora import iemocap, iemocap_format
from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError
from tests.corpora import trees


@pytest.fixture
def root(tmp_path):
    return trees.iemocap(tmp_path)


@pytest.fixture
def by_id(root):
    return {utterance.id: utterance for utterance in iemocap.load(root).utterances}


def evaluation(root):
    return root / "Session1/dialog/EmoEvaluation/Ses01F_impro04.txt"


def test_finds_the_dialogs_and_nothing_else(by_id, root):
    assert sorted(by_id) == [
        "Ses01F_impro04_F000",
        "Ses01F_impro04_M000",
        "Ses03F_impro05a_F003",
        "Ses03M_script01_1b_F003",
    ]
    assert iemocap.load(root).stray == iemocap.load(root).absent == ()


@pytest.mark.parametrize(
    ("utterance_id", "speaker", "gender", "style", "dialog"),
    [
        ("Ses01F_impro04_M000", "Ses01M", "male", "improvised", "Ses01F_impro04"),
        ("Ses05M_script01_1b_F003", "Ses05F", "female", "scripted", "Ses05M_script01_1b"),
        ("Ses02M_impro08b_M012", "Ses02M", "male", "improvised", "Ses02M_impro08b"),
        ("Ses03F_script03_2_F040", "Ses03F", "female", "scripted", "Ses03F_script03_2"),
    ],
)
def test_the_speaker_is_the_last_letter(utterance_id, speaker, gender, style, dialog):
    parts = iemocap_format.parse_id(utterance_id)
    assert (parts.speaker, parts.gender, parts.style, parts.dialog) == (speaker, gender, style, dialog)
    assert parts.session == speaker[:5]


@pytest.mark.parametrize("name", ["Ses01F_impro04", "Ses01F_impro04_MXX0", "Ses01F_talk_M000", "Ses01X_impro01_M000"])
def test_other_ids_are_refused(name):
    with pytest.raises(ValueError, match="not an utterance"):
        iemocap_format.parse_id(name)


def test_votes_are_those_of_outside_evaluators(by_id):
    assert by_id["Ses01F_impro04_F000"].votes == (("neutral",), ("neutral", "angry"), ("neutral",))
    assert by_id["Ses01F_impro04_M000"].votes == (("frustrated",), ("excited",), ("other",))


def test_labels(by_id):
    found = {key: utterance.label for key, utterance in by_id.items()}
    assert found == {
        "Ses01F_impro04_F000": "neutral",
        "Ses01F_impro04_M000": None,
        "Ses03F_impro05a_F003": "angry",
        "Ses03M_script01_1b_F003": "excited",
    }


def test_transcripts_skip_lines_of_other_shapes(by_id):
    assert by_id["Ses01F_impro04_F000"].transcript == "Excuse me."
    assert by_id["Ses01F_impro04_M000"].transcript == "Do you like it?"


def test_frames_are_inclusive_and_tokens_stay_as_written(by_id):
    assert by_id["Ses01F_impro04_F000"].words == (
        Word("<s>", 0.0, 0.20),
        Word("EXCUSE", 0.20, 0.55),
        Word("ME(2)", 0.55, 0.80),
        Word("++LAUGHTER++", 0.80, 1.00),
    )


def test_the_releases_missing_alignments_are_noted_and_others_are_missing(root):
    for dialog, utterance in (("Ses03F_impro07", "Ses03F_impro07_M030"), ("Ses03M_impro03", "Ses03M_impro03_M001")):
        trees.iemocap_dialog(root, dialog, utterance, "exc", "Excited", aligned=False)
    corpus = iemocap.load(root)
    assert corpus.absent == ()
    assert [note.split(":")[0] for note in corpus.notes] == ["Ses03F_impro07_M030", "Ses03M_impro03_M001"]
    trees.iemocap_dialog(root, "Ses02M_impro03", "Ses02M_impro03_M001", "exc", "Excited", aligned=False)
    corpus = iemocap.load(root)
    assert len(corpus.absent) == 1 and corpus.absent[0].endswith("Ses02M_impro03_M001.wdseg")
    words = {utterance.id: utterance.words for utterance in corpus.utterances}
    assert words["Ses02M_impro03_M001"] is None
    assert corpus.validate().missing == corpus.absent


def test_a_recording_without_annotation_is_unexpected(root):
    path = trees.write_wav(root / "Session1/sentences/wav/Ses01F_impro04/Ses01F_impro04_M099.wav")
    assert iemocap.load(root).validate().unexpected == (str(path),)


def test_the_folder_above_the_release_will_do(tmp_path):
    trees.iemocap(tmp_path / "IEMOCAP_full_release")
    assert len(iemocap.load(tmp_path).utterances) == 4


def test_a_missing_transcription_is_missing(root):
    (root / "Session1/dialog/transcriptions/Ses01F_impro04.txt").unlink()
    corpus = iemocap.load(root)
    assert corpus.absent[0].endswith("Ses01F_impro04.txt")
    assert corpus.utterances[0].transcript is None


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("neu\t[2.5", "nue\t[2.5", 3, "label 'nue' is none of ang"),
        ("C-E3:\tNeutral; Anger;", "C-E3:\tNeutral; Angst;", 5, "vote 'Angst' is none of"),
        ("C-F1:\tHappiness;", "C-F1:\tJoy;", 7, "vote 'Joy'"),
        ("C-E2:\tNeutral;", "C_E2:\tNeutral;", 4, "line of unknown form"),
        ("A-E3:\tval 3; act 2;", "A-E3:\tval 3;", 8, "line of unknown form"),
        ("[6.2901 - 8.2357]\t", "[6.2901]\t", 3, "line of unknown form"),
        ("Ses01F_impro04_F000", "Ses01F_impro04_F0", 3, "not an utterance of IEMOCAP"),
        ("Ses01F_impro04_F000", "Ses02F_impro04_F000", 3, "does not belong to Session1"),
        (
            "[6.2901 - 8.2357]",
            "[8.2357 - 6.2901]",
            3,
            "F000 begins at 8.2357 s and ends before, at 6.2901 s",
        ),
        ("[6.2901 - 8.2357]", f"[6.2901 - {'9' * 400}.0]", 3, "is longer than a day"),
        ("[6.2901 - 8.2357]", "[nan - 8.2357]", 3, "line of unknown form"),
        ("Ses01F_impro04_M000", "Ses01F_impro04_F000", 12, "Ses01F_impro04_F000 occurs twice, first in line 3"),
        ("C-E3:\tNeutral; Anger;\t()", "C-E3:" + " " * 100_000 + "\t \tx", 5, "vote 'x' is none of"),
        ("A-E3:\tval 3;", "A-E3:\tval" + " " * 100_000, 8, "line of unknown form"),
        ("\n\n[6.2901", "\nC-E1:\tNeutral;\t()\n[6.2901", 2, "before the first utterance"),
    ],
)
def test_an_unknown_line_is_refused_with_its_place(root, old, new, line, reason):
    path = evaluation(root)
    content = path.read_text("latin-1")
    assert old in content
    path.write_text(content.replace(old, new, 1), "latin-1")
    with pytest.raises(CorpusError, match=reason) as raised:
        iemocap.load(root)
    assert str(raised.value).startswith(f"{path}:{line}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("character", ["\x85", "\x0c", "\x0b", "\x1c", "\x1d", "\x1e"])
def test_control_characters_in_comments_and_transcripts_end_no_line(root, character):
    before = iemocap.load(root)
    path = evaluation(root)
    path.write_text(trees.EVALUATION.replace("a laugh", f"a{character}laugh"), "latin-1")
    transcription = root / "Session1/dialog/transcriptions/Ses01F_impro04.txt"
    transcription.write_text(trees.TRANSCRIPTION.replace("Do you", f"Do{character}you"), "latin-1")
    after = iemocap.load(root)
    assert [utterance.votes for utterance in after.utterances] == [utterance.votes for utterance in before.utterances]
    assert after.utterances[1].transcript == f"Do{character}you like it?"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("content", [trees.EVALUATION, trees.EVALUATION.partition("\n\n")[2]])
def test_a_byte_order_mark_is_taken_off(root, encoding, content):
    before = iemocap.load(root)
    evaluation(root).write_text(content, encoding)
    assert [utterance.votes for utterance in iemocap.load(root).utterances] == [
        utterance.votes for utterance in before.utterances
    ]


def test_a_byte_order_mark_before_latin_1_is_refused_with_its_line(root):
    path = evaluation(root)
    path.write_bytes(b"\xef\xbb\xbf" + trees.EVALUATION.encode("latin-1"))
    with pytest.raises(CorpusError, match=r"Ses01F_impro04\.txt:6: not UTF-8 text at byte"):
        iemocap.load(root)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("   20    -1 EXCUSE", "not a row of start frame"),
        ("   nan    54 -1 EXCUSE", "not a row of start frame"),
        ("   20    1e999 -1 EXCUSE", "not a row of start frame"),
        (f"   20    {'9' * 5000} -1 EXCUSE", "not a row of start frame"),
        ("   20    5_4 -1 EXCUSE", "not a row of start frame"),
        ("   -20    54 -1 EXCUSE", "frames -20 to 54 of 'EXCUSE' are not in order"),
        ("   54    20 -1 EXCUSE", "frames 54 to 20 of 'EXCUSE' are not in order"),
        ("   5    10 -1 EXCUSE", "'EXCUSE' ends at 0.11 s, before the word ahead of it ends"),
    ],
)
def test_a_broken_alignment_is_refused_with_its_place(root, row, reason):
    path = root / "Session1/sentences/ForcedAlignment/Ses01F_impro04/Ses01F_impro04_M000.wdseg"
    assert "   20    54    -100000 EXCUSE" in trees.WDSEG
    path.write_text(trees.WDSEG.replace("   20    54    -100000 EXCUSE", row))
    with pytest.raises(CorpusError, match=rf"M000\.wdseg:3: {reason}") as raised:
        iemocap.load(root)
    assert len(str(raised.value)) < 400


def test_alignments_out_of_order_are_refused(root):
    path = root / "Session1/sentences/ForcedAlignment/Ses01F_impro04/Ses01F_impro04_M000.wdseg"
    path.write_text(trees.WDSEG.replace("   55    79", "   10    79"))
    with pytest.raises(CorpusError, match=r"wdseg:4: 'ME\(2\)' at 0\.1 s begins before the word ahead of it"):
        iemocap.load(root)


def test_a_broken_transcript_is_refused_with_its_place(root):
    path = root / "Session1/dialog/transcriptions/Ses01F_impro04.txt"
    path.write_text(trees.TRANSCRIPTION.replace("[010.0100-011.3925]: ", ""))
    with pytest.raises(CorpusError, match=r"Ses01F_impro04\.txt:5: line of unknown form"):
        iemocap.load(root)


def test_expected_counts_add_up():
    expected = iemocap.EXPECTED
    assert sum(expected[f"Ses0{number}"] for number in range(1, 6)) == expected["utterances"]
    assert expected["improvised"] + expected["scripted"] == expected["utterances"]
