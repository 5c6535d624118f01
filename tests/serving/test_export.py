"""Exporting a row: what the folder has, what a process that has TensorFlow alone makes of it, and what is refused."""

import dataclasses
import importlib
import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from ser_tf import cli, papers
from ser_tf.data import audio
from ser_tf.errors import SettingError, UserError
from ser_tf.evaluation import metrics
from ser_tf.protocol import models
from ser_tf.serving import card, export, fresh_process, requests, verification, warm_up
from ser_tf.serving.verification import Reference, Request, VerificationError
from tests.serving import recordings

pytestmark = pytest.mark.slow  # it trains

GOOD = recordings.wav(recordings.signal())


@pytest.fixture(scope="module")
def answered(exported):
    """What the exported model answers in a fresh process: to broken files, and to waveforms that are hard to answer."""
    folder, _, _ = exported
    asked = {reason: Request("wav_bytes", requests.of_files([GOOD, bad])) for reason, bad in recordings.BROKEN.items()}
    short = requests.of_waveforms([np.zeros(160), np.zeros(16_000), np.ones(1)])
    asked["short"] = Request("serving_default", short)
    nan = requests.of_waveforms([np.zeros(1600), np.full(1600, np.nan)])
    asked["nan"] = Request("serving_default", nan)
    asked["silent file"] = Request("wav_bytes", requests.of_files([recordings.wav(np.zeros(16_000))]))
    answers = verification.ask(folder, list(asked.values()))
    return dict(zip(asked, answers.outputs, strict=True)), answers


def test_the_export_agrees_with_the_training_run(exported):
    _, _, agreement = exported
    assert agreement.recordings == export.RECORDINGS
    assert agreement.largest_difference < verification.TOLERANCE
    assert {"DecodeRaw", "RFFT", "MatMul", "Assert"} <= set(agreement.ops)


def test_labels_and_card_are_assets(exported):
    folder, model, _ = exported
    assert (folder / "assets" / card.LABELS).read_text().splitlines() == list(model.classes)
    told = json.loads((folder / "assets" / card.CARD).read_text())
    assert (told["paper"], told["row"], told["corpus"]) == ("mirsamadi2017", "lld_weighted_pool", "emodb")
    assert (told["fold"], told["seed"], told["smoke"]) == (model.result.fold, 0, True)
    assert told["assumptions"] == model.card["settings"] and told["max_seconds"] == 20.0
    decided = model.result.posterior_array.argmax(axis=1)
    truth = np.asarray(model.result.truth)
    counts = metrics.confusion_matrix(truth, decided, len(model.classes))
    assert told["metrics"]["wa"] == (decided == truth).mean()
    assert told["metrics"]["ua"] == metrics.unweighted_accuracy(counts)
    assert told["licence"]["code"] == "Apache-2.0" and "emodb" in told["licence"]["note"]
    assert str(model.card["corpus_root"]) not in json.dumps(told)


def test_warm_up_requests_are_records_that_the_server_reads(exported):
    folder, _, _ = exported
    records = list(tf.data.TFRecordDataset(str(folder / warm_up.FILE)).as_numpy_iterator())
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    asked = [log.predict_log.request for log in logs]
    assert {one.model_spec.signature_name for one in asked} == {"serving_default", "wav_bytes"}
    assert {one.model_spec.name for one in asked} == {"lld"}
    sizes = {one.inputs["audio"].tensor_shape.dim[0].size for one in asked if "audio" in one.inputs}
    assert sizes == set(warm_up.BATCH_SIZES)


def test_a_fresh_process_needs_nothing_of_this_project(answered):
    _, answers = answered
    assert answers.foreign == () and len(answers.ops) > 50


@pytest.mark.parametrize("reason", recordings.BROKEN)
def test_the_server_names_the_bad_file(answered, reason):
    good, bad = answered[0][reason]["error"].tolist()
    assert good == b"" and bad.startswith(b"it") and reason.encode() in bad


def test_the_server_has_a_defined_answer_to_what_is_short_or_silent(answered):
    outputs, _ = answered
    for name in ("short", "silent file"):
        assert np.isfinite(outputs[name]["probabilities"]).all()
        np.testing.assert_allclose(outputs[name]["probabilities"].sum(axis=1), 1.0, atol=1e-5)
    assert outputs["nan"]["error"].tolist() == [b"", b"it has samples that are not finite (NaN or infinite)"]


