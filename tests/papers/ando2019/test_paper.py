"""The set-up of ando2019: which utterances train what, targets and weights, encoders shared by the rows and frozen."""

import contextlib
import dataclasses
import importlib
import io
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from matplotlib import image

from ser_tf import cli
from ser_tf.papers.ando2019 import fig3, networks, paper, splits, systems
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.papers.ando2019.splits import ALL, DOMINANT
from ser_tf.protocol import folds, runner
from ser_tf.training import loop, recipe
from tests.checks import check_ledger
from tests.contexts import fold_context
from tests.protocol.utterances import utterances

pytestmark = pytest.mark.slow  # it trains

LEDGER = Ledger()
TASK = splits.task(LEDGER)  # angry, happy, sad, neutral


def test_fourteen_cells():
    rows = [row for row in paper.TABLE3.rows if row.origin == "paper"]
    assert len(rows) == 14 and len({row.key for row in rows}) == 14
    assert {row.key.rpartition("_")[2] for row in rows} == {DOMINANT, ALL}
    published = {row.key: (row.published["wa"], row.published["ua"]) for row in rows}
    assert published["mlee_dominant"] == (0.663, 0.609) and published["fusion_soft_all"] == (0.661, 0.654)
    keys = {row.key for row in rows}
    assert {key for claim in paper.TABLE3.claims for key in (claim.better, claim.worse)} <= keys
    check_ledger(LEDGER)


def test_claims_are_the_comparisons_of_section_4_2_each_once():
    pairs = [(claim.better, claim.worse) for claim in paper.TABLE3.claims]
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) == 26
    assert ("dominant_soft_all", "dominant_hard_all") in pairs
    assert ("pretrain_hard_all", "dominant_hard_all") in pairs
    assert ("fusion_soft_dominant", "pretrain_soft_dominant") in pairs
    assert ("mlee_all", "mlee_dominant") in pairs
    assert ("dominant_hard_all", "dominant_hard_dominant") not in pairs  # one and the same model
    others = {row.key for row in paper.TABLE3.rows if row.origin == "paper"} - {"fusion_soft_all", "dominant_hard_all"}
    assert {worse for better, worse in pairs if better == "fusion_soft_all"} == others


@pytest.mark.parametrize("claim", paper.TABLE3.claims, ids=lambda claim: f"{claim.better}-{claim.worse}")
def test_table_3_bears_out_what_the_paper_is_said_to_claim(claim):
    published = {row.key: row.published for row in paper.TABLE3.rows}
    assert published[claim.better][claim.metric] > published[claim.worse][claim.metric]


def test_mlee_is_called_comparable_and_not_compared_with_soft_targets():
    notes = {row.key: row.note for row in paper.TABLE3.rows}
    for data in (DOMINANT, ALL):
        assert "comparable to soft targets" in notes[f"mlee_{data}"]
        pair = {f"mlee_{data}", f"dominant_soft_{data}"}
        assert pair not in [{claim.better, claim.worse} for claim in paper.TABLE3.claims]


def test_overlaps_are_measured_on_rows_that_fuse():
    measured = {(one.row, one.value, one.compared_with) for one in paper.TABLE3.measured}
    assert measured == {
        *(
            (f"fusion_hard_{data}", f"overlap_{labels}_mlee", "overlap_hard_soft")
            for data in ("dominant", "all")
            for labels in ("hard", "soft")
        ),
        *((f"fusion_soft_{data}", "overlap_soft_mlee", None) for data in ("dominant", "all")),
    }


