"""Tables that are broken or ill-meant: each gives one line that names the file, the row and the column."""

import sys
import types

import pytest

from ser_tf import cli, corpora
from ser_tf.corpora import Task, validate
from ser_tf.errors import CorpusError
from tests.corpora import trees

HEADER = "file,speaker,emotion,id,start,end,gender,style,votes\n"
GOOD = "a.wav,x,sad,,,,,,\n"


def load(folder, content, name="my.csv", **options):
    for recording in "ab":
        trees.write_wav(folder / f"{recording}.wav")
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return corpora.load("table", path, **options)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",x,sad,,,,,,", "column 'file': is empty"),
        ("b.wav,,sad,,,,,,", "column 'speaker': is empty"),
        ("b.wav,../x,sad,,,,,,", "column 'speaker': '../x' must have at most 100 characters, not begin with a dot"),
        ("b.wav,.x,sad,,,,,,", "column 'speaker': '.x' must"),
        ("b.wav,a@b,sad,,,,,,", "column 'speaker': 'a@b' must"),
        (f"b.wav,{'x' * 101},sad,,,,,,", "column 'speaker': 'xxx"),
        ("b.wav,x,sad|angry,,,,,,", "column 'emotion': 'sad|angry' is not the name of a class"),
        ("b.wav,x,../../etc,,,,,,", "column 'emotion': '../../etc' is not the name of a class"),
        (f"b.wav,x,{'very ' * 20}sad,,,,,,", "column 'emotion': 'very"),
        ("b.wav,x,=cmd|' /C calc'!A0,,,,,,", "column 'emotion': "),
        ("b.wav,x,sad,a/b,,,,,", "column 'id': 'a/b' must"),
        ("b.wav,x,sad,,nan,,,,", "column 'start': 'nan' is not a time"),
        ("b.wav,x,sad,,,inf,,,", "column 'end': 'inf' is not a time"),
        ("b.wav,x,sad,,,1e999,,,", "column 'end': time '1e999' is longer than a day"),
        ("b.wav,x,sad,,-1,,,,", "column 'start': negative time '-1'"),
        ("b.wav,x,sad,,0:05,,,,", "column 'start': '0:05' is not a time"),
        ("b.wav,x,sad,,2,1,,,", "column 'end': ends at 1 s, but begins at 2 s"),
        ("b.wav,x,sad,,1,1,,,", "column 'end': ends at 1 s, but begins at 1 s"),
        ("b.wav,x,sad,,,,both,,", "column 'gender': 'both' is none of female, male, unknown"),
        ("b.wav,x,sad,,,,,sung,", "column 'style': 'sung' is none of improvised, scripted, acted, unknown"),
        ("b.wav,x,sad,,,,,,sad;../x", "column 'votes': '../x' is not the name of a class"),
        ("../b.wav,x,sad,,,,,,", "column 'file': '../b.wav' lies outside of"),
        ("a/../../b.wav,x,sad,,,,,,", "column 'file': 'a/../../b.wav' lies outside of"),
        ("/etc/passwd,x,sad,,,,,,", "column 'file': '/etc/passwd' lies outside of"),
        (r"..\b.wav,x,sad,,,,,,", r"column 'file': '../b.wav' lies outside of"),
        (r"C:\b.wav,x,sad,,,,,,", r"column 'file': 'C:/b.wav' lies outside of"),
        (".,x,sad,,,,,,", "column 'file': '.' lies outside of"),
        ("a\0b.wav,x,sad,,,,,,", "column 'file': 'a\\x00b.wav' is not the path of a file"),
        ('"a\nb.wav",x,sad,,,,,,', "column 'file': 'a\\nb.wav' is not the path of a file"),
        (f"{'b' * 300}.wav,x,sad,,,,,,", "column 'file': 'bbb"),
        ("b.wav,x,sad", "the row has 3 fields, the header 9"),
        ("b.wav;x;sad;;;;;;", "the row has 1 fields, the header 9"),
        ("b.wav,x,sad,,,,,,,,,", "the row has 12 fields, the header 9"),
        ('b.wav,"x,sad,,,,,,', "a quotation mark opens in this row and is never closed"),
        ('b.wav,"x"y,sad,,,,,,', "broken quoting"),
        ("a.wav,y,sad,,,,,,", "'a.wav' occurs twice, first in "),
        ("./a,y,sad,,,,,,", "'./a' occurs twice, first in "),
        (f"b.wav,x,{'x' * 10_000_000},,,,,,", "a field is longer than 131,072 characters"),
    ],
)
def test_a_row_that_is_not_understood(tmp_path, row, problem):
    with pytest.raises(CorpusError) as raised:
        load(tmp_path, HEADER + GOOD + row + "\n" + GOOD.replace("a.wav", "missing.wav"))
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'my.csv'}:3: {problem}")
    assert "\n" not in message and len(message) < 500


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", ":1: the file has no header"),
        ("\n\n  \n", ":1: the file has no header"),
        (HEADER, ":1: the table has a header and no rows"),
        (
            "file speaker emotion\na.wav x sad\n",
            ":1: has no column for the file (path, file, filename, file_name, ...);",
        ),
        ("file,emotion\na.wav,sad\n", ":1: has no column for the speaker (speaker, speaker_id, spk, spk_id, ...);"),
        ("file,speaker\na.wav,x\n", ":1: has no column for the label (emotion, label, "),
        ("file,speaker,votes,annotator\na.wav,x,sad,1\n", ":1: has no column for the label"),
        ("file,speaker,emotion,file\na.wav,x,sad,a.wav\n", ":1: column 'file' occurs twice"),
        (
            "file,speaker,emotion\na.wav,J\xf6rg,sad\n".encode("latin-1"),
            ":2: not UTF-8 text at byte 28; save the table as",
        ),
        ("fi".encode("utf-16"), ":1: has no column for the file"),
        (b"\xff\xfef\x00i", ":1: not UTF-16-LE text at byte"),
        ("file,speaker,emotion,id\na.wav,x,sad,u\nb.wav,y,sad,u\n", ":3: id 'u' occurs twice, first in "),
        ("file,speaker,emotion,sex\na.wav,x,sad,f\nb.wav,x,sad,m\n", ":3: speaker 'x' is male, and female in "),
        ("file,speaker,emotion,session\na.wav,x,sad,\n", ":2: column 'session': is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ":1: not UTF-8 text at byte 0"),
    ],
)
def test_a_table_that_is_not_understood(tmp_path, content, problem):
    with pytest.raises(CorpusError) as raised:
        load(tmp_path, content)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'my.csv'}{problem}")
    assert "\n" not in message and len(message) < 500


