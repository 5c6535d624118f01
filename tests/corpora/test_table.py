"""The user's own recordings: columns by many names, parts, votes, splits, groups of speakers."""

import doctest

import pytest

from ser_tf import corpora
from ser_tf.corpora import table_columns, table_speakers
from ser_tf.errors import CorpusError, SettingError
from tests.corpora import trees


def load(folder, content, encoding="utf-8", name="my.csv", recordings="abcd", **options):
    """Writes a table and recordings of 0.1 s beside it and loads it."""
    for recording in recordings:
        trees.write_wav(folder / f"{recording}.wav")
    return corpora.load("table", trees.write_text(folder / name, content, encoding), **options)


def by_id(corpus):
    return {utterance.id: utterance for utterance in corpus.utterances}


def test_docstrings():
    assert doctest.testmod(table_speakers).failed == 0


def test_every_column(tmp_path):
    corpus = load(
        tmp_path,
        "file,utterance_id,speaker,emotion,sex,session,style,raw_text,sentence,split,start,end,votes,mood\n"
        'a.wav,u1,ann,Wut,w,s1,read,"Yes, yes.",t1,dev,0.02,0.08,"anger;ANGER|sad;;neutral;",7\n'
        "b.wav,u2,bob,contempt,M,s2,spontaneous,,,Train,,,,\n",
    )
    first, second = corpus.utterances
    assert (first.id, first.path, first.speaker, first.label) == ("u1", tmp_path / "a.wav", "ann", "angry")
    assert (first.gender, first.session, first.style) == ("female", "s1", "scripted")
    assert (first.transcript, first.sentence, first.split) == ("Yes, yes.", "t1", "validation")
    assert (first.start_seconds, first.end_seconds) == (0.02, 0.08)
    assert first.duration_seconds == pytest.approx(0.06)
    assert first.votes == (("angry",), ("angry", "sad"), (), ("neutral",))
    assert (second.label, second.gender, second.style, second.split) == ("contempt", "male", "improvised", "train")
    assert (second.transcript, second.sentence, second.votes, second.words) == (None, None, (), None)
    assert (second.start_seconds, second.end_seconds, second.duration_seconds) == (0.0, None, 0.1)
    assert "; not read: 'mood'" in corpus.notes[0] and "sex as gender" in corpus.notes[0]
    assert corpus.notes[1] == "classes of the table's own: contempt"
    assert corpus.is_full and corpus.validate().complete


@pytest.mark.parametrize("file", table_columns.COLUMNS["file"])
def test_common_names_of_the_file(tmp_path, file):
    assert len(load(tmp_path, f"{file},Speaker ID,LABEL\na.wav,x,sad\nb.wav,y,sad\n").utterances) == 2


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_line_ends_and_encodings(tmp_path, separator, end, encoding):
    rows = [("file", "speaker", "emotion"), ("a.wav", "Jörg", "Ärger"), ("b.wav", '"Ann"', "sad"), ("", "", "")]
    content = end.join(separator.join(row) for row in rows) + end
    (tmp_path / "my.csv").write_bytes(content.encode(encoding))
    for name in "ab":
        trees.write_wav(tmp_path / f"{name}.wav")
    utterances = corpora.load("table", tmp_path / "my.csv").utterances
    assert [(utterance.speaker, utterance.label) for utterance in utterances] == [("Jörg", "angry"), ("Ann", "sad")]


def test_the_separator_line_of_a_spreadsheet(tmp_path):
    corpus = load(tmp_path, "sep=;\nfile;speaker;emotion;end\na.wav;x;sad;0,05\nb.wav;y;sad;\n")
    assert corpus.utterances[0].duration_seconds == pytest.approx(0.05)
    with pytest.raises(CorpusError, match=r"my\.csv:4: column 'speaker': is empty"):
        load(tmp_path, "sep=;\nfile;speaker;emotion;end\na.wav;x;sad;0,05\nb.wav;;sad;\n")


