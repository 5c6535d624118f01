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
from ser_tf.papers.ando2019 import networks as models
from ser_tf.papers.ando2019 import paper
from ser_tf.papers.ando2019 import systems as training
from ser_tf.protocol.command import main_of
from ser_tf.protocol.context import FoldContext
from tests.checks import check_ledger
from tests.protocol.utterances import utterances

LEDGER = paper.Ledger()
TASK = paper.task(LEDGER)  # angry, happy, sad, neutral


def test_fourteen_cells():
    assert len(paper.TABLE3) == 14 and len({row.key for row in paper.TABLE3}) == 14
    assert {row.key.rpartition("_")[2] for row in paper.TABLE3} == {"dominant", "all"}
    published = {row.key: (row.published["wa"], row.published["ua"]) for row in paper.TABLE3}
    assert published["mlee_dominant"] == (0.663, 0.609) and published["fusion_soft_all"] == (0.661, 0.654)
    keys = {row.key for row in paper.TABLE3}
    assert {key for claim in paper.TABLE3_CLAIMS for key in (claim.better, claim.worse)} <= keys
    check_ledger(LEDGER)


def test_leave_one_speaker_out():
    everything = [
        dataclasses.replace(one, style="improvised", label=one.label if place % 3 else None)
        for place, one in enumerate(utterances())
    ]
    by_id = {one.id: one for one in everything}
    for ledger, partner in ((LEDGER, True), (paper.Ledger(development="next_session"), False)):
        made = paper.make_folds(everything, ledger, 0)
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
    fold = paper.make_folds(chosen, LEDGER, 0)[0]
    return FoldContext(fold, 0, LEDGER, TASK, by_id, root / "features", root / "stages", smoke=True)


def _recorder(rates):
    """Records the learning rate of everything that is trained."""
    return lambda model, batches: rates.append(float(model.optimizer.learning_rate))


@pytest.fixture(scope="module")
def fused(context):
    """The fusion row's outcome, with what its context recorded, and the two networks whose encoders it froze."""
    rates = []
    own = dataclasses.replace(context, uses={}, stage_seconds={}, before_training=_recorder(rates))
    outcome = training.fit_on_frozen(own, "soft", "all", fusion=True)
    np.testing.assert_allclose(rates, [5e-4, 2e-4, 5e-5])  # dominant encoder, MLEE encoder, fusion: §4.1
    kinds = {models.DOMINANT_ENCODER: "soft", models.MLEE_ENCODER: "mlee"}
    again = dataclasses.replace(context, uses={}, stage_seconds={})
    return own, outcome, {name: training.pretrained(again, kind, "all") for name, kind in kinds.items()}, again


def test_fusion_keeps_its_encoders_as_they_were_trained(fused):
    """Bit for bit, moving statistics among them, and frozen in the network that is served."""
    _, outcome, trained, _ = fused
    for name, before in trained.items():
        encoder = outcome.model.get_layer(name)
        assert not encoder.trainable and not encoder.trainable_weights
        for old, weight in zip(before.encoder.weights, encoder.weights, strict=True):
            np.testing.assert_array_equal(old.numpy(), weight.numpy(), err_msg=weight.path)
    moving = [one for one in trained[models.MLEE_ENCODER].encoder.weights if "moving" in one.path]
    assert len(moving) == 6


def test_encoders_are_trained_once_for_all_rows(fused):
    first, _, _, again = fused
    assert all(first.stage_seconds[name] > 0 for name in ("soft_all", "mlee_all"))
    assert again.stage_seconds == {"soft_all": 0.0, "mlee_all": 0.0}
    assert again.uses["train"] == first.uses["train"]  # what a reused stage has read is on record as well


def test_whoever_trained_the_encoders_the_row_is_the_same(fused):
    """To the bit: the classifier begins with the same weights whether its encoders were there or not."""
    _, outcome, _, again = fused
    np.testing.assert_array_equal(training.fit_on_frozen(again, "soft", "all", True).posteriors, outcome.posteriors)


def test_pre_training_trains_a_classifier_alone(fused):
    """On the encoder that MLEE has; nothing of it changes."""
    *_, trained, again = fused
    rates = []
    own = dataclasses.replace(again, uses={}, stage_seconds={}, before_training=_recorder(rates))
    outcome = training.fit_on_frozen(own, "hard", "all", fusion=False)
    np.testing.assert_allclose(rates, [1e-4])  # §4.1
    before = trained[models.MLEE_ENCODER].encoder
    for old, weight in zip(before.weights, outcome.model.get_layer(models.MLEE_ENCODER).weights, strict=True):
        np.testing.assert_array_equal(old.numpy(), weight.numpy(), err_msg=weight.path)
    assert own.stage_seconds == {"mlee_all": 0.0}


