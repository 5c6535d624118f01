"""What every feature keeps: the contract of the registry, padding, dynamic shapes, core operations."""

import dataclasses
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.features import framing, mfcc, parallel, spectrogram
from ser_tf.features.level import level_spec
from ser_tf.papers.mirsamadi2017.lld import LLD, LldParams, lld_spec
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL
from tests.features import signals

SPECS = {
    "spectral": SPECTRAL,
    "lld": LLD,
    "log_mel": mfcc.LOG_MEL,
    "mfcc": mfcc.MFCC,
    "log_spectrogram": spectrogram.LOG_SPECTROGRAM,
    "log_power_spectrogram": spectrogram.LOG_POWER_SPECTROGRAM,
    "level": level_spec(framing.FrameParams()),
}
LENGTHS = [16000, 1, 50, 399, 400, 560, 1040, 1041, 1199, 5000, 8009, 15999, 0]


@pytest.fixture(params=sorted(SPECS))
def spec(request):
    return SPECS[request.param]


def utterances():
    speech = signals.syllables()
    return [speech[100 : 100 + length] for length in LENGTHS]


@pytest.mark.parametrize("padding", [0.0, np.nan, 0.7])
def test_padding_changes_nothing(spec, padding):
    batch = np.full([len(LENGTHS), 17000], padding, np.float32)
    for row, utterance in zip(batch, utterances(), strict=True):
        row[: len(utterance)] = utterance
    together = spec(tf.constant(batch), tf.constant(LENGTHS)).numpy()
    assert together.shape == (len(LENGTHS), spec.num_frames(17000), spec.dims)
    assert np.isfinite(together).all()
    for row, utterance in zip(together, utterances(), strict=True):
        frames = spec.num_frames(len(utterance))
        alone = spec(tf.constant(utterance)).numpy()
        assert alone.shape == (frames, spec.dims)
        np.testing.assert_allclose(row[:frames], alone, rtol=1e-4, atol=1e-4)
        assert not row[frames:].any()


def test_num_samples_of_whole_waveforms_is_the_same_as_none(spec):
    waveforms = tf.constant(np.stack([signals.syllables()[:9000], signals.noise()[:9000]]))
    np.testing.assert_array_equal(spec(waveforms, tf.constant([9000, 9000])), spec(waveforms))


def test_leading_axes(spec):
    waveforms = np.stack([signals.noise(0.2, seed=seed) for seed in range(6)])
    flat = spec(tf.constant(waveforms), tf.constant([3200, 3000, 100, 2000, 1500, 800])).numpy()
    lengths = tf.constant([[3200, 3000, 100], [2000, 1500, 800]])
    shaped = spec(tf.constant(waveforms.reshape(2, 3, -1)), lengths).numpy()
    np.testing.assert_allclose(shaped.reshape(flat.shape), flat, rtol=1e-5, atol=1e-5)


def test_runs_in_a_graph_of_core_operations_with_unknown_shapes(spec):
    signature = [tf.TensorSpec([None, None]), tf.TensorSpec([None], tf.int32)]
    graph = tf.function(spec, input_signature=signature)
    waveforms, lengths = tf.constant(signals.syllables()[np.newaxis, :12000]), tf.constant([11000])
    np.testing.assert_allclose(graph(waveforms, lengths), spec(waveforms, lengths), rtol=1e-4, atol=1e-4)
    operations = {operation.type for operation in graph.get_concrete_function().graph.get_operations()}
    assert not {name for name in operations if "PyFunc" in name or name.startswith(("IO>", "Addons>"))}
    assert graph.get_concrete_function().output_shapes[-1] == spec.dims


def test_runs_from_a_saved_model(spec, tmp_path):
    module = tf.Module()
    module.features = tf.function(
        spec, input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None], tf.int32, name="num_samples")]
    )
    waveforms, lengths = tf.constant(signals.syllables()[np.newaxis, :8000]), tf.constant([7000])
    tf.saved_model.save(module, tmp_path / "model")
    reloaded = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_allclose(reloaded.features(waveforms, lengths), spec(waveforms, lengths), rtol=1e-4, atol=1e-4)


