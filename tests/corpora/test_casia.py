"""CASIA trees that are incomplete, misnamed or mixed, and what lies beside the recordings."""

import shutil

import pytest

from ser_tf import cli
from ser_tf.corpora import casia, validate
from ser_tf.errors import CorpusError
from tests.corpora import trees


@pytest.fixture
def root(tmp_path):
    return trees.casia(tmp_path / "casia")


def _refused(root, *words):
    with pytest.raises(CorpusError) as raised:
        casia.load(root)
    message = str(raised.value)
    assert "\n" not in message
    assert all(str(word) in message for word in words), message


def test_missing_folders_and_recordings_are_one_line_each(root):
    shutil.rmtree(root / "zhaoquanyin")
    shutil.rmtree(root / "liuchanhg/HAPPY")
    (root / "WangZhe/sad/201.wav").unlink()
    for path in (root / "zhaozuoxiang").glob("*"):
        if path.name != "sad":
            trees.write_wav(path / "202.wav")
    for speaker in ("liuchanhg", "WangZhe"):
        for path in (root / speaker).glob("*"):
            trees.write_wav(path / "202.wav")
    report = casia.load(root).validate()
    assert report.missing == (
        f"{root / 'zhaoquanyin'}: no folder of this speaker",
        f"{root / 'WangZhe/sad'}: 1 recordings that most folders have are missing: 201",
        f"{root / 'liuchanhg/happy'}: no recordings",
        f"{root / 'zhaozuoxiang/sad'}: 1 recordings that most folders have are missing: 202",
    )
    assert not report.complete


def test_a_tree_with_all_folders_lacks_none(root):
    assert casia.load(root).absent == ()


def test_a_misnamed_speaker_is_refused(root):
    (root / "WangZhe").rename(root / "wang_zhe")
    _refused(root, root / "wang_zhe", "liuchanhg, wangzhe")


def test_a_folder_of_something_else_is_not_a_speaker(root):
    trees.write_text(root / "documents/readme.txt", "beside")
    assert len(casia.load(root).utterances) == 25


def test_a_misnamed_emotion_is_refused(root):
    (root / "WangZhe/sad").rename(root / "WangZhe/sadness")
    _refused(root, root / "WangZhe/sadness", "angry, fear")


def test_a_speaker_in_two_folders_is_refused(root):
    trees.write_wav(root / "LIUCHANHG/angry/202.wav")
    _refused(root, root / "liuchanhg", "LIUCHANHG", "same speaker")


def test_an_emotion_in_two_folders_is_refused(root):
    trees.write_wav(root / "liuchanhg/normal/1.wav")
    _refused(root, root / "liuchanhg/normal", "neutral", "same emotion")


def test_speakers_beside_the_part_that_holds_them_are_refused(root):
    trees.casia(root / casia.SAME_TEXTS)
    _refused(root, root / "WangZhe", casia.SAME_TEXTS)


def test_the_other_part_alone_is_refused(tmp_path):
    trees.write_wav(tmp_path / casia.DIFFERENT_TEXTS / "Chang.Liu/normal/1.wav")
    _refused(tmp_path, tmp_path / casia.DIFFERENT_TEXTS, casia.SAME_TEXTS)


def test_validation_lists_what_is_not_a_recording(root, capsys):
    assert cli.status_of(validate.main, ["casia", str(root), "--all"]) == 1  # not the 7,200
    shown = capsys.readouterr().out
    for name in ("201.lab", "201.tag", "201.peak", "201 copy.txt", "说明.wav", "201 (2).wav"):
        assert str(root / "liuchanhg/angry" / name) in shown