def test_leave_one_speaker_out():
    everything = [
        dataclasses.replace(one, style="improvised", label=one.label if place % 3 else None)
        for place, one in enumerate(utterances())
    ]
    by_id = {one.id: one for one in everything}
    for ledger, partner in ((LEDGER, True), (Ledger(development="next_session"), False)):
        labelled = {one.id for one in everything if TASK.target_of(one) is not None}
        made = folds.testing(splits.make_folds(everything, ledger, 0), labelled)
        assert len(made) == 10
        for fold in made:
            speakers = {part: {by_id[one].speaker for one in getattr(fold, part)} for part in ("train", "validation")}
            assert len(speakers["train"]) == 8 and len(speakers["validation"]) == 1
            assert (min(speakers["validation"])[:5] == fold.name[:5]) == partner
            assert fold.name not in speakers["train"] | speakers["validation"]
            assert all(by_id[one].label and by_id[one].speaker == fold.name for one in fold.test)
            assert any(by_id[one].label is None for one in fold.train)


def _with_votes(corpus):
    """Three votes for each utterance: twice its label, and another one."""
    another = {"angry": "sad", "happy": "neutral", "sad": "excited", "neutral": "happy"}
    return [dataclasses.replace(one, votes=((one.label,), (one.label,), (another[one.label],))) for one in corpus]


@pytest.fixture(scope="module")
def context(emodb, tmp_path_factory):
    """A fold of the tiny corpus, two utterances of each speaker without a dominant target emotion."""
    root = tmp_path_factory.mktemp("ando2019")
    chosen = _with_votes(emodb.utterances)
    for place in range(0, len(chosen), 5):
        chosen[place] = dataclasses.replace(chosen[place], label=None)
    by_id = {one.id: one for one in chosen}
    labelled = {one.id for one in chosen if TASK.target_of(one) is not None}
    fold = folds.testing(splits.make_folds(chosen, LEDGER, 0), labelled)[0]
    return fold_context(root, fold, TASK, LEDGER, by_id, smoke=True)


def _again(context, **changes):
    """The same fold with nothing recorded yet."""
    settings = {"ledger": context.given_ledger, "smoke": True, **changes}
    return fold_context(context.places.features.parent, context.fold, TASK, utterances=context.utterances, **settings)


@pytest.fixture(scope="module")
def rates():
    """The learning rates of everything that is trained, as it comes."""
    found = []
    make = recipe.Recipe.make_optimiser
    patch = pytest.MonkeyPatch()
    patch.setattr(
        recipe.Recipe, "make_optimiser", lambda self, steps: (found.append(self.learning_rate), make(self, steps))[1]
    )
    yield found
    patch.undo()


@pytest.fixture(scope="module")
def fused(context, rates):
    """The fusion row's outcome, with what its context recorded, and the two networks whose encoders it froze."""
    own = _again(context)
    outcome = systems.fit_on_frozen(own, "soft", "all", fusion=True)
    assert rates == [5e-4, 2e-4, 5e-5]  # dominant encoder, MLEE encoder, fusion: §4.1
    kinds = {networks.DOMINANT_ENCODER: "soft", networks.MLEE_ENCODER: "mlee"}
    again = _again(context)
    return own, outcome, {name: systems.pretrained(again, kind, "all") for name, kind in kinds.items()}, again


def test_fusion_keeps_its_encoders_as_they_were_trained(fused):
    """Bit for bit, moving statistics among them, and frozen in the network that is served."""
    _, outcome, trained, _ = fused
    for name, before in trained.items():
        encoder = outcome.model.get_layer(name)
        assert not encoder.trainable and not encoder.trainable_weights
        for old, weight in zip(before.encoder.weights, encoder.weights, strict=True):
            np.testing.assert_array_equal(old.numpy(), weight.numpy(), err_msg=weight.path)
    moving = [one for one in trained[networks.MLEE_ENCODER].encoder.weights if "moving" in one.path]
    assert len(moving) == 6


def test_encoders_are_trained_once_for_all_rows(fused):
    first, _, _, again = fused
    assert all(first.stage_seconds[name] > 0 for name in ("soft_all", "mlee_all"))
    assert again.stage_seconds == {"soft_all": 0.0, "mlee_all": 0.0}
    assert again.reads.utterances["train"] == first.reads.utterances["train"]


def test_whoever_trained_the_encoders_the_row_is_the_same(fused):
    """To the bit: the classifier begins with the same weights whether its encoders were there or not."""
    _, outcome, _, again = fused
    np.testing.assert_array_equal(systems.fit_on_frozen(again, "soft", "all", True).posteriors, outcome.posteriors)