def test_python_and_unknown_operations_are_foreign():
    def calls_python(value):
        return tf.py_function(lambda one: one, [value], tf.float32)

    graph = tf.function(calls_python, input_signature=[tf.TensorSpec([], tf.float32)]).get_concrete_function().graph
    assert [one for one in fresh_process.operations(graph.as_graph_def()) if fresh_process.is_foreign(one)] == [
        "EagerPyFunc"
    ]
    assert fresh_process.is_foreign("OfAnotherLibrary") and not fresh_process.is_foreign("MatMul")


def test_other_posteriors_are_found_out(exported, emodb):
    folder, model, _ = exported
    utterance = next(one for one in emodb.utterances if one.id == model.result.ids[0])
    posteriors = model.result.posterior_array[0] + [1e-3, -1e-3, 0.0, 0.0]
    reference = Reference(utterance.id, audio.read(utterance.path), utterance.path.read_bytes(), posteriors)
    with pytest.raises(VerificationError, match=f"serving_default of {utterance.id} differs by 0.001"):
        verification.verify(folder, [reference], model.classes)


def test_a_failed_check_leaves_nothing_behind(runs, emodb, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise VerificationError("it differs")

    monkeypatch.setattr(verification, "verify", fail)
    with pytest.raises(VerificationError):
        export.export(runs.model("mirsamadi2017_table3", "lld_weighted_pool"), emodb, tmp_path / "lld" / "1")
    assert list((tmp_path / "lld").iterdir()) == []


def status(runs, capsys, *flags, row="lld_weighted_pool"):
    run = runs.table("mirsamadi2017_table3", "lld_weighted_pool")
    code = cli.status_of(export.main, ["--run", str(run), "--row", row, *map(str, flags)])
    return code, capsys.readouterr().err.strip().splitlines()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--output", "served/lld"], "must end with a version number, such as"),
        (["--output", "served/1", "--max-seconds", "0"], "--max-seconds 0: must be from"),
        (["--output", "served/1", "--min-rate", "100"], "--min-rate 100: must be from 4000 to 16000"),
        (["--output", "served/1", "--glove", "vectors.txt"], "--glove vectors.txt: mirsamadi2017 reads no words"),
        (["--output", "served/1", "--fold", "nobody"], "has no such fold and seed; there are"),
        (["--output", "served/1", "--corpus-root", "nowhere"], "nowhere: the run's corpus is not there"),
        ([], "--output"),
    ],
)
def test_bad_usage_is_one_line(runs, capsys, tmp_path, monkeypatch, flags, reason):
    monkeypatch.chdir(tmp_path)
    code, lines = status(runs, capsys, *flags)
    assert code == cli.BAD_INPUT and len(lines) == 1 and reason in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_never_overwritten(exported, runs, capsys):
    folder, _, _ = exported
    code, lines = status(runs, capsys, "--output", folder)
    assert code == cli.BAD_INPUT and "exists and is left alone; the next version is 2" in lines[0]


def test_a_row_without_a_network_is_one_line(runs, tmp_path):
    run = runs.table("mirsamadi2017_table2", "svm_mean")
    with pytest.raises(SettingError, match="row svm_mean of mirsamadi2017 has no Keras network to serve"):
        models.kept_model(papers.load, run, "svm_mean")


def test_another_corpus_is_found_out(runs, emodb):
    model = runs.model("mirsamadi2017_table3", "lld_weighted_pool")
    missing = min(model.result.ids)
    other = dataclasses.replace(emodb, utterances=tuple(one for one in emodb.utterances if one.id != missing))
    with pytest.raises(UserError, match=f"has no {missing}, which the run tested"):
        export.references_of(model, other, False)


def test_the_command_exports_a_model_of_words(runs, tmp_path, capsys):
    run = runs.table("lee2020_table2", "can")
    output = tmp_path / "can" / "7"
    assert cli.status_of(export.main, ["--run", str(run), "--row", "can", "--output", str(output)]) == cli.DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "lee2020 can, fold" in shown and "together and alone" in shown
    assert {one.name for one in output.iterdir()} >= {"saved_model.pb", "assets", "assets.extra", "variables"}
    assert json.loads((output / "assets" / card.CARD).read_text())["reads_words"] is True


def test_the_script_of_the_fresh_process_imports_nothing_of_the_project():
    text = importlib.import_module("ser_tf.serving.fresh_process").__file__
    with open(text) as file:
        assert "from ser_tf" not in file.read()
