"""Kept models with raw audio in front: the training path's posteriors, attention in time, one error a bad recording."""

import os
import time

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ser_tf import corpora
from ser_tf.corpora.base import Word
from ser_tf.data import audio
from ser_tf.papers.lee2020 import words as lee2020_words
from ser_tf.protocol.served import NOWHERE
from ser_tf.serving import export, requests, riff, verification
from ser_tf.serving.card import card_of
from ser_tf.serving.served import ServedModel, needed_hz
from tests.serving import recordings
from tests.serving.fixtures import ask

pytestmark = pytest.mark.slow  # it trains

ROWS = {
    "mirsamadi2017_table2": ("dnn_full",),
    "mirsamadi2017_table3": ("lld_weighted_pool", "lld_frame_wise", "lld_deep_attention", "spectral_final_frame"),
    "lee2020_table2": ("text", "audio", "yoon2019", "xu2019", "can"),
    "lee2020_table3": ("can_equal",),
    "mao2020_table1": ("mp", "d_multi"),
    "zhang2018_table2": ("fcn_attention_random",),
    "ando2019_table3": ("dominant_hard_all",),
}
CASES = [(table, row) for table, rows in ROWS.items() for row in rows]
LLD = ("mirsamadi2017_table3", "lld_weighted_pool")
CAN = ("lee2020_table2", "can")
FCN = ("zhang2018_table2", "fcn_attention_random")