def test_overlap_of_the_fused_encoders_attention_is_measured(fused):
    """On every test utterance, from what the encoders were when they were frozen."""
    _, _, trained, again = fused
    measured = systems.fit_fusion(again, "soft", "all").measured
    assert list(measured) == ["overlap_soft_mlee"]
    (spec,) = systems.features(again.ledger)
    test = again.fold.test[0]
    features = np.array(again.view(spec, [test], "predict")[test])
    inputs = {"features": features[np.newaxis], "lengths": np.array([len(features)])}
    first, second = (each.encoder(inputs)["attention"].numpy()[0] for each in trained.values())
    assert measured["overlap_soft_mlee"][0] == pytest.approx(np.minimum(first, second).sum(), abs=1e-5)
    assert len(measured["overlap_soft_mlee"]) == len(again.fold.test)


def test_pre_training_trains_only_a_classifier(fused, rates):
    """On the encoder that MLEE has; nothing of it changes."""
    *_, trained, again = fused
    rates.clear()
    own = _again(again)
    outcome = systems.fit_on_frozen(own, "hard", "all", fusion=False)
    assert rates == [1e-4]  # §4.1
    before = trained[networks.MLEE_ENCODER].encoder
    for old, weight in zip(before.weights, outcome.model.get_layer(networks.MLEE_ENCODER).weights, strict=True):
        np.testing.assert_array_equal(old.numpy(), weight.numpy(), err_msg=weight.path)
    assert own.stage_seconds == {"mlee_all": 0.0}


def _embed(encoder, context, ids, purpose):
    """An encoder's vectors of utterances in inference mode."""
    batches = systems.ExampleBatches(context, "dominant", "hard", "all")
    return loop.outputs(encoder, batches, ids, purpose, "embedding")


def test_mlee_alone_decides_by_the_likeliest_existence(fused, context):
    """Eq. 7: the sigmoids themselves, which need not sum to one."""
    *_, trained, again = fused
    posteriors = systems.fit_from_scratch(again, "mlee", "all").posteriors
    vectors = _embed(trained[networks.MLEE_ENCODER].encoder, _again(context), context.fold.test, "predict")
    classifier = trained[networks.MLEE_ENCODER].network.get_layer("classifier")
    hidden, scores = (layer.get_weights() for layer in classifier.layers[1:])
    logits = np.maximum(vectors @ hidden[0] + hidden[1], 0) @ scores[0] + scores[1]
    np.testing.assert_allclose(posteriors, 1 / (1 + np.exp(-logits)), atol=1e-5)
    assert again.stage_seconds["mlee_all"] == 0.0


def test_vectors_are_those_of_the_frozen_encoder(fused, context):
    _, _, trained, _ = fused
    some = context.fold.validation[:5]
    for each in trained.values():
        kept = np.stack([each.vectors[one] for one in some])
        np.testing.assert_allclose(_embed(each.encoder, _again(context), some, "selection"), kept, atol=1e-5)


def test_copies_are_of_training_utterances_only(fused):
    own, outcome, _, _ = fused
    copies = {one for one in own.reads.utterances["train"] if "@" in one}
    assert copies == {f"{one}@{speed}" for one in own.fold.train for speed in ("0.9", "1.1")}
    assert {one for one in own.reads.utterances["normaliser"] if "@" in one} == copies
    assert not [one for purpose in ("selection", "predict") for one in own.reads.utterances[purpose] if "@" in one]
    assert own.used()["train"]["copies"] == {"all": len(copies), "test": 0, "validation": 0}
    assert outcome.posteriors.shape == (len(own.fold.test), 4)
    np.testing.assert_allclose(outcome.posteriors.sum(1), 1, atol=1e-5)


