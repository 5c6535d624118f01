"""Strided convolution as a matrix product: NumPy's sums, TensorFlow's bits, and no kernel compiled for each length."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.features import strided
from ser_tf.papers.mirsamadi2017.lld import LLD
from tests.features import signals

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("samples", [18, 19, 50, 1000, 1037])
@pytest.mark.parametrize("stride", [1, 2, 3, 7])
@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
def test_thinning_out_is_filtering_and_keeping_every_nth_sample(samples, stride, leading):
    rng = np.random.default_rng(0)
    waveform, taps = rng.standard_normal((*leading, samples)).astype(np.float32), rng.standard_normal(18)
    found = strided.thin_out(tf.constant(waveform), taps, stride).numpy()
    windows = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), 18, axis=-1)[..., ::stride, :]
    assert found.shape == windows.shape[:-1]
    np.testing.assert_allclose(found, windows @ taps, atol=1e-5)


def test_a_row_of_the_kernel_reaches_over_several_steps():
    rng = np.random.default_rng(0)
    waveform, kernel = rng.standard_normal(500).astype(np.float32), rng.standard_normal((31, 4)).astype(np.float32)
    found = strided.convolve(tf.constant(waveform), tf.constant(kernel), 10, 12).numpy().reshape(12, 4)
    for row in range(12):
        np.testing.assert_allclose(found[row], waveform[10 * row : 10 * row + 31] @ kernel, atol=1e-5)


def test_what_lies_beyond_the_end_counts_as_zero_and_what_is_not_needed_is_not_looked_at():
    kernel = tf.ones([8, 1])
    np.testing.assert_array_equal(strided.convolve(tf.ones([10]), kernel, 4, 4), [8.0, 6.0, 2.0, 0.0])
    np.testing.assert_array_equal(strided.convolve(tf.constant([1.0] * 8 + [np.nan] * 9), kernel, 4, 1), [8.0])


_SCRIPT = """
import sys
import numpy as np, tensorflow as tf
from ser_tf.features import resampling
from ser_tf.papers.mirsamadi2017.lld import LLD
from tests.features import signals
tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
speech = tf.constant(signals.syllables())
results = {"lld": tf.function(LLD, input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)(speech)}
resample = tf.function(resampling.resample, autograph=False)
for rate_hz in (17_600, 44_100, 48_510):
    results[str(rate_hz)] = resample(speech, tf.constant(rate_hz, tf.int64))
np.savez(sys.argv[2], **results)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The same features from processes with oneDNN and one thread, without oneDNN, and with two threads."""
    found = []
    for onednn, threads in (("1", "1"), ("0", "1"), ("1", "2")):
        path = tmp_path_factory.mktemp("results") / "results.npz"
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, threads, path],
            env={"TF_ENABLE_ONEDNN_OPTS": onednn, "TF_CPP_MIN_LOG_LEVEL": "3"},
            check=True,
        )
        found.append(np.load(path))
    return found


def test_descriptors_have_the_same_bits_without_onednn_and_with_more_threads(results):
    """A process that trains has oneDNN on and one thread an operation; others need not."""
    assert all(np.array_equal(results[0]["lld"], other["lld"]) for other in results[1:])


@pytest.mark.parametrize("rate_hz", ["17600", "44100", "48510"])
def test_resampled_waveforms_are_the_same_without_onednn_and_with_more_threads(results, rate_hz):
    """Wide products are added up in another order there; what differs is the last bit."""
    for other in results[1:]:
        np.testing.assert_allclose(other[rate_hz], results[0][rate_hz], rtol=0, atol=2e-7)


def test_the_descriptors_use_no_operation_that_keeps_a_kernel_for_each_length():
    """TensorFlow's convolutions do, which costs gigabytes over a corpus."""
    graph = tf.function(LLD, input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)
    kinds = {operation.type for operation in graph.get_concrete_function().graph.get_operations()}
    assert not {kind for kind in kinds if "Conv" in kind} and "MatMul" in kinds
    assert LLD(tf.constant(signals.tone(200.0))).shape[1] == 32
