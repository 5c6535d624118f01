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

from ser_tf import cli, corpora
from ser_tf.corpora import synthetic
from ser_tf.papers.zhang2018 import alexnet, fig4, networks, paper, pretrained, satt, systems
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.protocol import models
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome, RowUnavailableError
from ser_tf.protocol.record import UserInput
from ser_tf.training import loop
from ser_tf.training.batches import Batches
from tests.checks import check_ledger, posteriors_of
from tests.contexts import fold_context

pytestmark = pytest.mark.slow  # it trains

LEDGER = Ledger()
FOLD = "pair-03-08-03"
SMALL_DENSE = {"fc6": (9216, 3), "fc7": (3, 3), "fc8": (3, 2)}


@pytest.fixture(scope="module")
def make_context(emodb, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")

    def make(corpus=emodb, inputs=None, smoke=True, styles=None, **assumptions) -> FoldContext:
        ledger = dataclasses.replace(LEDGER, **assumptions)
        task = paper.task(ledger)
        task = task if styles is None else dataclasses.replace(task, styles=styles)
        utterances = {utterance.id: utterance for utterance in task.select(corpus)}
        fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
        given = {name: UserInput(path, "digest") for name, path in (inputs or {}).items()}
        return fold_context(root / corpus.name, fold, task, ledger, utterances, smoke=smoke, inputs=given)

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
    rows = [row for table in paper.PAPER.tables for row in table.rows]
    published = {row.key: tuple(row.published.values()) for row in rows if row.origin == "paper"}
    assert published == {
        "alexnet_random": (0.665, 0.548), "alexnet_finetuned": (0.679, 0.573),
        "vgg16_random": (0.653, 0.548), "vgg16_finetuned": (0.668, 0.567),
        "fcn_attention": (0.704, 0.639),
        "satt_model1": (0.688, 0.594), "satt_model2": (0.673, 0.620),
    }  # fmt: skip
    assert {row.key for row in rows if row.needs} == {
        "alexnet_finetuned", "vgg16_finetuned", "fcn_attention",
    }  # fmt: skip
    assert {row.key for row in rows if row.origin == "beyond"} == {
        "fcn_attention_random", "fcn_lambda0_random", "fcn_lambda1_random", "fcn_20ms_random",
    }  # fmt: skip
    for table in paper.PAPER.tables:
        keys = {row.key for row in table.rows}
        for claim in table.claims:
            assert {claim.better, claim.worse} <= keys
            numbers = [next(row.published[claim.metric] for row in table.rows if row.key == key)
                       for key in (claim.better, claim.worse)]  # fmt: skip
            assert numbers[0] > numbers[1], claim.text


def test_every_assumption_has_a_reason_and_a_switch():
    check_ledger(LEDGER)


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
    (spec,) = systems.features(LEDGER)
    params = spec.params
    assert (spec.dims, params.fft_samples, params.window_shape) == (200, 800, "hamming")
    assert (params.window_seconds, params.hop_seconds) == (0.04, 0.01)


def test_linear_spectrogram_has_the_same_frames_and_bins():
    (log,) = systems.features(LEDGER)
    (linear,) = systems.features(dataclasses.replace(LEDGER, spectrum="linear"))
    waveform = 0.1 * np.random.default_rng(0).normal(size=(1, 8000)).astype(np.float32)
    samples = np.array([5000])
    logarithm, magnitude = (spec(tf.constant(waveform), samples)[0] for spec in (log, linear))
    frames = linear.num_frames(5000)
    assert frames == log.num_frames(5000) and magnitude.shape == logarithm.shape and linear.dims == 200
    np.testing.assert_allclose(magnitude[:frames], np.exp(logarithm[:frames]), rtol=1e-4)
    assert not magnitude[frames:].numpy().any() and linear.fingerprint() != log.fingerprint()


def test_statistics_are_of_the_training_part_alone(make_context):
    context = make_context()
    (spec,) = systems.features(LEDGER)
    common = systems.common(context, spec)
    assert context.reads.utterances == {"normaliser": set(context.fold.train)}
    view = context.view(spec, context.fold.train, "normaliser")
    frames = np.concatenate([view[one] for one in context.fold.train]).astype(np.float64)
    np.testing.assert_allclose(common["mean"], frames.mean(0), rtol=1e-6)
    np.testing.assert_allclose(common["std"], frames.std(0), rtol=1e-6)
    single = systems.common(make_context(normaliser_statistics="single"), spec)
    np.testing.assert_allclose(single["mean"], frames.mean(), rtol=1e-6)
    np.testing.assert_allclose(single["std"], frames.std(), rtol=1e-6)


def test_batches_have_pieces_with_their_utterances_class_and_weight(make_context, monkeypatch):
    """Each class has the same share of the loss, which counts pieces."""
    monkeypatch.setattr(systems, "SUBUTTERANCE_SECONDS", 0.2)
    context = make_context(batch_size=7)
    (spec,) = systems.features(LEDGER)
    batches = systems.PieceBatches(context, spec, systems.recipe(context.ledger, 1e-4, "balanced"))
    pieces = batches._pieces(context.fold.train, "train")
    assert max(map(pieces.num_frames, pieces.ids)) <= 20 and len(pieces.ids) > 2 * len(context.fold.train)
    targets = context.targets(context.fold.train)
    seen, shares = [], np.zeros(4)
    for batch in batches.supervised("train"):
        seen += list(zip(batch["lengths"].numpy().tolist(), batch["target"].numpy().tolist(), strict=True))
        np.add.at(shares, batch["target"].numpy(), batch["weight"].numpy())
    expected = [(pieces.num_frames(one), targets[owner]) for one, owner in zip(pieces.ids, pieces.owners, strict=True)]
    assert sorted(seen) == sorted(expected)
    np.testing.assert_allclose(shares / shares.sum(), 0.25, atol=0.005)


def test_random_and_finetuned_rows_differ_in_their_weights_only(make_context, alexnet_file, small_dense):
    (spec,) = systems.features(LEDGER)
    random = systems.build_attention_fcn(make_context(), spec, finetuning=False)
    tuned = systems.build_attention_fcn(make_context(inputs={"alexnet_weights": alexnet_file}), spec, finetuning=True)
    assert systems._rate(LEDGER, True) == systems._rate(LEDGER, False)
    one, other = (model.get_config() for model in (random, tuned))
    for config in (one, other):
        for layer in config["layers"]:
            layer["config"].pop("dtype", None)
    assert json.dumps(one["layers"], default=str, sort_keys=True) == json.dumps(
        other["layers"], default=str, sort_keys=True
    )


def test_at_the_scale_of_pixels_the_normalisation_over_channels_does_something(make_context):
    """At unit scale Caffe's constants divide by 1.00005."""
    divisors = {}
    for scale in ("pixels", "unit"):
        keras.utils.set_random_seed(0)
        context = make_context(input_scale=scale)
        (spec,) = systems.features(context.ledger)
        model = systems.build_attention_fcn(context, spec, finetuning=False)
        layer = model.get_layer("conv1_normalisation")
        probe = keras.Model(model.input, {"before": layer.input, "after": layer.output})
        view = context.view(spec, context.fold.train[:4], "train")
        found = []
        for one in context.fold.train[:4]:
            outputs = probe({"features": np.array(view[one])[np.newaxis], "lengths": np.array([view.num_frames(one)])})
            before, after = (np.asarray(outputs[name]) for name in ("before", "after"))
            found.append((before[before > 0] / after[before > 0]).ravel())
        divisors[scale] = np.median(np.concatenate(found))
    assert divisors["pixels"] > 1.05 and divisors["unit"] < 1.001


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_begins_at_the_loss_of_a_guess(make_context, seed):
    context = make_context()
    (spec,) = systems.features(LEDGER)
    keras.utils.set_random_seed(seed)
    model = systems.build_attention_fcn(context, spec, finetuning=False)
    ids = context.fold.train[:5]
    posteriors = posteriors_of(model, context.view(spec, ids, "train"), ids)
    assert -np.log(posteriors[np.arange(5), context.targets(ids)]).mean() < 1.5 * np.log(4)


def test_cnn_lstm_has_windows_of_20_ms_and_the_fcn_of_40():
    rows = paper.PAPER.systems
    windows = {key: rows[key].features(LEDGER)[0].params.window_seconds for key in rows if rows[key].features}
    assert windows["satt_model1"] == windows["satt_model2"] == windows["fcn_20ms_random"] == 0.02
    assert windows["fcn_attention"] == windows["alexnet_random"] == 0.04


def test_short_inputs_are_filled_and_images_flipped_as_the_ledger_says(make_context):
    context = make_context(filling="silence", flipped=True)
    (spec,) = systems.features(context.ledger)
    model = systems.build_attention_fcn(context, spec, finetuning=False)
    image = keras.Model(model.input, model.get_layer("image").output[0])
    frames = np.random.default_rng(0).normal(size=(1, 10, spec.dims)).astype(np.float32)
    found = np.asarray(image({"features": frames, "lengths": np.array([10])}))[0, :, :, 0]
    statistics = systems.common(context, spec)
    scaled = (frames[0] - statistics["mean"]) / statistics["std"] * LEDGER.pixel_deviation
    np.testing.assert_allclose(found[::-1, :10], scaled.T, rtol=1e-4, atol=1e-2)
    silence = (np.log(LEDGER.log_floor) - statistics["mean"]) / statistics["std"] * LEDGER.pixel_deviation
    np.testing.assert_allclose(
        found[::-1, 10:], np.tile(silence[:, np.newaxis], found.shape[1] - 10), rtol=1e-4, atol=1e-2
    )


@pytest.mark.parametrize(
    ("fit", "flag"),
    [
        (lambda context: systems.fit_attention_fcn(context, True), "--alexnet-weights"),
        (lambda context: systems.fit_classifier(context, "alexnet", True), "--alexnet-weights"),
        (lambda context: systems.fit_classifier(context, "vgg16", True), "--vgg16-weights"),
    ],
)
def test_a_row_without_weights_says_how_to_get_them(make_context, fit, flag):
    context = make_context()
    with pytest.raises(RowUnavailableError, match=flag):
        fit(context)
    assert not context.reads.utterances  # before any work


def test_there_are_no_weights_for_torchvisions_alexnet(make_context):
    with pytest.raises(RowUnavailableError, match="alexnet=torchvision"):
        systems.fit_attention_fcn(make_context(alexnet="torchvision"), True)


@pytest.mark.parametrize("pool5", [True, False])
@pytest.mark.parametrize("pooling", ["valid", "ceil"])
def test_networks_follow_the_ledger(make_context, monkeypatch, pool5, pooling):
    """Down to the width of the layers and the cells of the attention."""
    built = []
    monkeypatch.setattr(
        loop, "train", lambda context, model, batches, recipe: (built.append(model), FoldOutcome(np.zeros((0, 4))))[1]
    )
    monkeypatch.setattr(systems.attended, "measure_attention", lambda model, batches: {})
    settings = {"pool5": pool5, "pooling": pooling, "alexnet": "torchvision", "attention_units": 7}
    systems.fit_attention_fcn(make_context(**settings), False)
    (model,) = built
    assert model.get_layer("conv1").filters == 64 and model.get_layer("conv4").groups == 1
    assert model.get_layer("attention").units == 7
    bins = {(True, "valid"): 5, (True, "ceil"): 6, (False, "valid"): 11, (False, "ceil"): 12}
    assert model.output["attention"].shape == (None, None, bins[pool5, pooling])


@pytest.mark.usefixtures("small_dense")
@pytest.mark.parametrize(("network", "one_channel"), [("fcn", "sum"), ("alexnet", "sum"), ("fcn", "mean")])
def test_finetuning_starts_from_the_file(make_context, alexnet_file, monkeypatch, network, one_channel):
    started = {}

    def remember(context, model, batches, recipe):
        started.update({name: model.get_layer(name).get_weights() for name in _shapes() if name.startswith("conv")})
        started["scale"] = np.sqrt(model.get_layer("normaliser").variance.numpy())
        started["rate"] = recipe.learning_rate
        return loop.Trained(1, 1)

    monkeypatch.setattr(loop, "fit", remember)
    monkeypatch.setattr(systems.attended, "measure_attention", lambda model, batches: {})
    context = make_context(inputs={"alexnet_weights": alexnet_file}, one_channel=one_channel)
    if network == "fcn":
        systems.fit_attention_fcn(context, True)
    else:
        systems.fit_classifier(context, "alexnet", True)
    weights = pretrained.read_alexnet(alexnet_file)
    for convolution in alexnet.CONVOLUTIONS:
        kernel, bias = weights[convolution.name]
        adapted = kernel.sum(2, keepdims=True) if one_channel == "sum" else kernel.mean(2, keepdims=True)
        expected = adapted if convolution.name == "conv1" else kernel
        np.testing.assert_allclose(started[convolution.name][0], expected, rtol=1e-5, atol=1e-8)
        np.testing.assert_array_equal(started[convolution.name][1], bias)
    std = systems.common(make_context(), systems.features(LEDGER)[0])["std"]
    np.testing.assert_allclose(started["scale"].ravel(), std / LEDGER.pixel_deviation, rtol=1e-5)
    assert started["rate"] == LEDGER.learning_rate


def test_full_size_classifiers_take_dense_weights_too(make_context, monkeypatch):
    """FC6 fits only images of the network's own pixels."""
    taken = []
    monkeypatch.setattr(pretrained, "initialise", lambda model, weights, layers, _: taken.append(layers))
    monkeypatch.setattr(systems, "train_on_pieces", lambda context, model, spec, how: (None, None))
    monkeypatch.setattr(networks, "build_classifier", lambda *args, **settings: settings)
    monkeypatch.setattr(
        systems,
        "_weights",
        lambda context, network: {name: (np.zeros(shape), None) for name, shape in _shapes().items()},
    )
    for smoke, classifier_input in ((False, "resize"), (False, "native"), (True, "resize")):
        context = make_context(smoke=smoke, classifier_input=classifier_input)
        systems.fit_classifier(context, "alexnet", True)
    convolutions = [one.name for one in alexnet.CONVOLUTIONS]
    assert taken == [[*convolutions, "fc6", "fc7"], convolutions, convolutions]


@pytest.mark.parametrize(("network", "started"), [("alexnet", "he_uniform"), ("vgg16", "glorot_normal")])
def test_classifiers_start_as_the_ledger_says(make_context, monkeypatch, network, started):
    monkeypatch.setattr(networks, "build_classifier", lambda *args, **settings: settings["kernel_initializer"])
    monkeypatch.setattr(systems, "train_on_pieces", lambda context, model, spec, how: (None, model))
    context = make_context(initialisation="he_uniform", vgg16_initialisation="glorot_normal")
    assert systems.fit_classifier(context, network, False) == started


def test_model2_goes_on_from_model1_which_is_trained_once(make_context, monkeypatch):
    trained = []
    fit = loop.fit

    def count(context, model, batches, recipe):
        trained.append(recipe)
        return fit(context, model, batches, recipe)

    monkeypatch.setattr(loop, "fit", count)
    contexts = [make_context(max_epochs=1) for _ in range(3)]
    second = satt.fit_model2(contexts[0])
    first = satt.fit_model1(contexts[1])
    assert [recipe.class_weights for recipe in trained] == ["none", "balanced"]
    assert contexts[0].stage_seconds["satt_model1"] > 0 == contexts[1].stage_seconds["satt_model1"]
    assert contexts[1].reads.utterances["train"] == set(contexts[1].fold.train)
    assert first.epochs == 1 and not np.allclose(first.posteriors, second.posteriors)
    (spec,) = systems.features(LEDGER, LEDGER.satt_window_seconds)
    test = contexts[1].fold.test
    kept = posteriors_of(first.model, contexts[1].view(spec, test, "predict"), test)
    np.testing.assert_allclose(kept, first.posteriors, atol=1e-5)
    keras.utils.set_random_seed(99)
    again = satt.fit_model1(contexts[2])
    np.testing.assert_array_equal(again.posteriors, first.posteriors)


def _argv(emodb_root, output, *more):
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output)]
    return [*argv, "--folds", FOLD, "--workers", "1", *map(str, more)]