def test_a_table_in_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    trees.write_wav(tmp_path / "secret.wav")
    monkeypatch.chdir(tmp_path / "here")
    trees.write_text(tmp_path / "here/my.csv", "file,speaker,emotion\n../secret.wav,x,sad\n")
    with pytest.raises(CorpusError, match=r"my\.csv:2: column 'file': '\.\./secret\.wav' lies outside of \."):
        corpora.load("table", "my.csv")
    trees.write_wav(tmp_path / "here/a.wav")
    trees.write_text(tmp_path / "here/my.csv", f"file,speaker,emotion\na,x,sad\n{tmp_path}/here/a.wav,x,sad\n")
    with pytest.raises(CorpusError, match=r"my\.csv:3: '.*' occurs twice, first in my\.csv:2"):
        corpora.load("table", "my.csv")


def test_the_folder_of_recordings_may_be_written_in_any_way(tmp_path):
    trees.write_wav(tmp_path / "audio/x/a.wav")
    (tmp_path / "link").symlink_to(tmp_path / "audio")
    for root in ("audio", "audio/../audio", "audio/.", "link"):
        corpus = load(tmp_path, "file,speaker,emotion\nx/a,x,sad\n", audio_root=tmp_path / root)
        assert corpus.utterances[0].duration_seconds
        assert (
            load(tmp_path, "file,speaker,emotion\na,x,sad\n", audio_root=tmp_path / root).utterances[0].duration_seconds
        )


def test_a_column_that_the_user_names_and_that_is_not_there(tmp_path):
    with pytest.raises(CorpusError, match=r"my.csv:1: has no column 'spk' for the speaker; its columns are 'file,"):
        load(tmp_path, HEADER + GOOD, columns={"speaker": "spk"})


def test_a_wrong_folder_of_recordings(tmp_path):
    with pytest.raises(CorpusError, match="none of its 2 recordings is there, such as .*wavs/a.wav; give their folder"):
        load(tmp_path, "file,speaker,emotion\nwavs/a.wav,x,sad\nwavs/b.wav,x,sad\n")
    with pytest.raises(CorpusError, match="nowhere: no such folder; --audio-root takes the one"):
        load(tmp_path, HEADER + GOOD, audio_root=tmp_path / "nowhere")


def test_missing_recordings_are_named_and_stop_a_run(tmp_path, capsys):
    corpus = load(tmp_path, "file,speaker,emotion\na.wav,x,sad\nm.wav,x,sad\nn,x,sad\n")
    with pytest.raises(CorpusError, match=r"m\.wav: the file does not exist \(1 more files cannot be used\)"):
        corpus.check_audio()
    assert cli.status_of(validate.main, ["table", str(corpus.root)]) == 1
    assert f"{tmp_path}/m.wav" in (out := capsys.readouterr().out) and f"{tmp_path}/n" in out