@pytest.fixture(scope="module")
def speech(emodb):
    """Three recordings: of EmoDB where it is at hand, else of the tiny corpus; float32 (samples,) each."""
    root = os.environ.get("SER_TF_EMODB")
    utterances = (corpora.load("emodb", root) if root else emodb).utterances
    return [audio.read(utterances[place].path) for place in (0, len(utterances) // 2, -1)]


def of_test_set(model, emodb, number=4):
    """Waveforms, files and words of some utterances that the fold tested, the shortest and the longest among them."""
    by_id = {one.id: one for one in emodb.utterances}
    rows = sorted(range(len(model.result.ids)), key=lambda row: by_id[model.result.ids[row]].duration_seconds)
    rows = rows[: number - 1] + rows[-1:]
    chosen = [by_id[model.result.ids[row]] for row in rows]
    waveforms = requests.of_waveforms([audio.read(one.path) for one in chosen])
    files = requests.of_files([one.path.read_bytes() for one in chosen])
    words = {}
    if "words" in model.model.input:
        words = requests.of_words([lee2020_words.words_of(one) for one in chosen])
    return rows, {"serving_default": waveforms | words, "wav_bytes": files | words}


@pytest.mark.parametrize(("table", "row"), CASES, ids=lambda one: one)
def test_posteriors_in_a_fresh_process_are_the_training_runs(runs, emodb, tmp_path, table, row):
    """Together and alone, by both signatures, without this project: `verification.verify` raises otherwise."""
    served, model = runs.served(table, row), runs.model(table, row)
    references = export.references_of(model, emodb, served.reads_words)
    made = export.save(served, tmp_path / "1", card_of(model, served, emodb), "one")
    agreement = verification.verify(tmp_path / "1", references, model.classes, made)
    assert agreement.recordings == export.RECORDINGS


@pytest.mark.parametrize(("table", "row"), CASES, ids=lambda one: one)
def test_attention_has_no_weight_in_the_padding(runs, emodb, table, row):
    served = runs.served(table, row)
    _, inputs = of_test_set(runs.model(table, row), emodb)
    together = ask(served, "wav_bytes", inputs["wav_bytes"])
    if "attention" in together:
        last = {name: value[-1:] for name, value in inputs["wav_bytes"].items()}
        check_attention(together, ask(served, "wav_bytes", last))


@pytest.mark.parametrize(("table", "row"), [LLD, FCN], ids=lambda one: one)
@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 44_100, 48_000])
def test_every_kind_of_file_has_the_same_answer(runs, speech, tmp_path, rate_hz, table, row):
    """As the original, and 8 bits, whose noise fills pauses, as the training path hears the same file."""
    served, model = runs.served(table, row), runs.model(table, row)
    kinds = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT")
    for waveform in speech:
        changed = scipy.signal.resample_poly(waveform, rate_hz // 50, 16_000 // 50)
        both = np.stack([changed, changed], axis=1)
        files = [recordings.wav(one, rate_hz, kind) for one in (changed, both) for kind in kinds]
        if rate_hz < served.limits.min_rate_hz:
            assert all("rate of 8000 Hz" in error for error in errors(served, "wav_bytes", requests.of_files(files)))
            continue
        found = ask(served, "wav_bytes", requests.of_files([recordings.wav(waveform), *files]))
        original, *others = found["probabilities"]
        eight_bits, *more_bits = np.moveaxis(np.reshape(others, (2, len(kinds), -1)), 1, 0)
        assert np.abs(np.asarray(more_bits) - original).max() < 0.05
        (tmp_path / "8.wav").write_bytes(files[0])
        heard = model.outputs(audio.read(tmp_path / "8.wav"))["probabilities"]
        assert np.abs(eight_bits - heard).max() < (1e-4 if rate_hz == 16_000 else 0.05)
        second, first = np.sort(original)[-2:]
        labels = np.reshape(found["label"][1:], (2, len(kinds)))[:, 1:]
        assert first - second < 0.1 or set(labels.ravel()) == {found["label"][0]}  # the tiny model may waver


def check_attention(together, alone):
    """Padding has no weight and no time; times rise; a row has what it has alone."""
    weights, seconds = together["attention"], together["attention_seconds"]
    assert seconds.shape == weights.shape[:2]
    nowhere = seconds == NOWHERE
    assert not weights[nowhere].any()
    for row, absent in zip(seconds, nowhere, strict=True):
        assert not absent[0] and (np.diff(row[~absent]) > 0).all() and row[~absent][0] >= 0
    number = alone["attention"].shape[1]
    np.testing.assert_allclose(weights[-1, :number], alone["attention"][0], atol=1e-5)
    np.testing.assert_allclose(seconds[-1, :number], alone["attention_seconds"][0], atol=1e-6)
    np.testing.assert_allclose(alone["attention"][0].sum(), 1.0, atol=1e-4)


@pytest.mark.parametrize(("table", "row"), CASES, ids=lambda one: one)
def test_ten_milliseconds_and_silence_have_an_answer(runs, table, row):
    served = runs.served(table, row)
    waveforms = [np.zeros(160), 0.1 * np.ones(1), np.zeros(16_000), recordings.signal(0.01)[:, 0]]
    words = requests.of_words([()] * len(waveforms)) if served.reads_words else {}
    outputs = ask(served, "serving_default", requests.of_waveforms(waveforms) | words)
    assert not any(outputs["error"])
    assert all(np.isfinite(value).all() for value in outputs.values() if value.dtype != object)
    np.testing.assert_allclose(outputs["probabilities"].sum(axis=1), 1.0, atol=1e-4)


def test_frames_have_the_times_of_their_centres(runs, emodb):
    model = runs.model(*LLD)
    waveform = audio.read(emodb.utterances[0].path)
    outputs = ask(runs.served(*LLD), "serving_default", requests.of_waveforms([waveform]))
    expected = model.outputs(waveform)
    np.testing.assert_allclose(outputs["attention"][0], expected["attention"], atol=1e-6)
    np.testing.assert_allclose(
        outputs["attention_seconds"][0], model.frame_seconds(len(expected["attention"])), atol=1e-5
    )


def test_words_have_the_times_of_their_middles(runs, emodb):
    model = runs.model(*CAN)
    _, inputs = of_test_set(model, emodb, 1)
    outputs = ask(runs.served(*CAN), "wav_bytes", inputs["wav_bytes"])
    words = lee2020_words.words_of(next(one for one in emodb.utterances if one.id == model.result.ids[0]))
    assert outputs["attention"].shape == (1, len(words)) and outputs["text_attention"].shape == (1, 4, len(words))
    both = np.concatenate([outputs["text_attention"], outputs["audio_attention"]], axis=1)
    np.testing.assert_allclose(outputs["attention"], both.mean(axis=1), atol=1e-6)


def test_segments_have_the_times_of_their_centres(runs):
    served = runs.served("mao2020_table1", "d_multi")
    waveform = recordings.signal(0.8)[:, 0]
    seconds = ask(served, "serving_default", requests.of_waveforms([waveform]))["attention_seconds"][0]
    np.testing.assert_allclose(seconds[0], 0.335 / 2, atol=1e-6)  # mao2020 §4.1: 335 ms, every 60 ms
    np.testing.assert_allclose(np.diff(seconds), 0.06, atol=1e-6)


def test_cells_lie_within_the_recording(runs):
    served = runs.served("zhang2018_table2", "fcn_attention_random")
    waveform = recordings.signal(6.0)[:, 0]
    outputs = ask(served, "serving_default", requests.of_waveforms([waveform, waveform[:48_000]]))
    weights, hertz = outputs["attention"], outputs["attention_hertz"]
    assert weights.shape[:2] == outputs["attention_seconds"].shape and weights.shape[::2] == hertz.shape
    assert 0 < outputs["attention_seconds"][0, 0] and outputs["attention_seconds"][0].max() < 6.0
    assert 0 <= hertz.min() and hertz.max() < 4000 and (hertz[0] == hertz[1]).all()
    assert (outputs["attention_seconds"][1] < 0).any() and not weights[1][outputs["attention_seconds"][1] < 0].any()


def test_undefined_padding_changes_nothing(runs):
    waveform = recordings.signal(0.5)[:, 0].astype(np.float32)
    inputs = requests.of_waveforms([waveform])
    padded = np.full((1, 20_000), np.nan, np.float32)
    padded[0, :8000] = waveform
    expected = ask(runs.served(*LLD), "serving_default", inputs)
    found = ask(runs.served(*LLD), "serving_default", {**inputs, "waveform": padded})
    np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=1e-6)
    assert found["attention"].shape == expected["attention"].shape


