"""The set-up of mao2020: classes and folds, the shared first stage, what the second stage costs and reads."""

import dataclasses
import importlib
import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from ser_tf import cli, corpora
from ser_tf.corpora import casia, synthetic
from ser_tf.corpora.base import ACTED, Corpus, Utterance
from ser_tf.papers import mao2020 as paper
from ser_tf.papers import mao2020_segcnn, mao2020_training
from ser_tf.protocol import kept
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.command import main_of
from ser_tf.protocol.context import FoldContext

LEDGER = paper.Ledger()
KEYS = ("max_rf", "avg_rf", "mp", "ap", "d_single", "d_multi", "feature")


@pytest.fixture(scope="module")
def full_casia():
    """All 7,200 utterances, without audio."""
    utterances = tuple(
        Utterance(
            f"{speaker}-{emotion}-{number}", "a.wav", "casia", speaker, casia.SESSIONS[speaker.lower()], gender, ACTED,
            emotion, sentence=str(number),
        )
        for speaker, gender in casia.SPEAKERS.items()
        for emotion in paper.SIX
        for number in range(201, 501)
    )  # fmt: skip
    return Corpus("casia", "root", utterances, "", "", casia.EXPECTED)


def test_six_classes_on_casia_and_four_elsewhere(full_casia, emodb):
    task = paper.task(LEDGER).on("casia")
    assert set(task.classes) == set(paper.SIX) and task.check(full_casia) is None
    assert len(task.select(full_casia)) == 7200
    elsewhere = paper.task(LEDGER).on("emodb")
    assert set(elsewhere.classes) == {"angry", "happy", "sad", "neutral"}
    assert elsewhere.merges == {"excited": "happy"} and elsewhere.expected["iemocap"] == 5531
    assert len(paper.task(dataclasses.replace(LEDGER, classes="six")).on("emodb").classes) == 6
    four = paper.task(dataclasses.replace(LEDGER, classes="four")).on("casia")
    assert len(four.classes) == 4 and four.check(full_casia) is None


def test_casias_ten_folds_spread_emotions_within_speakers(full_casia):
    folds = paper.make_folds(full_casia.utterances, LEDGER, 0)
    assert len(folds) == 10
    for fold in folds:
        kinds = Counter(one.rsplit("-", 1)[0] for one in fold.test)
        assert len(kinds) == 24 and set(kinds.values()) == {30}
        assert len(fold.train) == 5760 and len(fold.validation) == 720
    assert len({one for fold in folds for one in fold.test}) == 7200


def test_casias_other_splits_keep_speakers_or_sentences_apart(full_casia):
    for split, place, number in (("speaker", 0, 4), ("text", 2, 10)):
        folds = paper.make_folds(full_casia.utterances, dataclasses.replace(LEDGER, casia_split=split), 0)
        assert len(folds) == number
        for fold in folds:
            train, validation, test = (
                {one.split("-")[place] for one in part} for part in (fold.train, fold.validation, fold.test)
            )
            assert not test & train and not test & validation and not train & validation


def test_a_small_casia_has_ten_folds_as_well(full_casia):
    few = [one for one in full_casia.utterances if int(one.sentence) < 203]
    assert len(paper.make_folds(few, LEDGER, 0)) == 10


def test_emodbs_folds_are_pairs_of_speakers(emodb):
    utterances = paper.task(LEDGER).on("emodb").select(emodb)
    folds = paper.make_folds(utterances, LEDGER, 0)
    assert [fold.name for fold in folds] == ["pair-03-08", "pair-10-09", "pair-11-13", "pair-12-14", "pair-15-16"]
    speakers = {one.id: one.speaker for one in utterances}
    assert all(len({speakers[one] for one in fold.test}) == 2 for fold in folds)
    assert all(len({speakers[one] for one in fold.validation}) == 1 for fold in folds)


