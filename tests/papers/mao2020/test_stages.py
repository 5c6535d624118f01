"""The two stages of mao2020 on a fold: what is trained once, what a further row costs and reads, and the figures."""

import dataclasses
import importlib
import json

import numpy as np
import pytest
from matplotlib import image

from ser_tf import cli, corpora
from ser_tf.data import audio
from ser_tf.papers.mao2020 import fig2, fig4, networks, paper, segcnn, systems
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.mao2020.second_cv import SecondStageInputs
from ser_tf.protocol import models
from ser_tf.protocol.context import FoldContext
from ser_tf.training import loop
from tests.contexts import fold_context

pytestmark = pytest.mark.slow  # it trains

LEDGER = Ledger()


def _context(corpus, root, **assumptions) -> FoldContext:
    ledger = dataclasses.replace(LEDGER, cnn_body="compact", **assumptions)
    task = paper.task(ledger).on(corpus.name)
    utterances = {utterance.id: utterance for utterance in task.select(corpus)}
    fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
    return fold_context(root, fold, task, ledger, utterances, smoke=True)


@pytest.fixture(scope="module")
def make_trained(emodb, tmp_path_factory):
    """Makes contexts of one fold whose SegCNN is trained once."""
    root = tmp_path_factory.mktemp("mao2020")
    return lambda **assumptions: _context(emodb, root, **{"second_cv": "outer", **assumptions})


def _bag_batches(context):
    recipe = systems.recipe(context.ledger)
    return systems.BagBatches(context, SecondStageInputs(context), recipe), recipe


def test_a_small_corpus_is_repeated_within_an_epoch(make_trained):
    """§4.1 counts decay and patience in epochs; these have at least 30 steps, however small the corpus."""
    for min_steps, steps in ((30, 30), (1, 1)):
        context = make_trained(bag_min_steps=min_steps)
        network = networks.build_bag_network(len(context.task.classes), "mean")
        _, data = loop.prepared(network, *_bag_batches(context))
        assert int(data.cardinality()) == steps


def test_segcnn_is_trained_once_and_then_found_by_every_row(make_trained):
    first, second = make_trained(), make_trained()
    made, found = (context.once("segcnn", segcnn.make) for context in (first, second))
    assert made == found and second.stage_seconds == {"segcnn": 0.0}
    uses = first.reads.utterances
    assert uses == second.reads.utterances and uses["train"] == set(first.fold.train)
    assert uses["selection"] == set(first.fold.validation)
    assert uses["normaliser"] == set(first.fold.train) and uses["predict"] == set(first.fold.test)
    for purpose in ("train", "selection", "normaliser"):
        assert not uses[purpose] & set(first.fold.test)
    changed = make_trained(bag_dropout=0.1, bag_padding="zeros", second_cv="inner", inner_folds=3)
    assert changed.once("segcnn", segcnn.make) == made
    assert {path.name for path in made.iterdir()} == {"segcnn.keras", "embeddings", "record.json"}


def test_segcnn_reads_no_assumption_of_the_second_stage(make_trained):
    context = make_trained()
    context.once("segcnn", segcnn.make)
    assert not [key for key in context.reads.assumptions if key.startswith(("bag_", "inner_", "second_"))]


@pytest.mark.parametrize("padding", ["masked", "zeros", "speech"])
def test_bags_are_embeddings_of_segcnn(make_trained, padding):
    context = make_trained(bag_padding=padding)
    inputs = SecondStageInputs(context)
    (spec,) = segcnn.features(context.ledger)
    model = inputs.outer_segcnn()
    for part, purpose in (("train", "train"), ("validation", "selection"), ("test", "predict")):
        name = getattr(context.fold, part)[0]
        frames = context.view(spec, (name,), purpose)[name]
        starts = range(0, max(len(frames) - 32, 0) + 1, 6)
        if padding == "speech":
            frames = np.vstack([frames, np.full((98 - len(frames), 64), np.log(1e-10))])
            starts = range(0, 67, 6)
        cut = np.stack([frames[start : start + 32] for start in starts])
        expected = model(cut, training=False)["embedding"].numpy()
        view = inputs.view((name,), purpose)
        assert view.num_frames(name) == len(starts)
        np.testing.assert_allclose(view[name], expected, atol=1e-4)


