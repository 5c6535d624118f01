"""What all tests share: TensorFlow set up once as the runner sets it up, and a tiny corpus of generated tones."""

import gc
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import ser_tf  # noqa: F401 - chooses Keras's backend, before anything imports Keras
from ser_tf import corpora

pytest_plugins = ("tests.serving.fixtures",)
SAMPLE_RATE_HZ = 16_000
PITCH_HZ = {"W": 260.0, "F": 330.0, "T": 120.0, "N": 180.0}
LEVEL = {"W": 0.5, "F": 0.3, "T": 0.06, "N": 0.15}
SENTENCES = ("a01", "b02")


def pytest_collection_modifyitems(items):
    """Files with slow tests first, so that two workers end at the same time; the one that runs every table leads."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.name != "test_experiments.py"))


def pytest_collection_finish(session):
    """One thread an operation and deterministic kernels, before the first operation of any test."""
    del session
    if "tensorflow" in sys.modules:
        from ser_tf.protocol.machine import configure_tensorflow

        configure_tensorflow()


@pytest.fixture(scope="module", autouse=True)
def _collections_stay_short():
    """Later collections pass over what a module leaves behind: graphs of millions of objects that TensorFlow caches."""
    yield
    gc.collect()
    gc.freeze()


def tone(name: str, pitch_hz: float, level: float, seconds: float) -> np.ndarray:
    """A vibrating tone with overtones and a little noise, float64 (samples,), always the same for a name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * pitch_hz * (time + 0.002 * np.sin(2 * np.pi * 4 * time))
    voice = sum(np.sin(overtone * phase) / overtone for overtone in (1, 2, 3)) / 2
    return level * voice + 0.002 * rng.standard_normal(len(time))


def write_emodb(root: Path, speakers=("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")) -> Path:
    """EmoDB's layout with two utterances of each speaker and class (speaker 03 has five angry ones), 0.4 to 0.7 s."""
    import soundfile

    (root / "wav").mkdir(parents=True)
    (root / "labsilb").mkdir()
    for place, speaker in enumerate(speakers):
        for emotion, pitch_hz in PITCH_HZ.items():
            stems = [f"{speaker}{sentence}{emotion}a" for sentence in SENTENCES]
            if (speaker, emotion) == ("03", "W"):
                stems += [f"{speaker}{sentence}{emotion}b" for sentence in ("a02", "a04", "a05")]
            for stem in stems:
                seconds = 0.4 + 0.3 * (zlib.crc32(stem.encode()) % 100) / 100
                samples = tone(stem, pitch_hz * (0.9 + 0.02 * place), LEVEL[emotion], seconds)
                soundfile.write(root / "wav" / f"{stem}.wav", samples, SAMPLE_RATE_HZ, "PCM_16")
                half = seconds / 2
                rows = f"{half:.3f} 125 der 1\n{seconds - 0.01:.3f} 125 lap 0\n{seconds:.3f} 125 .\n"
                (root / "labsilb" / f"{stem}.labsilb").write_text(f"signal {stem}\n#\n{rows}")
    return root


@pytest.fixture(scope="session")
def emodb_root(tmp_path_factory):
    """The tiny corpus: 83 utterances of ten speakers in four classes. Shared; do not write to it."""
    return write_emodb(tmp_path_factory.mktemp("corpus") / "emodb")


@pytest.fixture(scope="session")
def emodb(emodb_root):
    return corpora.load("emodb", emodb_root)