def test_published_values_and_cited_rows():
    for rows, best in ((paper.TABLE1, 0.9532), (paper.TABLE2, 0.6674)):
        ours = [row for row in rows if row.fit_predict is not None]
        assert tuple(row.key for row in ours) == KEYS and ours[-1].published == {"ua": best}
        cited = [row for row in rows if row.fit_predict is None]
        assert len(cited) == 3 and all(row.published for row in cited)
    notes = {row.key: row.note for row in paper.TABLE2}
    other = importlib.import_module("experiments.zhang2018_table2").EXPERIMENT
    for key, row in (("cnn_lstm", "satt_model1"), ("fcn_att", "fcn_attention")):
        assert f"row {row} of experiments.zhang2018_table2" in notes[key]
        assert row in {one.key for one in other.rows}


def test_claims_are_the_papers_order():
    assert [(claim.better, claim.worse) for claim in paper.CLAIMS] == list(zip(KEYS[:0:-1], KEYS[-2::-1], strict=True))


def _context(corpus, root, **assumptions) -> FoldContext:
    ledger = dataclasses.replace(LEDGER, cnn_body="compact", **assumptions)
    task = paper.task(ledger).on(corpus.name)
    utterances = {utterance.id: utterance for utterance in task.select(corpus)}
    fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
    return FoldContext(fold, 0, ledger, task, utterances, root / "features", root / "stages", smoke=True)


@pytest.mark.parametrize(
    ("corpus", "setting", "number"), [("casia", 0.0, 29), ("iemocap", 0.0, 71), ("emodb", 0.0, 71), ("casia", 4.55, 71)]
)
def test_lengths_are_the_papers(corpus, setting, number):
    context = SimpleNamespace(
        ledger=dataclasses.replace(LEDGER, utterance_seconds=setting),
        utterances={"a": SimpleNamespace(corpus=corpus)},
        smoke=False,
    )
    assert mao2020_segcnn.segment_params(context).most == number


def test_features_are_the_papers():
    (spec,) = mao2020_segcnn.features(LEDGER)
    params = spec.params
    assert (spec.dims, params.window_seconds, params.hop_seconds, params.fft_samples) == (64, 0.025, 0.010, 512)
    for change in ({"window": "hamming"}, {"mel_scale": "htk"}, {"log_floor": 1e-6}):
        (changed,) = mao2020_segcnn.features(dataclasses.replace(LEDGER, **change))
        assert changed.fingerprint() != spec.fingerprint()


@pytest.mark.parametrize(("staircase", "after_one"), [(True, 1e-3), (False, 1e-3 * 0.8**0.5)])
def test_the_learning_rate_decays_by_a_fifth_every_two_epochs(staircase, after_one):
    train = SimpleNamespace(cardinality=lambda: 30)
    optimiser = mao2020_segcnn.optimiser(dataclasses.replace(LEDGER, decay_staircase=staircase), train)
    rates = []
    for epoch in (0, 1, 2, 4):
        optimiser.iterations.assign(30 * epoch)
        rates.append(float(optimiser.learning_rate))
    np.testing.assert_allclose(rates, [1e-3, after_one, 0.8e-3, 0.64e-3], rtol=1e-5)


def test_every_assumption_has_a_reason_and_the_first_stage_ignores_those_of_the_second():
    def stage_of(ledger):
        context = SimpleNamespace(
            ledger=ledger, utterances={}, smoke=False, task=SimpleNamespace(classes=("a",), merges={})
        )
        return mao2020_segcnn._settings_hash(context)

    for entry in ledgers.entries(LEDGER):
        assert len(entry.why) > 10
        other = next((choice for choice in entry.choices if choice != entry.default), None)
        if other is None:
            other = not entry.default if isinstance(entry.default, bool) else entry.default / 2
            other = int(other) if isinstance(entry.default, int) else other
        if other == entry.default:
            other = 1.0
        changed = dataclasses.replace(LEDGER, **{entry.key: other})
        assert (stage_of(changed) == stage_of(LEDGER)) == entry.key.startswith("bag_"), entry.key


