"""What the rows read, which code they reach, and that each switch changes what it says."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ser_tf import code_digest
from ser_tf.errors import SettingError
from ser_tf.papers.lee2020 import aligned, bag_of_words, glove, paper, segment_mfcc, systems
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.words import words_of
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.protocol.record import UserInput
from tests.contexts import fold_context

pytestmark = pytest.mark.slow  # it trains

LEE = "ser_tf.papers.lee2020"
CANS = ("can", "can_equal", "no_stop_gradient", "no_align_loss", "no_stop_gradient_no_align_loss", "no_cross_attention")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


def context_of(emodb, root, vectors=None, words=None, **assumptions):
    """The first fold of the tiny corpus; `words` replaces the words of some utterances."""
    ledger = dataclasses.replace(Ledger(), **assumptions)
    task = paper.task(ledger)
    utterances = {utterance.id: utterance for utterance in task.select(emodb)}
    fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
    for place, text in (words or {}).items():
        part, number = place
        key = getattr(fold, part)[number]
        tokens = [dataclasses.replace(token, text=text) for token in utterances[key].words]
        utterances[key] = dataclasses.replace(utterances[key], words=tuple(tokens))
    inputs = {} if vectors is None else {"glove": UserInput(vectors, "digest")}
    return fold_context(root, fold, task, ledger, utterances, smoke=True, inputs=inputs)


@pytest.fixture
def built(monkeypatch):
    """Builds what a row would train, and trains nothing."""

    def build(fit, context, **variant):
        seen = []

        def train(context, model, batches, recipe):
            seen.append((model, batches, recipe))
            return FoldOutcome(np.zeros((len(context.fold.test), len(context.task.classes))))

        monkeypatch.setattr(systems.loop, "train", train)
        monkeypatch.setattr(systems.head_entropy, "measure_entropies", lambda model, batches, num_words: {})
        fit(context, **variant)
        return seen[0]

    return build


@pytest.mark.parametrize(
    ("row", "module"),
    [
        ("xu2019", f"{LEE}.xu2019"),
        ("yoon2019", f"{LEE}.yoon2019"),
        *((key, f"{LEE}.cross_attention") for key in CANS),
    ],
)
def test_a_row_reaches_its_own_network_and_no_other(row, module):
    others = {f"{LEE}.xu2019", f"{LEE}.yoon2019", f"{LEE}.cross_attention"}
    fit = paper.PAPER.systems[row].fit
    fit = getattr(fit, "func", fit)
    modules = {module for module, name in code_digest.reached(fit.__module__, fit.__qualname__)}
    assert modules & others == {module}


def test_rows_reach_what_they_are_built_of():
    def definitions(row):
        fit = paper.PAPER.systems[row].fit
        fit = getattr(fit, "func", fit)
        return set(code_digest.reached(fit.__module__, fit.__qualname__))

    assert (f"{LEE}.segment_mfcc", "SegmentMfcc") in definitions("can")
    assert (f"{LEE}.packed_segments", "PackedBLSTM") in definitions("can")
    assert (f"{LEE}.glove", "vectors_of") in definitions("text") and (f"{LEE}.glove", "parts_of") in definitions(
        "xu2019"
    )
    assert not {f"{LEE}.segment_mfcc", f"{LEE}.glove"} & {module for module, _ in definitions("audio")}
    assert (f"{LEE}.networks", "build_audio_network") not in definitions("text")
    digests = [code_digest.digest_of(paper.PAPER.systems[key].fit) for key in CANS]
    assert len(set(digests)) == len(CANS)


def test_no_row_reads_what_it_does_not_use(emodb, root, built):
    text = context_of(emodb, root)
    _, batches, _ = built(systems.fit_text, text)
    next(iter(batches.supervised("train")))
    assert not [key for key in text.reads.assumptions if key.startswith(("mfcc", "segment", "head", "overlap"))]
    assert text.reads.features == {} and text.reads.inputs == {"glove": ""}
    audio = context_of(emodb, root)
    _, batches, _ = built(systems.fit_audio, audio)
    next(iter(batches.supervised("train")))
    assert "mfcc_mel_scale" in audio.reads.assumptions and audio.reads.inputs == {}
    assert not [
        key for key in audio.reads.assumptions if key.startswith(("vocabulary", "embedding", "contr", "segment"))
    ]
    vectors = glove.WordVectors(("der",), np.ones((1, 3), np.float32), ("der", "lap"))
    given = context_of(emodb, root, vectors)
    built(systems.fit_text, given)
    assert "embedding_dims" not in given.reads.assumptions and "contractions" in given.reads.assumptions


def test_features_follow_the_ledger():
    (default,) = systems.frame_features(Ledger())
    assert default.dims == 40 and default.params.window_seconds == 0.025 and default.params.hop_seconds == 0.010
    assert default.params.window_shape == "hamming"
    changes = (
        {"mfcc_first_coefficient": 1, "mfcc_mel_bands": 41}, {"mfcc_mel_bands": 64}, {"mfcc_mel_scale": "slaney"},
        {"mfcc_unit_area": True}, {"mfcc_low_hz": 50.0}, {"mfcc_high_hz": 7000.0}, {"mfcc_fft_samples": 1024},
        {"mfcc_pre_emphasis": 0.97}, {"mfcc_lifter": 22}, {"mfcc_log_floor": 1e-8},
    )  # fmt: skip
    for change in changes:
        ledger = dataclasses.replace(Ledger(), **change)
        (changed,) = systems.frame_features(ledger)
        assert changed.fingerprint() != default.fingerprint(), change
        assert systems.segment_features(ledger) == (segment_mfcc.WAVEFORM,)
        assert systems.segment_features(dataclasses.replace(ledger, mfcc_of="utterance")) == (changed,)
    with pytest.raises(SettingError, match="need 41 bands"):
        systems.frame_features(Ledger(mfcc_first_coefficient=1))


@pytest.mark.parametrize(("margin", "first"), [("half", 57), ("full", 54)])
def test_segments_follow_the_ledger(margin, first):
    (spec,) = systems.frame_features(Ledger())
    words = [aligned.Word("a", 0.0, 0.6), aligned.Word("b", 0.6, 1.2)]
    ledger = Ledger(overlap_margin=margin)
    segments = systems.segments_of(words, 118, spec, ledger, "aligned")
    assert segments[1, 0] == first
    equal = systems.segments_of(words[:1] * 3, 118, spec, ledger, "equal")
    assert len(equal) == 3 and np.ptp(equal[:, 1]) <= 5


def test_the_stated_training_is_on_the_recipe(emodb, root, built):
    _, _, recipe = built(systems.fit_cross_attention, context_of(emodb, root))
    assert (recipe.optimiser, recipe.learning_rate, recipe.batch_size, recipe.patience) == (
        "adam",
        1e-3,
        64,
        10,
    )  # §4.2
    assert recipe.clip_norm == 1.0 and not recipe.clip_each and recipe.monitor == "loss"
    assert {name: weight for name, (_, weight) in recipe.losses.items()} == {  # eq. 13-14, alpha of §4.2
        "joint_probabilities": 1.0, "text_probabilities": 0.1, "audio_probabilities": 0.1,
    }  # fmt: skip
    changed = context_of(emodb, root, monitor="ua", clipping="each", class_weights="balanced", max_epochs=7)
    _, _, recipe = built(systems.fit_cross_attention, changed, align_loss=False)
    assert recipe.monitor == "ua" and recipe.clip_each and recipe.class_weights == "balanced"
    assert recipe.max_epochs == 7 and list(recipe.losses) == ["probabilities"]


@pytest.mark.parametrize(("width", "units"), [("per_direction", 128), ("both", 64)])
def test_the_width_of_lstms_is_of_each_direction_or_of_both(emodb, root, built, width, units):
    model, _, _ = built(systems.fit_cross_attention, context_of(emodb, root, lstm_width=width))
    assert model.get_layer("segment_blstm").units == units
    assert model.get_layer("text_blstm").forward_layer.units == units
    assert model.get_layer("text_blstm").output.shape[-1] == 2 * units
    model, _, _ = built(systems.fit_xu2019, context_of(emodb, root, lstm_width=width, baseline_lstm_units=32))
    assert {model.get_layer(f"{name}_blstm").forward_layer.units for name in ("text", "audio", "fusion")} == {
        units // 4
    }


def test_switches_of_the_audio_encoder(emodb, root, built):
    model, _, _ = built(systems.fit_cross_attention, context_of(emodb, root))
    assert not model.get_layer("segment_frames").zero_padded and model.get_layer("cross_attention").project
    assert model.get_layer("segment_mfcc").params == systems.mfcc_params(Ledger())
    changed = context_of(
        emodb, root, segment_average="padded", segment_dropout="none", mfcc_of="utterance", head_projection=False
    )
    model, _, _ = built(systems.fit_cross_attention, changed)
    names = {layer.name for layer in model.layers}
    assert model.get_layer("segment_frames").zero_padded and not model.get_layer("cross_attention").project
    assert not {"segment_mfcc", "segment_blstm_dropout"} & names


@pytest.mark.parametrize("segmentation", ["aligned", "equal"])
def test_segments_are_normalised_by_their_own_frames(emodb, root, built, segmentation):
    """By hand: cut each training utterance's waveform, convert each segment, take mean and deviation."""
    context = context_of(emodb, root)
    model, _, _ = built(systems.fit_cross_attention, context, segmentation=segmentation)
    waveforms = context.view(segment_mfcc.WAVEFORM, context.fold.train, "normaliser")
    (spec,) = systems.frame_features(Ledger())
    frames = []
    for key in context.fold.train:
        words = words_of(context.utterances[key])
        spans = systems.segments_of(words, waveforms.num_frames(key), segment_mfcc.WAVEFORM, Ledger(), segmentation)
        waveform = tf.constant(waveforms[key][:, 0])
        frames += [spec(waveform[first : first + number]).numpy() for first, number in spans]
    together = np.concatenate(frames)
    layer = model.get_layer("normaliser")
    np.testing.assert_allclose(np.ravel(layer.mean), together.mean(0), atol=1e-3)
    np.testing.assert_allclose(np.sqrt(np.ravel(layer.variance)), together.std(0), rtol=1e-3)
    assert context.reads.utterances["normaliser"] == set(context.fold.train)


