"""The set-up of zhang2018: classes and folds, what rows train on and start from, what is left out without weights."""

import dataclasses
import importlib
import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib import image
from ser_tf.protocol.system import RowUnavailableError
from ser_tf.protocol.training import predict

from ser_tf import cli, corpora
from ser_tf.corpora import synthetic
from ser_tf.data import pipeline
from ser_tf.papers.zhang2018 import alexnet, paper, pretrained
from ser_tf.papers.zhang2018 import networks as models
from ser_tf.papers.zhang2018 import satt as zhang2018_satt
from ser_tf.papers.zhang2018 import systems as zhang2018_training
from ser_tf.protocol import command, progress, runner
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.command import main_of
from ser_tf.protocol.context import FoldContext

LEDGER = paper.Ledger()
FOLD = "pair-03-08-03"
SMALL_DENSE = {"fc6": (9216, 3), "fc7": (3, 3), "fc8": (3, 2)}


@pytest.fixture(scope="module")
def make_context(emodb, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")

    def make(corpus=emodb, options=None, smoke=True, styles=None, **assumptions) -> FoldContext:
        ledger = dataclasses.replace(LEDGER, **assumptions)
        task = paper.task(ledger)
        task = task if styles is None else dataclasses.replace(task, styles=styles)
        utterances = {utterance.id: utterance for utterance in task.select(corpus)}
        fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
        features = root / "features" / corpus.name
        return FoldContext(fold, 0, ledger, task, utterances, features, root / "stages", smoke, options=options or {})

    return make


@pytest.fixture(scope="module")
def alexnet_file(tmp_path_factory):
    """A converted file with the convolutions of the real size and small dense layers."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, shape in _shapes().items():
        arrays[f"{name}/kernel"] = (0.01 * rng.normal(size=shape)).astype(np.float32)
        arrays[f"{name}/bias"] = np.full(shape[-1:], 0.1, np.float32)
    path = tmp_path_factory.mktemp("weights") / "alexnet.npz"
    np.savez(path, **arrays)
    return path


def _shapes():
    convolutions = {name: shape for name, shape in pretrained.alexnet_shapes().items() if name.startswith("conv")}
    return convolutions | SMALL_DENSE


@pytest.fixture
def small_dense(monkeypatch):
    """Files of weights may have small dense layers."""
    shapes = _shapes()
    monkeypatch.setattr(pretrained, "alexnet_shapes", lambda: shapes)


def test_rows_and_published_numbers():
    published = {row.key: row.published and tuple(row.published.values()) for row in (*paper.TABLE1, *paper.TABLE2)}
    assert published == {
        "alexnet_random": (0.665, 0.548), "alexnet_finetuned": (0.679, 0.573),
        "vgg16_random": (0.653, 0.548), "vgg16_finetuned": (0.668, 0.567),
        "fcn_attention": (0.704, 0.639), "fcn_attention_random": None,
        "satt_model1": (0.688, 0.594), "satt_model2": (0.673, 0.620),
    }  # fmt: skip
    assert {row.key for row in (*paper.TABLE1, *paper.TABLE2) if row.needs} == {
        "alexnet_finetuned", "vgg16_finetuned", "fcn_attention",
    }  # fmt: skip
    for rows, claims in ((paper.TABLE1, paper.TABLE1_CLAIMS), (paper.TABLE2, paper.TABLE2_CLAIMS)):
        keys = {row.key for row in rows}
        for claim in claims:
            assert {claim.better, claim.worse} <= keys
            numbers = [next(row.published[claim.metric] for row in rows if row.key == key)
                       for key in (claim.better, claim.worse)]  # fmt: skip
            assert numbers[0] > numbers[1], claim.text


def test_every_assumption_has_a_reason_and_a_switch():
    for entry in ledgers.entries(LEDGER):
        assert len(entry.why) > 10
        if entry.choices:
            other = str(next(choice for choice in entry.choices if choice != entry.default))
        elif isinstance(entry.default, bool):
            other = str(not entry.default).lower()
        else:
            other = str(entry.default + 1 if isinstance(entry.default, int) else entry.default * 1.1)
        assert ledgers.overridden(ledgers.override(LEDGER, [f"{entry.key}={other}"])).keys() == {entry.key}


def test_task_is_improvised_speech_of_four_classes(emodb):
    task = paper.task(LEDGER)
    assert set(task.classes) == {"happy", "sad", "angry", "neutral"} and not task.merges
    assert task.expected == {"iemocap": 2280} and "scripted" not in task.styles
    assert len(task.select(emodb)) == 83  # acted corpora as they are


def test_folds_test_each_actor_and_validate_with_the_other(emodb):
    utterances = paper.task(LEDGER).select(emodb)
    speaker = {utterance.id: utterance.speaker for utterance in utterances}
    session = {utterance.id: utterance.session for utterance in utterances}
    folds = paper.make_folds(utterances, LEDGER, 0)
    assert len(folds) == 10 and sorted(one for fold in folds for one in fold.test) == sorted(speaker)
    for fold in folds:
        (tested,), (validating,) = ({speaker[one] for one in part} for part in (fold.test, fold.validation))
        assert tested != validating
        assert {session[one] for one in fold.test} == {session[one] for one in fold.validation}
        assert not {session[one] for one in fold.test} & {session[one] for one in fold.train}
    first = paper.make_folds(utterances, dataclasses.replace(LEDGER, tested_actors="first"), 0)
    assert [fold.name for fold in first] == [fold.name for fold in folds[::2]]


def test_spectrogram_is_the_papers():
    (spec,) = zhang2018_training.features(LEDGER)
    params = spec.params
    assert (spec.dims, params.fft_samples, params.window_shape) == (200, 800, "hamming")
    assert (params.window_seconds, params.hop_seconds) == (0.04, 0.01)


def test_linear_spectrogram_has_the_same_frames_and_bins():
    (log,) = zhang2018_training.features(LEDGER)
    (linear,) = zhang2018_training.features(dataclasses.replace(LEDGER, spectrum="linear"))
    waveform = 0.1 * np.random.default_rng(0).normal(size=(1, 8000)).astype(np.float32)
    samples = np.array([5000])
    logarithm, magnitude = (spec(tf.constant(waveform), samples)[0] for spec in (log, linear))
    frames = linear.num_frames(5000)
    assert frames == log.num_frames(5000) and magnitude.shape == logarithm.shape and linear.dims == 200
    np.testing.assert_allclose(magnitude[:frames], np.exp(logarithm[:frames]), rtol=1e-4)
    assert not magnitude[frames:].numpy().any() and linear.fingerprint() != log.fingerprint()


def test_statistics_are_of_the_training_part_alone(make_context):
    context = make_context()
    common = zhang2018_training.common(context)
    assert context.uses == {"normaliser": set(context.fold.train)}
    (spec,) = zhang2018_training.features(LEDGER)
    view = context.view(spec, context.fold.train, "normaliser")
    frames = np.concatenate([view[one] for one in context.fold.train]).astype(np.float64)
    np.testing.assert_allclose(common["mean"], frames.mean(0), rtol=1e-6)
    np.testing.assert_allclose(common["std"], frames.std(0), rtol=1e-6)
    single = zhang2018_training.common(make_context(normaliser_statistics="single"))
    np.testing.assert_allclose(single["mean"], frames.mean(), rtol=1e-6)
    np.testing.assert_allclose(single["std"], frames.std(), rtol=1e-6)


def test_batches_have_pieces_with_their_utterances_class_and_weight(make_context):
    context = make_context(batch_size=7)
    recipe = zhang2018_training.Recipe(1e-4, "balanced", seconds=0.2)
    reader = zhang2018_training.Reader(context, recipe)
    pieces = reader.pieces(context.fold.train, "train")
    assert max(map(pieces.num_frames, pieces.ids)) <= 20 and len(pieces.ids) > 2 * len(context.fold.train)
    targets = context.targets(context.fold.train)
    seen, weights = [], {}
    for inputs, target, weight in reader.supervised("train", "train"):
        seen += list(zip(inputs["lengths"].numpy().tolist(), target.numpy().tolist(), strict=True))
        weights |= dict(zip(target.numpy().tolist(), weight.numpy().tolist(), strict=True))
    expected = [(pieces.num_frames(one), targets[owner]) for one, owner in zip(pieces.ids, pieces.owners, strict=True)]
    assert sorted(seen) == sorted(expected)
    counts = np.bincount(targets)
    for label, weight in weights.items():
        assert weight == pytest.approx(len(targets) / (len(counts) * counts[label]))


def test_length_bucketing_keeps_padding_under_15_percent():
    """On lengths like EmoDB's: 271 utterances, median 255 frames, from 140 to 900."""
    rng = np.random.default_rng(0)
    lengths = np.clip(255 * np.exp(0.36 * rng.normal(size=271)), 140, 900).astype(int)
    params = pipeline.BatchParams(LEDGER.batch_size, zhang2018_training.BUCKET_BATCHES)
    shares = [pipeline.padded_share(lengths, params, seed) for seed in range(5)]
    assert max(shares) < 0.15 < pipeline.padded_share(lengths, pipeline.BatchParams(LEDGER.batch_size, 2))


@pytest.mark.parametrize(
    ("fit", "flag"),
    [
        (lambda context: zhang2018_training.fit_attention_fcn(context, True), "--alexnet-weights"),
        (lambda context: zhang2018_training.fit_classifier(context, "alexnet", True), "--alexnet-weights"),
        (lambda context: zhang2018_training.fit_classifier(context, "vgg16", True), "--vgg16-weights"),
    ],
)
def test_a_row_without_weights_says_how_to_get_them(make_context, fit, flag):
    context = make_context()
    with pytest.raises(RowUnavailableError, match=flag):
        fit(context)
    assert not context.uses  # before any work


def test_there_are_no_weights_for_torchvisions_alexnet(make_context):
    with pytest.raises(RowUnavailableError, match="alexnet=torchvision"):
        zhang2018_training.fit_attention_fcn(make_context(alexnet="torchvision"), True)


@pytest.mark.parametrize("pool5", [True, False])
@pytest.mark.parametrize("pooling", ["valid", "ceil"])
def test_networks_follow_the_ledger(make_context, monkeypatch, pool5, pooling):
    """Down to the width of the layers and the cells of the attention."""
    built = []
    monkeypatch.setattr(zhang2018_training.Reader, "outcome", lambda reader, model, epochs: built.append(model))
    monkeypatch.setattr(zhang2018_training.Reader, "fit", lambda reader, model: 1)
    settings = {"pool5": pool5, "pooling": pooling, "alexnet": "torchvision", "attention_units": 7}
    zhang2018_training.fit_attention_fcn(make_context(**settings), False)
    (model,) = built
    assert model.get_layer("conv1").filters == 64 and model.get_layer("conv4").groups == 1
    assert model.get_layer("attention").units == 7
    bins = {(True, "valid"): 5, (True, "ceil"): 6, (False, "valid"): 11, (False, "ceil"): 12}
    assert model.output["attention"].shape == (None, None, bins[pool5, pooling])


@pytest.mark.usefixtures("small_dense")
@pytest.mark.parametrize(("network", "one_channel"), [("fcn", "sum"), ("alexnet", "sum"), ("fcn", "mean")])
def test_finetuning_starts_from_the_file(make_context, alexnet_file, monkeypatch, network, one_channel):
    started = {}

    def remember(reader, model):
        started.update({name: model.get_layer(name).get_weights() for name in _shapes() if name.startswith("conv")})
        started["scale"] = np.sqrt(model.get_layer("normaliser").variance.numpy())
        started["rate"] = reader.recipe.learning_rate
        return 1

    monkeypatch.setattr(zhang2018_training.Reader, "fit", remember)
    context = make_context(options={"alexnet_weights": alexnet_file}, one_channel=one_channel)
    if network == "fcn":
        zhang2018_training.fit_attention_fcn(context, True)
    else:
        zhang2018_training.fit_classifier(context, "alexnet", True)
    weights = pretrained.read_alexnet(alexnet_file)
    for convolution in alexnet.CONVOLUTIONS:
        kernel, bias = weights[convolution.name]
        adapted = kernel.sum(2, keepdims=True) if one_channel == "sum" else kernel.mean(2, keepdims=True)
        expected = adapted if convolution.name == "conv1" else kernel
        np.testing.assert_allclose(started[convolution.name][0], expected, rtol=1e-5, atol=1e-8)
        np.testing.assert_array_equal(started[convolution.name][1], bias)
    std = zhang2018_training.common(make_context())["std"]
    np.testing.assert_allclose(started["scale"].ravel(), std / LEDGER.pixel_deviation, rtol=1e-5)
    assert started["rate"] == LEDGER.finetuning_learning_rate


def test_full_size_classifiers_take_dense_weights_too(make_context, monkeypatch):
    """FC6 fits only images of the network's own pixels."""
    taken = []
    monkeypatch.setattr(pretrained, "initialise", lambda model, weights, layers, _: taken.append(layers))
    monkeypatch.setattr(zhang2018_training.Reader, "fit", lambda reader, model: 1)
    monkeypatch.setattr(zhang2018_training.Reader, "outcome", lambda reader, model, epochs: None)
    monkeypatch.setattr(models, "build_classifier", lambda *args, **settings: settings)
    monkeypatch.setattr(
        zhang2018_training,
        "_weights",
        lambda context, network: {name: (np.zeros(shape), None) for name, shape in _shapes().items()},
    )
    for smoke, classifier_input in ((False, "resize"), (False, "native"), (True, "resize")):
        context = make_context(smoke=smoke, classifier_input=classifier_input)
        zhang2018_training.fit_classifier(context, "alexnet", True)
    convolutions = [one.name for one in alexnet.CONVOLUTIONS]
    assert taken == [[*convolutions, "fc6", "fc7"], convolutions, convolutions]


@pytest.mark.parametrize(("network", "started"), [("alexnet", "he_uniform"), ("vgg16", "glorot_normal")])
def test_classifiers_start_as_the_ledger_says(make_context, monkeypatch, network, started):
    monkeypatch.setattr(models, "build_classifier", lambda *args, **settings: settings["kernel_initializer"])
    monkeypatch.setattr(zhang2018_training.Reader, "fit", lambda reader, model: 1)
    monkeypatch.setattr(zhang2018_training.Reader, "outcome", lambda reader, model, epochs: model)
    context = make_context(initialisation="he_uniform", vgg16_initialisation="glorot_normal")
    assert zhang2018_training.fit_classifier(context, network, False) == started


def test_model2_goes_on_from_model1_which_is_trained_once(make_context, monkeypatch):
    trained = []
    fit = zhang2018_training.Reader.fit

    def count(reader, model):
        trained.append((reader.recipe, [weight.numpy() for weight in model.trainable_weights]))
        return fit(reader, model)

    monkeypatch.setattr(zhang2018_training.Reader, "fit", count)
    contexts = [make_context(max_epochs=1) for _ in range(3)]
    second = zhang2018_satt.fit_model2(contexts[0])
    first = zhang2018_satt.fit_model1(contexts[1])
    assert [recipe.class_weights for recipe, _ in trained] == ["none", "balanced"]
    assert contexts[0].stage_seconds["satt_model1"] > 0 == contexts[1].stage_seconds["satt_model1"]
    assert contexts[1].uses["train"] == set(contexts[1].fold.train)  # what the stage read, though it was reused
    assert first.epochs == 1 and not np.allclose(first.posteriors, second.posteriors)
    (spec,) = zhang2018_training.features(LEDGER)
    test = contexts[1].fold.test
    kept = predict(first.model, contexts[1].view(spec, test, "predict"), test, 4)
    np.testing.assert_allclose(kept, first.posteriors, atol=1e-5)
    keras.utils.set_random_seed(99)
    again = zhang2018_satt.fit_model1(contexts[2])
    np.testing.assert_array_equal(again.posteriors, first.posteriors)


def _argv(emodb_root, output, *more):
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output)]
    return [*argv, "--folds", FOLD, "--workers", "1", *map(str, more)]