def test_a_small_corpus_is_repeated_within_an_epoch(make_trained):
    """§4.1 counts decay and patience in epochs; these have 30 steps at least, however small the corpus."""
    seen = []
    context = make_trained(bag_least_steps=30)
    context = dataclasses.replace(context, before_training=lambda model, train: seen.append(int(train.cardinality())))
    mao2020_training.fit_bag_network(context, "mean")
    assert seen[-1] >= 30


@pytest.fixture(scope="module")
def make_trained(emodb, tmp_path_factory):
    """Makes contexts of one fold whose SegCNN is trained once."""
    root = tmp_path_factory.mktemp("mao2020")
    return lambda **assumptions: _context(emodb, root, **assumptions)


def test_segcnn_is_trained_once_and_then_found_by_every_row(make_trained):
    first, second = make_trained(), make_trained()
    made, found = mao2020_segcnn.stage(first), mao2020_segcnn.stage(second)
    assert made == found and second.stage_seconds == {"segcnn": 0.0}
    assert first.uses == second.uses and first.uses["train"] == set(first.fold.train)
    assert first.uses["selection"] == set(first.fold.validation)
    assert first.uses["normaliser"] == set(first.fold.train) and first.uses["predict"] == set(first.fold.test)
    for purpose in ("train", "selection", "normaliser"):
        assert not first.uses[purpose] & set(first.fold.test)
    changed = make_trained(bag_dropout=0.1, bag_padding="zeros")
    assert mao2020_segcnn.stage(changed) == made
    assert {path.name for path in made.folder.iterdir()} == {"segcnn.keras", "embeddings", "stage.json"}


def test_embeddings_are_those_of_segcnn(make_trained):
    context = make_trained()
    segcnn = mao2020_segcnn.stage(context)
    (spec,) = mao2020_segcnn.features(context.ledger)
    model = segcnn.model()
    for part, purpose in (("train", "train"), ("validation", "selection"), ("test", "predict")):
        one = getattr(context.fold, part)[0]
        frames = context.view(spec, (one,), purpose)[one]
        starts = range(0, max(len(frames) - 32, 0) + 1, 6)
        cut = np.stack([frames[start : start + 32] for start in starts])
        expected = model(cut, training=False)["embedding"].numpy()
        np.testing.assert_allclose(segcnn.embeddings(context, (one,), purpose)[one], expected, atol=1e-4)


def test_forests_read_pooled_embeddings(make_trained):
    for padding, most in (("masked", None), ("zeros", 12)):
        context = make_trained(bag_padding=padding)
        segcnn = mao2020_segcnn.stage(context)
        ids = context.fold.train[:3]
        view = segcnn.embeddings(context, ids, "train")
        for pooling, pool in (("max", np.max), ("mean", np.mean)):
            pooled = mao2020_training._pooled(context, segcnn, ids, "train", pooling)
            for row, one in zip(pooled, ids, strict=True):
                bag = np.asarray(view[one])
                bag = bag if most is None else np.vstack([bag, np.zeros((segcnn.params.most - len(bag), 64))])
                np.testing.assert_allclose(row, pool(bag, axis=0), atol=1e-5)


def test_what_chooses_the_second_stages_epoch_is_never_tested(make_trained):
    for validation in ("fold", "split"):
        context = make_trained(bag_validation=validation)
        train, chosen = mao2020_training._parts(context)
        test = set(context.fold.test)
        assert not test & {*train, *chosen} and not set(train) & set(chosen)
        assert {*train, *chosen} == {*context.fold.train, *context.fold.validation}
        assert (set(chosen) == set(context.fold.validation)) == (validation == "fold")


def test_binary_loss_and_weights_train(make_trained):
    outcome = mao2020_training.fit_bag_network(make_trained(bag_loss="binary", bag_padding="zeros"), "single")
    assert outcome.epochs == 1
    np.testing.assert_allclose(outcome.posteriors.sum(-1), 1, atol=1e-5)