@pytest.mark.parametrize("padding", ["masked", "zeros", "speech"])
def test_forests_read_pooled_embeddings(make_trained, padding):
    context = make_trained(bag_padding=padding)
    inputs = SecondStageInputs(context)
    ids = context.fold.train[:3]
    view = inputs.view(ids, "train")
    for pooling, pool in (("max", np.max), ("mean", np.mean)):
        pooled = systems._pooled(inputs, ids, "train", pooling, padding == "zeros")
        for row, name in zip(pooled, ids, strict=True):
            bag = np.asarray(view[name])
            bag = bag if padding == "masked" else np.vstack([bag, np.zeros((12 - len(bag), 64))])
            np.testing.assert_allclose(row, pool(bag, axis=0), atol=1e-5)


@pytest.mark.parametrize("counts", ["units", "utterances"])
def test_balanced_weights_count_segments(make_trained, counts):
    """Counted by utterances, classes of longer speech would have more than their share of SegCNN's loss."""
    context = make_trained(class_weights="balanced", class_counts=counts, segment_min_frames=1)
    (spec,) = segcnn.features(context.ledger)
    recipe = segcnn.recipe(context.ledger)
    totals, sums = np.zeros(4), []
    for batch in segcnn.SegmentBatches(context, spec, recipe, segcnn.segment_params(context)).supervised("train"):
        totals += np.bincount(batch["target"], batch["weight"], 4)
        sums.append(float(np.sum(batch["weight"])))
    shares = totals / totals.sum()
    assert np.abs(shares - 0.25).max() < 0.005 if counts == "units" else np.abs(shares - 0.25).max() > 0.005
    np.testing.assert_allclose(np.mean(sums), 1, rtol=1e-3)


def test_the_second_stage_weighs_the_utterances_that_train_it(make_trained):
    context = make_trained(class_weights="balanced", bag_validation="split")
    batches, _ = _bag_batches(context)
    totals = np.zeros(4)
    for batch in batches.supervised("train"):
        totals += np.bincount(batch["target"], batch["weight"], 4)
    np.testing.assert_allclose(totals / totals.sum(), 0.25, atol=0.005)


def test_segments_of_an_utterance_decide_together(make_trained):
    context = make_trained(segment_min_frames=1)
    (spec,) = segcnn.features(context.ledger)
    params = segcnn.segment_params(context)
    batches = segcnn.SegmentBatches(context, spec, segcnn.recipe(context.ledger), params)
    ids = context.fold.validation
    counts = [len(range(0, context.view(spec, ids, "selection").num_frames(name), 6)) for name in ids]
    counts = [min(count, params.max_segments) for count in counts]
    posteriors = np.random.default_rng(0).random((sum(counts), 4)).astype(np.float32)
    expected = [part.mean(axis=0) for part in np.split(posteriors, np.cumsum(counts)[:-1])]
    np.testing.assert_allclose(batches.combine(ids, posteriors), expected, atol=1e-6)


def test_the_epoch_can_be_chosen_by_ua(make_trained):
    outcome = systems.fit_bag_network(make_trained(monitor="ua", bag_validation="split"), "mean")
    assert (outcome.epochs, outcome.best_epoch) == (1, 1)


def test_what_chooses_the_second_stages_epoch_is_never_tested(make_trained):
    for validation in ("fold", "split"):
        context = make_trained(bag_validation=validation)
        batches, _ = _bag_batches(context)
        train, chosen = batches.ids("train"), batches.ids("validation")
        test = set(context.fold.test)
        assert not test & {*train, *chosen} and not set(train) & set(chosen)
        assert {*train, *chosen} == {*context.fold.train, *context.fold.validation}
        assert (set(chosen) == set(context.fold.validation)) == (validation == "fold")


def test_binary_loss_and_weights_train(make_trained):
    outcome = systems.fit_bag_network(make_trained(bag_loss="binary", bag_padding="zeros"), "single")
    assert outcome.epochs == 1
    np.testing.assert_allclose(outcome.posteriors.sum(-1), 1, atol=1e-5)