VECTORS = glove.WordVectors(
    ("der", "do", "heard", "n't", "seldom"),
    np.arange(15, dtype=np.float32).reshape(5, 3),
    ("der", "don't", "heard", "lap", "seldom"),
)


def vocabulary_of(emodb, root, **assumptions):
    """Known words and their vectors where one utterance of each set says something that no other says."""
    said = {("train", 0): "seldom", ("test", 0): "heard", ("validation", 0): "don't", ("test", 1): "never"}
    embedded = systems._text(context_of(emodb, root, VECTORS, said, **assumptions))
    return embedded.known.words, embedded.matrix


def test_words_unseen_in_training_keep_their_vector(emodb, root):
    words, matrix = vocabulary_of(emodb, root)
    assert words == ("der", "lap", "seldom", "don't", "heard")
    assert matrix[1].tolist() == [0, 1, 2] and matrix[5].tolist() == [6, 7, 8]
    assert matrix[4].tolist() == [6, 7, 8]  # the mean of do and n't
    words, _ = vocabulary_of(emodb, root, vocabulary="training")
    assert words == ("der", "lap", "seldom")


def test_words_of_other_sets_leave_the_training_vectors_alone(emodb, root):
    _, more = vocabulary_of(emodb, root)
    _, trained = vocabulary_of(emodb, root, vocabulary="training")
    np.testing.assert_array_equal(more[:4], trained)


