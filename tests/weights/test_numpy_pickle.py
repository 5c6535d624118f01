import collections
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from ser_tf.errors import UserError
from ser_tf.weights import numpy_pickle
from tests.weights import caffe_files


class _Hostile:
    """A pickle of it calls a function with arguments."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def _save(path, value):
    held = np.empty((), object)
    held[()] = value
    np.save(path, held, allow_pickle=True)


@pytest.fixture
def layers():
    rng = np.random.default_rng(0)
    return {"conv1": [rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=3)], "fc6": (np.arange(4), "text", 1)}


@pytest.mark.parametrize("save", [_save, caffe_files.save_python2])
def test_reads_a_dictionary_of_arrays(tmp_path, layers, save):
    save(tmp_path / "net.npy", layers)
    given = numpy_pickle.read(tmp_path / "net.npy")
    assert given.keys() == layers.keys()
    for one, other in zip(given["conv1"], layers["conv1"], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_python_2s_file_is_one(tmp_path, layers):
    """It has no function of Python 3 in it, and strings of bytes."""
    caffe_files.save_python2(tmp_path / "net.npy", layers)
    content = (tmp_path / "net.npy").read_bytes()
    assert b"_codecs" not in content and b"conv1" in content and pickle.BINUNICODE + b"\x05\0\0\0conv1" not in content
    assert np.load(tmp_path / "net.npy", allow_pickle=True, encoding="latin1").item().keys() == layers.keys()


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (os.system, ("touch marker",), "system"),
        (subprocess.run, (["touch", "marker"],), "subprocess.run"),
        (eval, ("open('marker', 'w')",), "eval"),
        (np.save, ("marker", [1]), "numpy.save"),
        (collections.OrderedDict, (), "collections.OrderedDict"),
        (sys.exit, (), "sys.exit"),
    ],
)
def test_a_hostile_file_runs_nothing(tmp_path, monkeypatch, function, arguments, named):
    monkeypatch.chdir(tmp_path)
    _save(tmp_path / "net.npy", {"conv1": _Hostile(function, *arguments)})
    with pytest.raises(UserError, match=f"net.npy: refused: it wants to use .*{named}"):
        numpy_pickle.read(tmp_path / "net.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["net.npy"]


def test_the_hostile_file_would_have_worked(tmp_path):
    """With NumPy's own reader; otherwise the test above proves nothing."""
    _save(tmp_path / "net.npy", {"conv1": _Hostile(eval, f"open({str(tmp_path / 'marker')!r}, 'w').close()")})
    np.load(tmp_path / "net.npy", allow_pickle=True)
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a NumPy file"),
        (b"\x93NUMPY\x01\x00", "not a NumPy file"),
        (b"PK\x03\x04 torch", "not a NumPy file"),
    ],
)
def test_broken_files(tmp_path, content, reason):
    (tmp_path / "net.npy").write_bytes(content)
    with pytest.raises(UserError, match=f"net.npy: {reason}"):
        numpy_pickle.read(tmp_path / "net.npy")


def test_cut_off_pickle_and_plain_array(tmp_path, layers):
    _save(tmp_path / "net.npy", layers)
    (tmp_path / "net.npy").write_bytes((tmp_path / "net.npy").read_bytes()[:-40])
    with pytest.raises(UserError, match="net.npy: "):
        numpy_pickle.read(tmp_path / "net.npy")
    np.save(tmp_path / "plain.npy", np.arange(3))
    with pytest.raises(UserError, match="plain.npy: an array of int64, not a dictionary"):
        numpy_pickle.read(tmp_path / "plain.npy")
    with pytest.raises(UserError, match="none.npy: cannot be read"):
        numpy_pickle.read(tmp_path / "none.npy")