def _main(table):
    return main_of(importlib.import_module(f"experiments.zhang2018_{table}").EXPERIMENT)


def test_a_table_without_weights_says_what_was_left_out(emodb_root, tmp_path, capsys):
    argv = _argv(emodb_root, tmp_path, "--rows", "fcn_attention")
    assert cli.status_of(_main("table2"), argv) == 0
    (row,) = json.loads((tmp_path / "zhang2018_table2" / "emodb" / "summary.json").read_text())["rows"]
    assert row["verdict"] == "needs weights" and row["status"] == "left out"
    assert "python -m ser_tf.papers.zhang2018.convert_alexnet" in row["note"] and "\n" not in row["note"]
    assert "needs weights" in capsys.readouterr().out


@pytest.mark.usefixtures("small_dense")
def test_a_table_with_weights_runs_the_row_and_names_them(emodb_root, tmp_path, alexnet_file):
    argv = _argv(emodb_root, tmp_path, "--rows", "fcn_attention", "--alexnet-weights", alexnet_file)
    assert cli.status_of(_main("table2"), argv) == 0
    summary = json.loads((tmp_path / "zhang2018_table2" / "emodb" / "summary.json").read_text())
    assert summary["rows"][0]["status"] == "run" and "alexnet.npz" in summary["corpus_note"]