def test_gradients_reach_the_waveform_without_nan(spec):
    for waveform in (signals.syllables()[:4000], np.zeros(4000, np.float32), np.full(4000, 0.5, np.float32)):
        samples = tf.constant(waveform)
        with tf.GradientTape() as tape:
            tape.watch(samples)
            total = tf.reduce_sum(spec(samples))
        assert np.isfinite(tape.gradient(total, samples).numpy()).all()


def test_names_and_pickling(spec):
    assert len(set(spec.names)) == spec.dims
    again = pickle.loads(pickle.dumps(spec))
    assert again == spec
    assert again.fingerprint() == spec.fingerprint()
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.dims = 3


def test_fingerprints_tell_features_settings_and_code_apart():
    others = [spec.fingerprint() for spec in SPECS.values()]
    others.append(lld_spec(LldParams(smoothing_frames=1)).fingerprint())
    others.append(dataclasses.replace(LLD, function=SPECTRAL.function).fingerprint())
    assert len(set(others)) == len(others)
    assert lld_spec().fingerprint() == LLD.fingerprint()
    assert len(LLD.fingerprint()) == 64


def test_fingerprint_is_the_same_in_another_process():
    code = "from ser_tf.papers.mirsamadi2017.lld import LLD; print(LLD.fingerprint())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == LLD.fingerprint()


def test_missing_names_are_refused():
    with pytest.raises(ValueError, match="257 dimensions and 1 names"):
        dataclasses.replace(SPECTRAL, names=("only",))


def test_levels_are_decibels_below_full_scale():
    seconds = np.arange(16000) / 16000
    tone = np.sin(2 * np.pi * 200 * seconds)
    waveforms = np.stack([tone, 0.1 * tone + 0.5, np.full(16000, 0.5)]).astype(np.float32)
    levels = SPECS["level"](tf.constant(waveforms)).numpy()[..., 0]
    np.testing.assert_allclose(levels.T, np.tile([-3.01, -23.01, -120], (98, 1)), atol=0.01)


def test_levels_have_the_frames_of_another_feature():
    spec = level_spec(spectrogram.LOG_SPECTROGRAM.params)
    assert [spec.num_frames(length) for length in LENGTHS] == [
        spectrogram.LOG_SPECTROGRAM.num_frames(length) for length in LENGTHS
    ]


def test_lld_names():
    assert LLD.names[:5] == ("f0_hz", "voicing_probability", "rms_energy", "zero_crossing_rate", "mfcc_1")
    assert LLD.names[16:] == tuple(f"{name}_delta" for name in LLD.names[:16])


def test_many_utterances_give_the_same_bits_in_the_given_order(spec):
    waveforms = [signals.syllables(seed)[: 4000 + 100 * seed] for seed in range(19)]
    compute = parallel.compiled(spec)
    together = list(parallel.map_in_order(compute, iter(waveforms), threads=4))
    for computed, waveform in zip(together, waveforms, strict=True):
        np.testing.assert_array_equal(computed, compute(waveform))
        np.testing.assert_allclose(computed, spec(tf.constant(waveform)), rtol=1e-4, atol=1e-4)


def test_a_feature_is_traced_once_in_a_process(spec):
    assert parallel.compiled(spec) is parallel.compiled(pickle.loads(pickle.dumps(spec)))


def test_waveforms_are_taken_only_a_few_ahead():
    taken = []

    def numbers():
        for number in range(100):
            taken.append(number)
            yield number

    results = parallel.map_in_order(lambda number: 2 * number, numbers(), threads=3)
    assert next(results) == 0
    assert len(taken) == 3 * parallel.AHEAD + 1
    assert list(results) == list(range(2, 200, 2))


def test_the_first_error_comes_in_its_place_and_ends_the_work():
    begun = []

    def fail_at_five(number):
        begun.append(number)
        if number == 5:
            raise ValueError("five")
        return number

    results = parallel.map_in_order(fail_at_five, range(1000), threads=2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="five"):
        next(results)
    assert len(begun) < 20


def test_a_consumer_that_stops_early_ends_the_threads():
    results = parallel.map_in_order(lambda number: number, range(1000), threads=2)
    assert next(results) == 0
    before = threading.active_count()
    results.close()
    assert threading.active_count() == before - 2
