"""The limits that all readers of recordings share."""

import subprocess
import sys

import numpy as np
import pytest

from ser_tf import audio_limits


@pytest.mark.parametrize("rate_hz", [4_000, 16_000, 192_000])
def test_common_rates_are_accepted(rate_hz):
    assert audio_limits.sample_rate_problem(rate_hz) == ""


@pytest.mark.parametrize("rate_hz", [0, 1, 3_999, 192_001, 16_700_000, 2**31 - 1, 2**31, 2**32 - 1])
def test_impossible_rates_are_named(rate_hz):
    problem = audio_limits.sample_rate_problem(rate_hz)
    assert problem == f"its rate of {rate_hz} Hz is not between 4000 and 192000"


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        ([], ""),
        ([[0.0, -1.0], [1.5, 16.0]], ""),
        ([[0.0, -16.1]], "its samples reach 16.1; full scale is 1"),
        ([0.0, np.nan], "it has samples that are not finite (NaN or infinite)"),
        ([-np.inf], "it has samples that are not finite (NaN or infinite)"),
    ],
)
def test_samples_on_another_scale_are_named(samples, problem):
    assert audio_limits.samples_problem(np.asarray(samples)) == problem


@pytest.mark.parametrize(
    ("channels", "problem"),
    [(0, "it has no channels"), (1, ""), (1024, ""), (65535, "it has 65535 channels, more than 1024")],
)
def test_channels_have_a_limit(channels, problem):
    assert audio_limits.channels_problem(channels) == problem


def test_no_tensorflow_is_needed():
    script = "import sys, ser_tf.audio_limits; print('tensorflow' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