def errors(served, signature, inputs):
    return [error.decode() for error in ask(served, signature, inputs)["error"]]


def check_independence(served, signature, inputs, place):
    """Row `place` cannot be used: it has an empty answer, and the others are answered as if it were not there."""
    together = ask(served, signature, inputs)
    alone = ask(served, signature, {name: np.delete(value, place, axis=0) for name, value in inputs.items()})
    assert together["error"][place] and together["label"][place] == b"" and not together["probabilities"][place].any()
    assert alone.keys() == together.keys() and not any(alone["error"])
    for name, value in alone.items():
        np.testing.assert_array_equal(np.delete(together[name], place, axis=0), value, err_msg=name)
    if "attention" in together:
        assert not together["attention"][place].any()
        assert (together["attention_seconds"][place] == NOWHERE).all()


def test_a_bad_file_among_good_ones_is_named(runs):
    good = recordings.wav(recordings.signal())
    reasons = [reason for reason in recordings.BROKEN if "25.0 s" not in reason]  # which this model takes
    contents = [recordings.BROKEN[reason] for reason in reasons]
    found = errors(runs.served(*LLD), "wav_bytes", requests.of_files([good, *contents, good]))
    assert found[0] == found[-1] == ""
    for reason, error in zip(reasons, found[1:-1], strict=True):
        assert error.startswith("it") and reason in error
    phone = recordings.wav(recordings.signal(rate_hz=8000), 8000)
    assert "rate of 8000 Hz" in errors(runs.served(*LLD), "wav_bytes", requests.of_files([phone]))[0]