@pytest.mark.usefixtures("small_dense")
def test_weights_make_no_other_result_of_rows_that_do_not_read_them(emodb_root, tmp_path, alexnet_file):
    """Whoever gets the weights later trains the finetuned rows alone."""
    table = importlib.import_module("experiments.zhang2018_table2").EXPERIMENT
    hashes = []
    for more in ([], ["--alexnet-weights", alexnet_file]):
        flags = command.parser_of(table).parse_args(_argv(emodb_root, tmp_path, *more))
        plan = command.planned(table, flags, LEDGER, progress.console()).plan
        fold = paper.make_folds(tuple(plan.utterances.values()), LEDGER, 0)[0]
        hashes.append({row.key: plan.settings_hash(runner.Job(row, fold, 0)) for row in table.rows})
    without, with_weights = hashes
    assert {key for key in without if without[key] != with_weights[key]} == {"fcn_attention"}


@pytest.mark.parametrize("flag", ["--alexnet-weights", "--vgg16-weights"])
@pytest.mark.parametrize("content", [None, b"", b"bvlc_alexnet.caffemodel itself"])
def test_a_wrong_file_of_weights_stops_the_table_at_once(emodb_root, tmp_path, capsys, flag, content):
    path = tmp_path / "weights"
    if content is not None:
        path.write_bytes(content)
    assert cli.status_of(_main("table1"), _argv(emodb_root, tmp_path / "runs", flag, path)) == cli.BAD_INPUT
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: {path}: ") and shown.count("\n") == 1
    assert not (tmp_path / "runs" / "features").exists()