def test_mlee_alone_decides_by_the_likeliest_existence(fused, context):
    """Eq. 7: the sigmoids themselves, which need not sum to one."""
    *_, trained, again = fused
    posteriors = training.fit_from_scratch(again, "mlee", "all").posteriors
    vectors = training.embed(
        trained[models.MLEE_ENCODER].encoder,
        context.view(training.features(LEDGER)[0], context.fold.test, "predict"),
        context.fold.test,
    )
    classifier = trained[models.MLEE_ENCODER].network.get_layer("classifier")
    hidden, scores = (layer.get_weights() for layer in classifier.layers[1:])
    logits = np.maximum(vectors @ hidden[0] + hidden[1], 0) @ scores[0] + scores[1]
    np.testing.assert_allclose(posteriors, 1 / (1 + np.exp(-logits)), atol=1e-5)
    assert again.stage_seconds["mlee_all"] == 0.0


def test_vectors_are_those_of_the_frozen_encoder(fused, context):
    _, _, trained, _ = fused
    (spec,) = training.features(LEDGER)
    some = context.fold.validation[:5]
    for each in trained.values():
        view = context.view(spec, some, "selection")
        np.testing.assert_allclose(training.embed(each.encoder, view, some), each.vectors_of(some), atol=1e-5)


def test_copies_are_of_training_utterances_alone(fused):
    own, outcome, _, _ = fused
    copies = {one for one in own.uses["train"] if "@" in one}
    assert copies == {f"{one}@{speed}" for one in own.fold.train for speed in ("0.9", "1.1")}
    assert {one for one in own.uses["normaliser"] if "@" in one} == copies
    assert not [one for purpose in ("selection", "predict") for one in own.uses[purpose] if "@" in one]
    assert own.used()["train"]["copies"] == {"all": len(copies), "test": 0, "validation": 0}
    assert outcome.posteriors.shape == (len(own.fold.test), 4)
    np.testing.assert_allclose(outcome.posteriors.sum(1), 1, atol=1e-5)


def test_a_saved_network_gives_the_same_posteriors(fused, context, tmp_path):
    _, outcome, _, _ = fused
    outcome.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    (spec,) = training.features(LEDGER)
    view = context.view(spec, context.fold.test, "predict")
    one = context.fold.test[0]
    outputs = loaded({"features": np.array(view[one])[np.newaxis], "lengths": np.array([view.num_frames(one)])})
    np.testing.assert_allclose(outputs["probabilities"][0], outcome.posteriors[0], atol=1e-5)
    assert float(np.sum(outputs["attention"])) == pytest.approx(1, abs=1e-5)


def test_another_assumption_is_another_stage(context):
    parts = training._parts(context, "hard", "all")
    other = dataclasses.replace(context, ledger=paper.Ledger(attention_units=64))
    assert training._stage_hash(context, "hard", "", parts) != training._stage_hash(other, "hard", "", parts)


@pytest.fixture(scope="module")
def ran(emodb_root, tmp_path_factory):
    """The folder of a run on a corpus without votes, and what it printed."""
    output = tmp_path_factory.mktemp("runs")
    table3 = main_of(importlib.import_module("experiments.ando2019_table3").EXPERIMENT)
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
    fig3 = importlib.import_module("figures.ando2019_fig3")
    argv = ["--run", str(folder), "--row", "dominant_hard_dominant", "--utterances", "03a01Fa"]
    assert cli.status_of(fig3.main, argv) == 0
    assert min(image.imread(folder / "fig3.png").shape[:2]) > 200
    assert cli.status_of(fig3.main, ["--run", str(folder)]) == cli.BAD_INPUT  # the MLEE row was left out


def test_figure_3_leaves_out_a_row_that_failed_in_the_fold(monkeypatch):
    fig3 = importlib.import_module("figures.ando2019_fig3")
    of_rows = {"dominant_hard_all": ["03", "08"], "dominant_soft_all": ["08"], "mlee_all": ["03"]}

    def results(run, row):
        return [SimpleNamespace(row=row, fold=fold, seed=0) for fold in of_rows[row]]

    monkeypatch.setattr(fig3.kept, "fold_results", results)
    monkeypatch.setattr(fig3.kept, "load", lambda run, result, systems, ledger: (result.row, result.fold))
    shown = SimpleNamespace(model=SimpleNamespace(result=results("run", "mlee_all")[0]))
    found = fig3._models_of(SimpleNamespace(run="run"), shown)
    assert found == {"hard": ("dominant_hard_all", "03"), "MLEE": ("mlee_all", "03")}


def test_votes_are_part_of_what_results_depend_on(emodb):
    one = paper.prepare(emodb, LEDGER, {})
    voted = dataclasses.replace(emodb, utterances=tuple(_with_votes(emodb.utterances)))
    assert paper.prepare(voted, LEDGER, {}).digests != one.digests and one.notes == ()
    (note,) = paper.prepare(dataclasses.replace(emodb, name="crema_d"), LEDGER, {}).notes
    assert "acted" in note


def test_figure_3_has_one_curve_a_model():
    fig3 = importlib.import_module("figures.ando2019_fig3")

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