def _run(emodb_root, output, *rows, **flags):
    main = importlib.import_module("experiments.mao2020_table1").main
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output)]
    argv += ["--folds", "pair-03-08", "--workers", "1", "--set", "cnn_body=compact", "inner_folds=2", "--rows", *rows]
    assert cli.status_of(main, [*argv, *(f"--{flag.replace('_', '-')}" for flag in flags)]) == 0
    return {
        row: json.loads((output / "mao2020" / "emodb" / "folds" / row / "pair-03-08-seed0.json").read_text())
        for row in rows
    }


@pytest.fixture(scope="module")
def ran(emodb_root, tmp_path_factory):
    """Output folder and results of a run that keeps models."""
    output = tmp_path_factory.mktemp("runs")
    return output, _run(emodb_root, output, "feature", keep_models=True)


def test_one_more_row_costs_only_its_own_second_stage(ran, emodb_root, capsys):
    output, before = ran
    trained = before["feature"]["stage_seconds"]["segcnn"]
    assert 0 < trained < before["feature"]["seconds"]
    stages = sorted(path for path in (output / "mao2020" / "emodb" / "stages").rglob("*") if path.suffix != ".lock")
    written = {path: path.stat().st_mtime_ns for path in stages}
    after = _run(emodb_root, output, "feature", "ap")
    assert "segcnn reused" in capsys.readouterr().out
    assert after["ap"]["stage_seconds"] == {"segcnn": 0.0}
    assert {path: path.stat().st_mtime_ns for path in stages} == written
    for purpose in ("train", "selection", "normaliser"):
        assert after["ap"]["uses"][purpose] == before["feature"]["uses"][purpose]


def test_results_do_not_depend_on_which_row_trained_segcnn(ran, emodb_root, tmp_path):
    _, before = ran
    after_another = _run(emodb_root, tmp_path, "avg_rf", "feature")
    assert after_another["feature"]["stage_seconds"] == {"segcnn": 0.0}
    assert after_another["feature"]["utterances"] == before["feature"]["utterances"]


def test_the_kept_model_gives_the_results_of_both_stages(ran, emodb_root):
    output, results = ran
    run = output / "mao2020_table1" / "emodb"
    (result,) = models.fold_results(run, "feature")
    model = models.load(paper.PAPER, run, result)
    corpus = corpora.load("emodb", emodb_root)
    for place in (0, len(result.ids) - 1):
        utterance = next(one for one in corpus.utterances if one.id == result.ids[place])
        outputs = model.outputs(audio.read(utterance.path))
        np.testing.assert_allclose(outputs["probabilities"], result.posterior_array[place], atol=1e-4)
        assert outputs["attention"].shape == outputs["segment_probabilities"].shape[:1]
        np.testing.assert_allclose(outputs["attention"].sum(), 1, atol=1e-5)


def _draw(figure, argv):
    return cli.status_of(lambda flags: figure.main("figure", flags), argv)


def test_figure_2_of_a_run_and_of_ones_own_recording(ran, emodb_root, tmp_path, capsys):
    output, results = ran
    run = output / "mao2020_table1" / "emodb"
    one = results["feature"]["utterances"][0]["id"]
    assert _draw(fig2, ["--run", str(run), "--utterances", one]) == 0
    assert min(image.imread(run / "fig2.png").shape[:2]) > 300
    wav = next((emodb_root / "wav").glob("*.wav"))
    own = tmp_path / "own.png"
    assert _draw(fig2, ["--run", str(run), "--audio", str(wav), "--output", str(own)]) == 0
    assert own.is_file()
    assert _draw(fig2, ["--run", str(run), "--row", "mp"]) == cli.BAD_INPUT
    assert "no results of row mp" in capsys.readouterr().err


def test_figure_4_shows_tables_side_by_side(ran, capsys):
    run = ran[0] / "mao2020_table1" / "emodb"
    assert _draw(fig4, ["--run", str(run), str(run)]) == 0
    height, width = image.imread(run / "fig4.png").shape[:2]
    assert width == 2 * height
    for argv, problem in (([str(run), "--row", "nobody"], "nobody"), ([str(run.parent)], "no summary.json")):
        assert _draw(fig4, ["--run", *argv]) == cli.BAD_INPUT
        assert problem in capsys.readouterr().err