@pytest.mark.parametrize(("table", "row"), CASES, ids=lambda one: one)
def test_a_bad_recording_changes_no_bit_of_the_others(runs, emodb, table, row):
    served = runs.served(table, row)
    _, inputs = of_test_set(runs.model(table, row), emodb)
    for place in (0, 2, 4):
        bad = {name: np.insert(value, place, value[-1], axis=0) for name, value in inputs["wav_bytes"].items()}
        bad["audio"][place] = recordings.BROKEN["not finite"]
        check_independence(served, "wav_bytes", bad, place)
    given = inputs["serving_default"]
    bad = {name: np.insert(value, 1, value[-1], axis=0) for name, value in given.items()}
    bad["waveform"] = np.pad(bad["waveform"], ((0, 0), (0, 9000)))  # the bad one is longest
    bad["waveform"][1], bad["num_samples"][1] = np.nan, bad["waveform"].shape[1]
    check_independence(served, "serving_default", bad, 1)


@pytest.mark.parametrize(("table", "row"), CASES, ids=lambda one: one)
def test_a_batch_of_bad_recordings_is_answered(runs, table, row):
    served = runs.served(table, row)
    inputs = requests.of_files([b"text", b""]) | (requests.of_words([(), ()]) if served.reads_words else {})
    outputs = ask(served, "wav_bytes", inputs)
    assert all(outputs["error"]) and not any(outputs["label"]) and not outputs["probabilities"].any()
    assert all(len(value) == 2 for value in outputs.values())


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"num_samples": [8000, 0]}, ["", "its num_samples is 0, not between 1 and 8000"]),
        ({"num_samples": [-5, 8000]}, ["its num_samples is -5, not", ""]),
        ({"num_samples": [8001, 8000]}, ["its num_samples is 8001, not", ""]),
        ({"num_samples": [8000, 2**31 - 1]}, ["", "its num_samples is 2147483647, not"]),
        ({"waveform": np.full((2, 8000), np.nan)}, ["it has samples that are not finite"] * 2),
        ({"waveform": np.full((2, 8000), 300.0)}, ["its samples reach 300.0; full scale is 1"] * 2),
        ({"waveform": np.zeros((2, 0))}, ["its num_samples is 8000, not between 1 and 0"] * 2),
    ],
)
def test_a_bad_waveform_is_named(runs, change, reasons):
    inputs = {**requests.of_waveforms([recordings.signal()[:, 0]] * 2), **change}
    inputs = {"waveform": np.float32(inputs["waveform"]), "num_samples": np.int32(inputs["num_samples"])}
    for error, reason in zip(errors(runs.served(*LLD), "serving_default", inputs), reasons, strict=True):
        assert error.startswith(reason) and bool(error) == bool(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"num_samples": np.int32([8000])}, "the inputs differ in their batch size"),
        ({"waveform": np.zeros((0, 9), np.float32), "num_samples": np.int32([])}, "the batch is empty"),
    ],
)
def test_malformed_calls_fail(runs, change, reason):
    inputs = {**requests.of_waveforms([recordings.signal()[:, 0]] * 2), **change}
    with pytest.raises(tf.errors.InvalidArgumentError, match=reason):
        ask(runs.served(*LLD), "serving_default", inputs)


def test_a_call_with_words_of_fewer_recordings_fails(runs):
    inputs = requests.of_waveforms([recordings.signal()[:, 0]] * 2) | requests.of_words([()])
    with pytest.raises(tf.errors.InvalidArgumentError, match="differ in their batch size"):
        ask(runs.served(*CAN), "serving_default", inputs)


def test_no_files_are_an_error(runs):
    with pytest.raises(tf.errors.InvalidArgumentError, match="the batch is empty"):
        ask(runs.served(*LLD), "wav_bytes", requests.of_files([]))


def test_ten_minutes_are_refused_before_they_cost_anything(runs):
    waveform = np.zeros((1, 600 * 16_000), np.float32)
    inputs = {"waveform": waveform, "num_samples": np.int32([waveform.shape[1]])}
    assert "it lasts 600.0 s, longer than the 120 s" in errors(runs.served(*LLD), "serving_default", inputs)[0]