def _main(table):
    return importlib.import_module(f"experiments.zhang2018_{table}").main


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


def test_rows_that_do_not_read_the_weights_are_reused_when_they_are_given(
    emodb_root, tmp_path, alexnet_file, small_dense, capsys
):
    """Whoever gets the weights later trains only the finetuned rows."""
    rows = ("--rows", "fcn_attention", "baseline_majority")
    assert cli.status_of(_main("table2"), _argv(emodb_root, tmp_path, *rows)) == 0
    capsys.readouterr()
    assert cli.status_of(_main("table2"), _argv(emodb_root, tmp_path, *rows, "--alexnet-weights", alexnet_file)) == 0
    assert "1 of 2 fold results are reused" in capsys.readouterr().out


def _draw(argv):
    return fig4.main("figure", argv)


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
    named = ["03a01Fa", "03a01Wa", "03a01Na"]
    assert cli.status_of(_draw, ["--run", str(ran), "--utterances", *named]) == 0
    height, width = image.imread(ran / "fig4.png").shape[:2]
    assert width > 2 * height
    wav = next((emodb_root / "wav").glob("*.wav"))
    own = tmp_path / "own.png"
    assert cli.status_of(_draw, ["--run", str(ran), "--audio", str(wav), "--output", str(own)]) == 0
    assert own.is_file()
    assert cli.status_of(_draw, ["--run", str(ran), "--row", "satt_model1"]) == cli.BAD_INPUT
    assert "no results of row satt_model1" in capsys.readouterr().err