def test_columns_by_the_users_own_names(tmp_path):
    content = "wavname,who,emotion,feeling\na.wav,x,1,sad\nb.wav,y,2,happy\n"
    columns = table_columns.parse_mapping(["file=wavname", "Speaker=WHO", "emotion=feeling"])
    corpus = load(tmp_path, content, columns=columns)
    assert [utterance.label for utterance in corpus.utterances] == ["sad", "happy"]
    again = corpora.load(corpus.name, corpus.root, audio_root=corpus.audio_root, columns=corpus.columns)
    assert again == corpus


def test_an_empty_name_leaves_a_column_unread(tmp_path):
    content = "file,speaker,emotion,session\na.wav,x,sad,1\nb.wav,x,sad,2\nc.wav,y,sad,1\n"
    with pytest.raises(
        CorpusError, match=r"my.csv:3: speaker 'x' is in session '2', and in '1' in .*my.csv:2; .*session="
    ):
        load(tmp_path, content)
    sessions = {
        utterance.speaker: utterance.session
        for utterance in load(tmp_path, content, columns={"session": ""}).utterances
    }
    assert sessions == {"x": "group-1", "y": "group-2"}


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (["speaker"], "'speaker': expected OURS=THEIRS"),
        (["mood=x"], "'mood': no such column; there are file, id, speaker"),
        (["label=x", "emotion=y"], "'emotion=y': label is given twice"),
    ],
)
def test_wrong_mappings_are_refused(items, reason):
    with pytest.raises(SettingError, match=f"^--columns {reason}"):
        table_columns.parse_mapping(items)


def test_options_are_for_tables_only(tmp_path):
    with pytest.raises(SettingError, match="corpus emodb takes neither --audio-root nor --columns"):
        corpora.load("emodb", trees.emodb(tmp_path), audio_root=tmp_path)
    with pytest.raises(CorpusError, match="is a folder; give the file with the table"):
        corpora.load("table", tmp_path)
    with pytest.raises(CorpusError, match="no such file; give the table"):
        corpora.load("table", tmp_path / "my.csv")


def test_recordings_below_audio_root_without_suffix_or_folder(tmp_path):
    audio = tmp_path / "audio"
    for name in ("x/a.wav", "x/b.FLAC.wav", "y/deep/c.WAV", "d.flac", "x/._a.wav"):
        trees.write_wav(audio / name)
    rows = ["x/a,s,sad", "x/b.FLAC,s,sad", "c,t,sad", "d,t,sad", "y/deep/c.wav,s,sad"]
    content = "file,speaker,emotion\n"
    corpus = load(tmp_path, content + "\n".join(rows[:4]), recordings="", audio_root=audio)
    assert {str(utterance.path.relative_to(audio)) for utterance in corpus.utterances} == {
        "x/a.wav",
        "x/b.FLAC.wav",
        "y/deep/c.WAV",
        "d.flac",
    }
    assert corpus.audio_root == audio
    with pytest.raises(CorpusError, match=r"my.csv:3: 'y/deep/c.wav' occurs twice, first in .*my.csv:2"):
        load(tmp_path, content + rows[2] + "\n" + rows[4], recordings="", audio_root=audio)


def test_absolute_paths_into_the_folder(tmp_path):
    trees.write_wav(tmp_path / "audio/a.wav")
    content = f"file,speaker,emotion\n{tmp_path}/audio/a.wav,x,sad\n{tmp_path}/audio/sub/../a,y,sad\n"
    with pytest.raises(CorpusError, match="occurs twice"):
        load(tmp_path, content, recordings="", audio_root=tmp_path / "audio")
    with pytest.raises(CorpusError, match=r"my.csv:2: column 'file': '.*' lies outside of "):
        (tmp_path / "other").mkdir()
        load(tmp_path, content, recordings="", audio_root=tmp_path / "other")


def test_ids_are_the_names_of_the_files(tmp_path):
    for name in ("x/1.wav", "y/1.wav", "y/2.wav", "y/an @ sign.wav"):
        trees.write_wav(tmp_path / name)
    content = "file,speaker,emotion\n{}/1.wav,s,sad\ny/2.wav,s,sad\ny/an @ sign.wav,t,sad\n"
    assert list(by_id(load(tmp_path, content.format("y"), recordings=""))) == ["1", "2", "an _ sign"]
    content += "y/1.wav,s,sad\n"
    assert list(by_id(load(tmp_path, content.format("x"), recordings=""))) == ["x-1", "y-1", "y-2", "y-an _ sign"]