@pytest.fixture(scope="module")
def ran(emodb_root, tmp_path_factory):
    """The folder of a run that kept its models."""
    output = tmp_path_factory.mktemp("runs")
    argv = _argv(emodb_root, output, "--rows", "fcn_attention_random", "--keep-models")
    assert cli.status_of(_main("table2"), argv) == 0
    return output / "zhang2018_table2" / "emodb"


def test_figure_4(ran, emodb_root, tmp_path, capsys):
    figure = importlib.import_module("figures.zhang2018_fig4")
    named = ["03a01Fa", "03a01Wa", "03a01Na"]
    assert cli.status_of(figure.main, ["--run", str(ran), "--utterances", *named]) == 0
    height, width = image.imread(ran / "fig4.png").shape[:2]
    assert width > 2 * height
    wav = next((emodb_root / "wav").glob("*.wav"))
    own = tmp_path / "own.png"
    assert cli.status_of(figure.main, ["--run", str(ran), "--audio", str(wav), "--output", str(own)]) == 0
    assert own.is_file()
    assert cli.status_of(figure.main, ["--run", str(ran), "--row", "satt_model1"]) == cli.BAD_INPUT
    assert "no results of row satt_model1" in capsys.readouterr().err


def test_figure_4_shows_weights_where_their_cells_look(ran):
    from ser_tf.protocol import kept

    figure = importlib.import_module("figures.zhang2018_fig4")
    (result,) = kept.fold_results(ran, "fcn_attention_random")
    model = kept.load(ran, result, paper.TABLE2, paper.Ledger)
    weights = np.arange(1.0, 16).reshape(3, 5)
    weights /= weights.sum()
    shown = figure.attention_map(model, weights, 131)
    assert shown.shape == (131, 200)
    np.testing.assert_allclose(shown[[33, 65, 97]][:, [33, 65, 97, 129, 161]], weights * 15)
    np.testing.assert_allclose(figure.attention_map(model, np.full((3, 5), 1 / 15), 131), 1)