def test_figure_4_shows_weights_where_their_cells_look(ran):
    (result,) = models.fold_results(ran, "fcn_attention_random")
    model = models.load(paper.PAPER, ran, result)
    weights = np.arange(1.0, 16).reshape(3, 5)
    weights /= weights.sum()
    shown = fig4.attention_map(model, weights, 131)
    assert shown.shape == (131, 200)
    np.testing.assert_allclose(shown[[33, 65, 97]][:, [33, 65, 97, 129, 161]], weights * 15)
    np.testing.assert_allclose(fig4.attention_map(model, np.full((3, 5), 1 / 15), 131), 1)


@pytest.mark.parametrize("spectrum", ["log", "linear"])
def test_figure_4_shows_decibels(spectrum):
    settings = dataclasses.asdict(dataclasses.replace(LEDGER, spectrum=spectrum))
    (spec,) = systems.features(Ledger(**settings))
    model = types.SimpleNamespace(
        card={"settings": settings}, features=lambda waveform: spec(tf.constant(waveform)).numpy()
    )
    tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(16000)).astype(np.float32)
    quieter = fig4.decibels(model, tone) - fig4.decibels(model, tone / 10)
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
    (spec,) = systems.features(context.ledger)
    model = networks.build_attention_fcn(
        **systems.common(context, spec),
        table=SALIENCE_TABLE,
        attention_units=32,
        classifier_initializer="glorot_uniform",
    )
    recipe = systems.recipe(context.ledger, 4e-3, "none")
    loop.fit(context, model, Batches(context, spec, recipe), recipe)

    salience = synthetic.read_salience(generated)
    field = networks.receptive_field(alexnet.steps_of(SALIENCE_TABLE))
    others = context.fold.test + context.fold.validation
    view = context.view(spec, others, "predict")
    inside, outside = [], []
    for one in others:
        batch = {"features": np.array(view[one])[np.newaxis], "lengths": np.array([view.num_frames(one)])}
        weights = model(batch)["attention"].numpy()[0]
        params = spec.params
        seconds = field.centres(len(weights)) * params.hop_seconds + params.window_seconds / 2
        salient = np.any(
            [(seconds >= start) & (seconds < end) for start, end in salience[one]] or [seconds < 0], axis=0
        )
        if salient.any() and not salient.all():
            inside.append(weights[salient].mean() * weights.size)  # average pooling would give 1
            outside.append(weights[~salient].mean() * weights.size)
    assert len(inside) > 20
    assert np.mean(inside) > 1.3 > 1.0 > np.mean(outside)