def test_a_saved_network_gives_the_same_posteriors(fused, context, tmp_path):
    _, outcome, _, _ = fused
    outcome.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    (spec,) = systems.features(LEDGER)
    view = context.view(spec, context.fold.test, "predict")
    one = context.fold.test[0]
    outputs = loaded({"features": np.array(view[one])[np.newaxis], "lengths": np.array([view.num_frames(one)])})
    np.testing.assert_allclose(outputs["probabilities"][0], outcome.posteriors[0], atol=1e-5)
    assert float(np.sum(outputs["attention"])) == pytest.approx(1, abs=1e-5)


def test_a_stage_is_made_again_when_it_read_what_has_changed(fused, context):
    """Of the encoders, not of the classifiers on top of them."""
    for ledger, made in ((Ledger(max_classifier_epochs=7), False), (Ledger(attention_units=64), True)):
        own = _again(context, ledger=ledger)
        systems.pretrained(own, "soft", "all")
        assert (own.stage_seconds["soft_all"] > 0) == made


@pytest.mark.parametrize("start", ["scratch", "mlee"])
def test_where_the_classifier_starts(fused, context, monkeypatch, start):
    *_, trained, _ = fused
    begun = []

    def fit(context, model, *_):
        begun.extend(model.get_weights())
        raise StopIteration

    monkeypatch.setattr(systems.loop, "fit", fit)
    own = _again(context, ledger=Ledger(classifier_start=start))
    with pytest.raises(StopIteration):
        systems.fit_on_frozen(own, "hard", "all", fusion=False)
    of_mlee = trained[networks.MLEE_ENCODER].network.get_layer("classifier").get_weights()
    same = [np.array_equal(one, other) for one, other in zip(begun, of_mlee, strict=True)]
    assert all(same) if start == "mlee" else not any(same)
    assert own.reads.assumptions["classifier_start"] == start


@pytest.mark.parametrize("copies", [True, False])
def test_copies_count_in_the_normaliser_or_not(context, copies):
    own = _again(context, ledger=Ledger(normaliser_copies=copies))
    systems._encoder(own, systems.ExampleBatches(own, "dominant", "hard", "all"), "hard")
    assert any("@" in one for one in own.reads.utterances["normaliser"]) == copies


def test_recipes_are_those_of_section_4_1():
    found = {system: systems.recipe(Ledger(max_epochs=3, patience=2), system, None) for system in systems.RATES}
    assert {system: each.learning_rate for system, each in found.items()} == {
        "dominant": 5e-4, "mlee": 2e-4, "pretrain": 1e-4, "fusion": 5e-5,
    }  # fmt: skip
    assert {(each.optimiser, each.batch_size, each.monitor, each.patience) for each in found.values()} == {
        ("adam", 16, "loss", 2)
    }
    assert [each.max_epochs for each in found.values()] == [3, 3, 200, 200]


def test_a_batchs_loss_is_divided_alike_whatever_it_holds(context):
    """The mean over the training set for soft targets and existences: no division by a batch's own weights."""
    for labels in ("soft", "mlee"):
        batches = systems.ExampleBatches(_again(context), "mlee" if labels == "mlee" else "dominant", labels, "all")
        examples = batches.sets["train"]
        weights = dict(zip(examples.ids, batches.columns(examples.ids)["weight"], strict=True))
        assert np.mean(list(weights.values())) == pytest.approx(1, rel=1e-5)
        number = -(-len(examples.ids) // 16)
        for batch in batches.supervised("train").take(3):
            expected = [
                weights[examples.ids[place]] * number / len(examples.ids) for place in batch["position"].numpy()
            ]
            np.testing.assert_allclose(batch["weight"], expected, rtol=1e-4)


@pytest.fixture(scope="module")
def ran(emodb_root, tmp_path_factory):
    """The folder of a run on a corpus without votes, and what it printed."""
    output = tmp_path_factory.mktemp("runs")
    table3 = importlib.import_module("experiments.ando2019_table3").main
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output), "--workers", "1"]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        status = cli.status_of(
            table3, [*argv, "--rows", "dominant_hard_dominant", "mlee_all", "--keep-models", "--folds", "03"]
        )
    assert status == 0
    return output / "ando2019_table3" / "emodb", shown.getvalue()