def test_switches_of_the_vocabulary(emodb, root):
    words, _ = vocabulary_of(emodb, root, contractions="whole")
    assert words == ("der", "lap", "seldom", "heard")
    words, _ = vocabulary_of(emodb, root, vocabulary_min_count=3, vocabulary="training")
    assert words == ("der", "lap")
    words, _ = vocabulary_of(emodb, root, vocabulary_min_count=3)
    assert words == ("der", "lap", "don't", "heard", "seldom")  # rare, but with a vector
    _, matrix = vocabulary_of(emodb, root, missing_vectors="zero")
    assert not matrix[2].any()
    _, matrix = vocabulary_of(emodb, root)
    assert matrix[2].any()


def test_without_a_file_the_embedding_is_random(emodb, root):
    context = context_of(emodb, root, words={("test", 0): "heard"}, embedding_dims=7)
    embedded = systems._text(context)
    assert embedded.known.words == ("der", "lap") and embedded.matrix.shape == (3, 7)
    assert context.reads.utterances == {"vocabulary": set(context.fold.train)}


def test_an_unseen_word_with_a_vector_is_read_by_the_network(emodb, root, built):
    """What reaches the network of a test utterance is the word's number, not that of the unknown word."""
    for setting, expected in (("training+vectors", {5}), ("training", {0})):
        context = context_of(emodb, root, VECTORS, {("test", 0): "heard", ("train", 0): "seldom", ("test", 1): "don't"},
                             vocabulary=setting)  # fmt: skip
        _, batches, _ = built(systems.fit_text, context)
        (batch,) = batches.read(context.fold.test[:1], "predict")
        assert set(batch["words"].numpy().ravel().tolist()) == expected


