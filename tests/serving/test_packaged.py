"""The model of the package: there, small, described, and used where no other is named."""

import json

import pytest

from ser_tf import cli, predict
from ser_tf.errors import UserError
from ser_tf.serving import packaged
from tests.serving import recordings


def test_it_is_small_and_says_what_it_is():
    files = sorted(packaged.FOLDER.iterdir())
    assert [path.name for path in files] == ["CARD.md", "model.json", "model.keras", "result.json"]
    assert sum(path.stat().st_size for path in files) < packaged.MAX_BYTES
    card = packaged.card_text()
    for wanted in ("Berlin database", "Burkhardt", "must not be used for", "unweighted accuracy", "CC BY 4.0", "fold"):
        assert wanted in card


def test_it_holds_no_path_of_the_machine_that_trained_it():
    for name in (packaged.KEPT, packaged.RESULT, packaged.CARD):
        text = (packaged.FOLDER / name).read_text()
        assert "/work" not in text and "/home" not in text and "/root" not in text
    assert json.loads((packaged.FOLDER / packaged.KEPT).read_text())["corpus_root"] == ""


def test_its_numbers_are_those_of_its_card():
    measured = json.loads((packaged.FOLDER / packaged.KEPT).read_text())["measured"]
    assert measured["ua_ci95"][0] < measured["ua"] < measured["ua_ci95"][1]
    assert f"unweighted accuracy {100 * measured['ua']:.1f}%" in packaged.card_text()
    line = packaged.summary_line()
    assert f"UA {100 * measured['ua']:.0f}% on other speakers" in line and "\n" not in line


@pytest.mark.slow
def test_ser_tf_predict_answers_without_a_model(tmp_path, capsys):
    (tmp_path / "speech.wav").write_bytes(recordings.wav(recordings.signal(1.0)))
    argv = [str(tmp_path / "speech.wav"), "--json"]
    assert cli.status_of(lambda given: predict.main(given, model_first=False), argv) == cli.DONE
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert answer["label"] in ("angry", "happy", "sad", "neutral")
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert shown.err.startswith("note: the packaged model (mirsamadi2017 lld_weighted_pool")


def test_about_prints_the_card(capsys):
    assert predict.main(["--about"]) == cli.DONE
    assert capsys.readouterr().out == packaged.card_text()


def test_a_package_without_it_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="is not there; install it again, or give one with --model"):
        packaged.load(tmp_path)
    with pytest.raises(UserError, match="CARD.md: cannot be read"):
        packaged.card_text(tmp_path)


def test_where_the_model_stands_on_the_command_line(tmp_path):
    (tmp_path / "served" / "1").mkdir(parents=True)
    (tmp_path / "served" / "1" / "saved_model.pb").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").touch()
    served, row = str(tmp_path / "served"), f"{tmp_path / 'run'}:lld"
    for model in (served, row):
        for argv, first in (([model, "a.wav"], True), ([model, "a.wav"], False), (["a.wav", "--model", model], False)):
            flags = predict.parse(argv, first)
            assert flags.model == model and [str(path) for path in flags.audio] == ["a.wav"]
    assert predict.parse(["anything", "a.wav"]).model == "anything"
    assert predict.parse(["a.wav", "b.wav"], model_first=False).model is None
    for argv in ([], [served]):
        with pytest.raises(UserError, match="required: AUDIO"):
            predict.parse(argv, model_first=False)