def test_a_part_that_is_not_in_its_recording_is_named(tmp_path):
    corpus = load(tmp_path, "file,speaker,emotion,start,end\na.wav,x,sad,0,0.2\nb.wav,y,sad,0.1,\n")
    assert [utterance.duration_seconds for utterance in corpus.utterances] == [None, None]
    with pytest.raises(CorpusError, match=r"a\.wav: it lasts 0\.100 s and has no part from 0 s to 0\.2 s \(a\) \(1 m"):
        corpus.check_audio()
    assert len(corpus.validate().unreadable) == 2


def test_a_name_that_two_recordings_share(tmp_path):
    trees.write_wav(tmp_path / "a.flac")
    with pytest.raises(CorpusError, match=r":2: column 'file': 'a' may be .*a\.flac or .*a\.wav; write the suffix"):
        load(tmp_path, "file,speaker,emotion\na,x,sad\n")


def test_one_class(tmp_path):
    corpus = load(tmp_path, "file,speaker,emotion\na.wav,x,sad\nb.wav,y,sad\n")
    with pytest.raises(CorpusError, match="all utterances that task t uses are sad; it needs two classes"):
        Task("t", ("angry", "sad")).check(corpus)


def test_one_speaker_is_one_group(tmp_path):
    corpus = load(tmp_path, "file,speaker,emotion\na.wav,x,sad\nb.wav,x,angry\n")
    assert {utterance.session for utterance in corpus.utterances} == {"group-1"}


def test_a_column_of_numbers_is_not_taken_for_classes(tmp_path):
    rows = []
    for number in range(101):
        trees.write_wav(tmp_path / f"{number}.wav")
        rows.append(f"{number},x,{number / 7:.3f}\n")
    with pytest.raises(CorpusError, match=r"my.csv:1: column 'emotion' has 101 different labels; is it the right one"):
        load(tmp_path, "file,speaker,emotion\n" + "".join(rows))


def test_parquet_without_a_library_for_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        CorpusError, match=r"my\.parquet: reading Parquet needs pyarrow; install it \(pip install pyarrow"
    ):
        load(tmp_path, b"PAR1", name="my.parquet")


def test_parquet_with_a_library_that_cannot_be_imported(tmp_path, monkeypatch):
    trees.write_text(tmp_path / "pyarrow.py", "raise ImportError('pyarrow requires NumPy 2.0 or newer')")
    monkeypatch.delitem(sys.modules, "pyarrow", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CorpusError, match=r"which cannot be imported \('pyarrow requires NumPy 2\.0 or newer'\)"):
        load(tmp_path, b"PAR1", name="my.parquet")


def fake_pyarrow(monkeypatch, read_table):
    library = types.ModuleType("pyarrow")
    library.ArrowException = type("ArrowException", (Exception,), {})
    library.parquet = types.ModuleType("pyarrow.parquet")
    library.parquet.read_table = read_table
    monkeypatch.setitem(sys.modules, "pyarrow", library)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", library.parquet)
    return library


def test_parquet_values_become_text(tmp_path, monkeypatch):
    records = [
        {"path": "a.wav", "speaker": 7, "emotion": "sad", "start": None, "end": 0.05, "votes": ["sad", "fear|sad"]},
        {"path": "b.wav", "speaker": 8, "emotion": "x", "start": float("nan"), "end": None, "votes": None},
    ]
    table = types.SimpleNamespace(column_names=list(records[0]), to_pylist=lambda: records)
    fake_pyarrow(monkeypatch, lambda path: table)
    first, second = load(tmp_path, b"PAR1", name="my.parquet").utterances
    assert (first.speaker, first.end_seconds, first.votes) == ("7", 0.05, (("sad",), ("fear", "sad")))
    assert (second.label, second.start_seconds, second.end_seconds, second.votes) == ("x", 0.0, None, ())
    records[1]["speaker"] = ""
    with pytest.raises(CorpusError, match=r"my\.parquet: row 2: column 'speaker': is empty"):
        load(tmp_path, b"PAR1", name="my.parquet")


def test_a_broken_parquet_file(tmp_path, monkeypatch):
    def read_table(path):
        raise ValueError(f"Could not open\n{path}")

    fake_pyarrow(monkeypatch, read_table)
    with pytest.raises(CorpusError, match=r"my\.parquet: not a Parquet file that can be read \('Could not open"):
        load(tmp_path, b"PAR1", name="my.parquet")


def test_a_real_parquet_file(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"path": ["a.wav", "b.wav"], "speaker": [1, 2], "emotion": ["sad", "Wut"], "end": [0.05, None]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "my.parquet")
    for name in "ab":
        trees.write_wav(tmp_path / f"{name}.wav")
    first, second = corpora.load("table", tmp_path / "my.parquet").utterances
    assert (first.speaker, first.label, first.end_seconds) == ("1", "sad", 0.05)
    assert (second.speaker, second.label, second.end_seconds) == ("2", "angry", None)