@pytest.mark.parametrize("fillers", ["special", "words"])
def test_laughter_reaches_the_network_where_it_is_a_word(emodb, root, built, fillers):
    context = context_of(emodb, root, words={("train", 0): "++LAUGHTER++"}, fillers=fillers)
    model, _, _ = built(systems.fit_text, context)
    known = model.get_layer("word_embedding").vocabulary
    assert ("++laughter++" in known) == (fillers == "words") and ("<no word>" in known) == (fillers == "special")


@pytest.mark.parametrize(
    "change",
    [
        {"mfcc_of": "utterance", "lstm_width": "both"},
        {"segment_average": "padded", "mfcc_normaliser": "none", "monitor": "ua"},
    ],
)
def test_every_reading_trains(emodb, root, change):
    context = context_of(emodb, root, embedding_dims=4, **change)
    outcome = systems.fit_cross_attention(context)
    assert outcome.posteriors.shape == (len(context.fold.test), 7)
    np.testing.assert_allclose(outcome.posteriors.sum(1), 1, atol=1e-5)
    assert outcome.epochs == outcome.best_epoch == 1
    measured = {name: values for name, values in outcome.measured.items() if name != "even_bits"}
    assert {one.value for one in paper.TABLE2.measured} == measured.keys()
    for bits in measured.values():
        assert bits.shape == (len(context.fold.test),)
        assert (bits >= 0).all() and (bits <= outcome.measured["even_bits"] + 1e-5).all()


def test_the_bag_of_words_knows_words_and_nothing_else(emodb, root):
    """It is right where each class has a word of its own, and gives all utterances of the same words the same."""
    alike = context_of(emodb, root)
    assert len({tuple(row) for row in bag_of_words.fit(alike).posteriors.round(12).tolist()}) == 1
    words = {
        (part, place): alike.task.label_of(alike.utterances[key])
        for part in ("train", "validation", "test")
        for place, key in enumerate(getattr(alike.fold, part))
    }
    told = context_of(emodb, root, words=words)
    outcome = bag_of_words.fit(told)
    np.testing.assert_array_equal(outcome.posteriors.argmax(1), told.targets(told.fold.test))
    known = set(told.fold.train + told.fold.validation)
    assert told.reads.utterances == {"vocabulary": known, "train": known, "predict": set(told.fold.test)}
    assert told.reads.assumptions.keys() == {"fillers"} and told.reads.features == {}