def test_parts_of_one_recording(tmp_path):
    content = "file,speaker,emotion,start,end\na.wav,x,sad,,0.04\na.wav,y,sad,0.04,0.12\nb.wav,x,sad,0.05,\n"
    parts = by_id(load(tmp_path, content))
    assert list(parts) == ["a_0-0.04", "a_0.04-0.12", "b"]
    # A part that ends a little after its recording ends with it.
    assert parts["a_0.04-0.12"].end_seconds is None
    assert [utterance.duration_seconds for utterance in parts.values()] == pytest.approx([0.04, 0.06, 0.05])


def test_one_row_for_each_annotator(tmp_path):
    content = (
        "file,speaker,emotion,annotator,text\na.wav,x,sad,1,Oh.\na.wav,x,anger,2,Oh.\na.wav,x,sad|fear,3,Oh.\n"
        "b.wav,y,sad,1,Ah.\nb.wav,y,happy,2,Ah.\n"
    )
    found = by_id(load(tmp_path, content))
    assert found["a"].votes == (("sad",), ("angry",), ("sad", "fear")) and found["a"].label == "sad"
    assert found["b"].votes == (("sad",), ("happy",)) and found["b"].label is None
    with pytest.raises(CorpusError, match="my.csv:6: differs from .*my.csv:5 in more than the annotator and the label"):
        load(tmp_path, content.replace("b.wav,y,happy", "b.wav,x,happy"))
    with pytest.raises(CorpusError, match="my.csv:6: annotator '1' judges 'b.wav' twice"):
        load(tmp_path, content.replace("happy,2", "happy,1"))


def test_votes_without_a_label_give_their_majority(tmp_path):
    found = by_id(load(tmp_path, 'file;speaker;votes\na.wav;x;"sad;sad|fear"\nb.wav;y;"sad;fear"\nc.wav;y;\n'))
    assert [utterance.label for utterance in found.values()] == ["sad", None, None]


def test_a_gender_told_once_is_the_speakers(tmp_path):
    content = "file,speaker,emotion,gender\na.wav,x,sad,\nb.wav,x,sad,f\nc.wav,y,sad,\n"
    assert [utterance.gender for utterance in load(tmp_path, content).utterances] == ["female", "female", "unknown"]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 10, 20, 21, 91])
def test_groups_of_speakers(number):
    genders = {f"{speaker:02d}": "male" if speaker % 2 else "female" for speaker in range(number)}
    groups = table_speakers.groups_of(genders)
    assert groups.keys() == genders.keys()
    members = {name: [speaker for speaker, group in groups.items() if group == name] for name in groups.values()}
    assert len(members) == (number if number < 4 else min(number // 2, 10))
    sizes = [len(speakers) for speakers in members.values()]
    assert max(sizes) - min(sizes) <= 1
    if number >= 4 and number % 2 == 0:
        assert all({genders[speaker] for speaker in speakers} == {"male", "female"} for speakers in members.values())


def test_neighbours_form_groups_where_genders_are_not_known():
    groups = table_speakers.groups_of(dict.fromkeys(("03", "08", "09", "10", "11"), "unknown"))
    assert groups == {"03": "pair-03-08", "08": "pair-03-08", "09": "group-2", "10": "group-2", "11": "group-2"}


def test_emodb_as_a_table_has_the_same_groups(tmp_path):
    emodb = corpora.load("emodb", trees.emodb(tmp_path))
    from ser_tf.corpora.emodb import MALE, SESSIONS

    genders = {speaker: "male" if speaker in MALE else "female" for speaker in SESSIONS}
    assert table_speakers.groups_of(genders) == SESSIONS
    rows = "".join(f"{utterance.path.name},{utterance.speaker},{utterance.label}\n" for utterance in emodb.utterances)
    corpus = corpora.load(
        "table", trees.write_text(tmp_path / "t.csv", f"path,speaker,emotion\n{rows}"), audio_root=tmp_path / "wav"
    )
    assert [(utterance.id, utterance.speaker, utterance.label, utterance.path) for utterance in corpus.utterances] == [
        (utterance.id, utterance.speaker, utterance.label, utterance.path) for utterance in emodb.utterances
    ]