def test_without_votes_a_row_is_left_out_in_one_line(ran):
    folder, shown = ran
    rows = {row["key"]: row for row in json.loads((folder / "summary.json").read_text())["rows"]}
    assert rows["dominant_hard_dominant"]["status"] == "run"
    assert rows["mlee_all"]["verdict"] == "needs votes" and rows["mlee_all"]["note"].startswith("needs votes")
    assert shown.count("left out: mlee_all") == 1


def test_no_copy_of_a_test_or_development_utterance_is_in_the_leak_report(ran):
    folder, _ = ran
    checks = [one for one in json.loads((folder / "leaks.json").read_text())["checks"] if "copies" in one["check"]]
    assert {(one["part"], one["against"].split()[0]) for one in checks} == {
        (part, purpose) for part in ("test", "validation") for purpose in ("train", "normaliser")
    }
    assert all(one["shared"] == 0 and one["of"] > 0 for one in checks)


def test_figure_3_shows_the_models_that_the_run_has(ran):
    folder, _ = ran
    argv = ["--run", str(folder), "--row", "dominant_hard_dominant", "--utterances", "03a01Fa"]
    assert cli.status_of(_draw, argv) == 0
    assert min(image.imread(folder / "fig3.png").shape[:2]) > 200
    assert cli.status_of(_draw, ["--run", str(folder)]) == cli.BAD_INPUT  # the MLEE row was left out


def test_figure_3_leaves_out_a_row_that_failed_in_the_fold(monkeypatch):
    of_rows = {"dominant_hard_all": ["03", "08"], "dominant_soft_all": ["08"], "mlee_all": ["03"]}

    def results(run, row):
        return [SimpleNamespace(row=row, fold=fold, seed=0) for fold in of_rows[row]]

    monkeypatch.setattr(fig3.models, "fold_results", results)
    monkeypatch.setattr(fig3.models, "load", lambda of_paper, run, result: (result.row, result.fold))
    shown = SimpleNamespace(model=SimpleNamespace(result=results("run", "mlee_all")[0]))
    found = fig3._models_of(SimpleNamespace(run="run"), shown)
    assert found == {"hard": ("dominant_hard_all", "03"), "MLEE": ("mlee_all", "03")}


def _draw(argv):
    return fig3.main("figure", argv)


def test_votes_are_part_of_what_results_depend_on(emodb):
    contents = {one.path: "" for one in emodb.utterances}
    plain, voted = (
        runner.digest_of_recordings({one.id: one for one in corpus}, contents)
        for corpus in (emodb.utterances, _with_votes(emodb.utterances))
    )
    assert plain != voted
    assert paper.prepare(emodb, paper.task(LEDGER), LEDGER, {}).notes == ()
    (note,) = paper.prepare(dataclasses.replace(emodb, name="crema_d"), paper.task(LEDGER), LEDGER, {}).notes
    assert "acted" in note


def test_figure_3_has_one_curve_a_model():

    def model(place):
        attention = np.zeros(40, np.float32)
        attention[place] = 1
        outputs = {"attention": attention, "probabilities": np.full(4, 0.25)}
        return SimpleNamespace(
            outputs=lambda waveform: outputs,
            frame_seconds=lambda frames: 0.02 + 0.01 * np.arange(frames),
            classes=TASK.classes,
            card={"smoke": False},
        )

    models_of = {"hard": model(3), "soft": model(20), "MLEE": model(30)}
    example = SimpleNamespace(title="one", waveform=np.zeros(6400, np.float32), model=models_of["MLEE"])
    top, *below = fig3.draw([(example, models_of)]).axes
    assert top.get_title() == "one" and [axes.get_title().split(":")[0] for axes in below] == list(models_of)
    peaks = [axes.lines[0].get_xdata()[axes.lines[0].get_ydata().argmax()] for axes in below]
    np.testing.assert_allclose(peaks, [0.05, 0.22, 0.32])