@pytest.mark.parametrize(("table", "row"), [LLD, FCN, CAN], ids=lambda one: one)
def test_64_megabytes_of_anything_cost_little(runs, table, row):
    served = runs.served(table, row)
    for kind, contents in recordings.HOSTILE.items():
        inputs = requests.of_files([contents()]) | (requests.of_words([()]) if served.reads_words else {})
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        seconds = []
        for _ in range(3):
            started = time.process_time()
            answer = served.answer("wav_bytes", **tensors)
            seconds.append(time.process_time() - started)
        assert answer["error"].numpy()[0] and min(seconds) < 0.2, kind


@pytest.mark.parametrize(
    ("num_words", "seconds", "reason"),
    [
        (4, 0.1, "its num_words is 4, not between 0 and 3"),
        (-1, 0.1, "its num_words is -1"),
        (3, np.nan, "its word 1 has no finite times"),
        (3, -1.0, "its word 1 begins outside of the recording"),
    ],
)
def test_bad_words_are_named_and_change_nothing(runs, num_words, seconds, reason):
    waveform = recordings.signal()[:, 0]
    text = [Word("ja", 0.1, 0.2), Word("nein", 0.2, 0.3)]
    words = requests.of_words([text, text + [Word("doch", 0.3, 0.4)], ()])
    words["num_words"][1], words["word_seconds"][1, 1] = num_words, seconds
    inputs = requests.of_waveforms([waveform, waveform, waveform]) | words
    error = errors(runs.served(*CAN), "serving_default", inputs)[1]
    assert error.removeprefix("its ").startswith(reason.removeprefix("its "))
    check_independence(runs.served(*CAN), "serving_default", inputs, 1)


def test_a_million_words_cost_nothing(runs):
    """Attention over them would take more memory than there is."""
    text = [Word("ja", 0.1, 0.2)]
    words = requests.of_words([text, text])
    words["words"] = np.repeat(words["words"], 10**6, axis=1)
    words["word_seconds"] = np.repeat(words["word_seconds"], 10**6, axis=1)
    words["num_words"][1] = 10**6
    inputs = requests.of_waveforms([recordings.signal()[:, 0]] * 2) | words
    started = time.process_time()
    found = errors(runs.served(*CAN), "serving_default", inputs)
    assert found == ["", "its num_words is 1000000, more than the 30 of a recording of its length"]
    assert time.process_time() - started < 2.0
    words["words"][1, 0], words["num_words"][1] = b"a" * 10**6, 1
    assert errors(runs.served(*CAN), "serving_default", inputs | words) == ["", "it has a word of more than 256 bytes"]


def test_unknown_words_and_capitals(runs, emodb):
    _, inputs = of_test_set(runs.model(*CAN), emodb, 2)
    plain = ask(runs.served(*CAN), "wav_bytes", inputs["wav_bytes"])
    shouted = np.vectorize(bytes.upper, otypes=[object])(inputs["wav_bytes"]["words"])
    capital = ask(runs.served(*CAN), "wav_bytes", {**inputs["wav_bytes"], "words": shouted})
    np.testing.assert_array_equal(plain["probabilities"], capital["probabilities"])


@pytest.mark.parametrize(
    ("table", "row", "hertz"), [(*LLD, 16_000), ("zhang2018_table2", "fcn_attention_random", 8000)]
)
def test_the_lowest_rate_is_what_the_features_need(runs, table, row, hertz):
    assert needed_hz(runs.model(table, row)) == hertz == runs.served(table, row).limits.min_rate_hz


def test_a_lower_rate_can_be_allowed(runs):
    served = ServedModel(runs.model(*LLD), 10.0, 4000)
    assert served.limits == riff.Limits(10.0, 4000)
    outputs = ask(served, "wav_bytes", requests.of_files([recordings.wav(recordings.signal(rate_hz=8000), 8000)]))
    assert np.isfinite(outputs["probabilities"]).all()