def _run(emodb_root, output, *rows, **flags):
    experiment = importlib.import_module("experiments.mao2020_table1").EXPERIMENT
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output)]
    argv += ["--folds", "pair-03-08", "--workers", "1", "--set", "cnn_body=compact", "--rows", *rows]
    assert cli.status_of(main_of(experiment), [*argv, *(f"--{flag.replace('_', '-')}" for flag in flags)]) == 0
    return {
        row: json.loads((output / "mao2020" / "emodb" / "folds" / row / "pair-03-08-seed0.json").read_text())
        for row in rows
    }


@pytest.fixture(scope="module")
def ran(emodb_root, tmp_path_factory):
    """Output folder and results of a run that keeps models."""
    output = tmp_path_factory.mktemp("runs")
    return output, _run(emodb_root, output, "feature", keep_models=True)


def test_one_more_row_costs_its_own_second_stage_alone(ran, emodb_root, capsys):
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
    _, alone = ran
    after_another = _run(emodb_root, tmp_path, "avg_rf", "feature")
    assert after_another["feature"]["stage_seconds"] == {"segcnn": 0.0}
    assert after_another["feature"]["utterances"] == alone["feature"]["utterances"]


def test_the_kept_model_gives_the_results_of_both_stages(ran, emodb_root):
    output, results = ran
    run = output / "mao2020_table1" / "emodb"
    (result,) = kept.fold_results(run, "feature")
    model = kept.load(run, result, paper.TABLE1, paper.Ledger)
    corpus = corpora.load("emodb", emodb_root)
    from ser_tf.data import audio

    for place in (0, len(result.ids) - 1):
        utterance = next(one for one in corpus.utterances if one.id == result.ids[place])
        outputs = model.outputs(audio.read(utterance.path))
        np.testing.assert_allclose(outputs["probabilities"], result.posterior_array[place], atol=1e-4)
        assert outputs["attention"].shape == outputs["segment_probabilities"].shape[:1]
        np.testing.assert_allclose(outputs["attention"].sum(), 1, atol=1e-5)


def test_figure_2_of_a_run_and_of_ones_own_recording(ran, emodb_root, tmp_path, capsys):
    from matplotlib import image

    figure = importlib.import_module("figures.mao2020_fig2")
    output, results = ran
    run = output / "mao2020_table1" / "emodb"
    one = results["feature"]["utterances"][0]["id"]
    assert cli.status_of(figure.main, ["--run", str(run), "--utterances", one]) == 0
    assert min(image.imread(run / "fig2.png").shape[:2]) > 300
    wav = next((emodb_root / "wav").glob("*.wav"))
    own = tmp_path / "own.png"
    assert cli.status_of(figure.main, ["--run", str(run), "--audio", str(wav), "--output", str(own)]) == 0
    assert own.is_file()
    assert cli.status_of(figure.main, ["--run", str(run), "--row", "mp"]) == cli.BAD_INPUT
    assert "no results of row mp" in capsys.readouterr().err


def test_figure_4_shows_tables_side_by_side(ran, capsys):
    from matplotlib import image

    figure = importlib.import_module("figures.mao2020_fig4")
    run = ran[0] / "mao2020_table1" / "emodb"
    assert cli.status_of(figure.main, ["--run", str(run), str(run)]) == 0
    height, width = image.imread(run / "fig4.png").shape[:2]
    assert width > 1.8 * height
    for argv, problem in (([str(run), "--row", "nobody"], "nobody"), ([str(run.parent)], "no summary.json")):
        assert cli.status_of(figure.main, ["--run", *argv]) == cli.BAD_INPUT
        assert problem in capsys.readouterr().err


def test_the_generated_casia_layout_has_six_classes_and_folds_by_pair(tmp_path):
    corpus = corpora.load("synthetic", synthetic.generate(tmp_path / "casia", layout="casia"))
    task = paper.task(dataclasses.replace(LEDGER, classes="six")).on(corpus.name)
    assert {utterance.label for utterance in corpus.utterances} == set(paper.SIX)
    assert len(task.select(corpus)) == len(corpus.utterances)
    assert len(paper.make_folds(task.select(corpus), LEDGER, 0)) == 2