@pytest.mark.parametrize("spectrum", ["log", "linear"])
def test_figure_4_shows_decibels(spectrum):
    figure = importlib.import_module("figures.zhang2018_fig4")
    settings = dataclasses.asdict(dataclasses.replace(LEDGER, spectrum=spectrum))
    (spec,) = zhang2018_training.features(paper.Ledger(**settings))
    model = types.SimpleNamespace(
        card={"settings": settings}, features=lambda waveform: spec(tf.constant(waveform)).numpy()
    )
    tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(16000)).astype(np.float32)
    quieter = figure.decibels(model, tone) - figure.decibels(model, tone / 10)
    np.testing.assert_allclose(quieter[:, 50], 20, atol=1e-3)  # 1 kHz is bin 50


SALIENCE_TABLE = (
    alexnet.Convolution("conv1", 8, alexnet.Step(7, 4), pooled=True),
    alexnet.Convolution("conv2", 16, alexnet.Step(3, 1, 1), groups=2),
)
"""Two layers, whose cells see 0.35 s."""


def test_trained_attention_finds_the_salient_seconds(make_context, tmp_path):
    """Cells in the seconds where the generator put the emotion get more attention than the others."""
    generated = synthetic.generate(tmp_path / "corpus")
    context = make_context(corpora.load("synthetic", generated), smoke=False, styles=(), max_epochs=50, patience=50)
    keras.utils.set_random_seed(0)
    model = models.build_attention_fcn(**zhang2018_training.common(context), table=SALIENCE_TABLE, attention_units=32)
    reader = zhang2018_training.Reader(context, zhang2018_training.Recipe(4e-3, "none"))
    reader.fit(model)

    salience = synthetic.read_salience(generated)
    field = models.receptive_field(alexnet.steps_of(SALIENCE_TABLE))
    others = context.fold.test + context.fold.validation
    view = context.view(reader.spec, others, "predict")
    inside, outside = [], []
    for one in others:
        batch = {"features": np.array(view[one])[np.newaxis], "lengths": np.array([view.num_frames(one)])}
        weights = model(batch)["attention"].numpy()[0]
        params = reader.spec.params
        seconds = field.centres(len(weights)) * params.hop_seconds + params.window_seconds / 2
        salient = np.any(
            [(seconds >= start) & (seconds < end) for start, end in salience[one]] or [seconds < 0], axis=0
        )
        if salient.any() and not salient.all():
            inside.append(weights[salient].mean() * weights.size)  # average pooling would give 1
            outside.append(weights[~salient].mean() * weights.size)
    assert len(inside) > 20
    assert np.mean(inside) > 1.3 > 1.0 > np.mean(outside)
