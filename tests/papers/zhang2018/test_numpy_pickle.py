import collections
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.core.multiarray import _reconstruct

from ser_tf.errors import UserError
from ser_tf.papers.zhang2018 import numpy_pickle
from tests.papers.zhang2018 import caffe_files


class _Hostile:
    """A pickle of it calls a function with arguments, and gives what comes of it a state."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

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


def _kind(name, *state):
    return _Hostile(np.dtype, name, False, True, state=(3, *state))


ADDRESSES = b"A" * 16


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (_kind("O8", "|", None, None, None, -1, -1, 0), ADDRESSES),
        (_kind("O8", "|", None, None, None, -1, -1, 63), ADDRESSES),
        (_kind("V8", "|", None, ("a",), {"a": (np.dtype(object), 0)}, 8, 1, 0), ADDRESSES),
        (_kind("f8", "|", None, ("a",), {"a": (np.dtype(object), 0)}, 8, 1, 0), ADDRESSES),
        (_kind("f8", "<", None, None, None, -1, -1, 63), [1.0, 2.0]),
        (_kind("f8", "<", None, None, None, -1, -1, 0), ADDRESSES[:-1]),
        (_kind("V1", "|", None, None, None, 1 << 20, 1, 0), b"xx"),
        (_kind(["f8"], "<", None, None, None, -1, -1, 0), ADDRESSES),
    ],
)
def test_bytes_of_the_file_are_never_taken_for_objects(tmp_path, kind, content):
    """NumPy's own dtype and array would read memory at addresses from the file."""
    array = _Hostile(_reconstruct, np.ndarray, (0,), b"b", state=(1, (2,), kind, False, content))
    _save(tmp_path / "net.npy", {"conv1": array})
    with pytest.raises(UserError, match="net.npy: "):
        numpy_pickle.read(tmp_path / "net.npy")


@pytest.mark.parametrize("target", [np.ndarray, np.dtype, _reconstruct])
def test_a_state_for_what_is_admitted_itself_is_refused(tmp_path, target):
    """The pickle's BUILD could otherwise change the reader for later files."""
    name = f"{target.__module__}\n{target.__name__}\n".encode()
    with open(tmp_path / "net.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(b"c" + name + b"N}V__init__\nK\x01s\x86b.")
    before = numpy_pickle._Array.__init__, numpy_pickle._Kind.__init__
    with pytest.raises(UserError, match="net.npy: .*__setstate__"):
        numpy_pickle.read(tmp_path / "net.npy")
    assert (numpy_pickle._Array.__init__, numpy_pickle._Kind.__init__) == before


def test_arrays_of_every_order_and_shape(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(2, 3, 4)).transpose(order) for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2))]
    arrays += [np.asfortranarray(arrays[0]), arrays[0].astype(">f4"), np.float16([1]), np.zeros((0, 3)), np.array(5)]
    ragged = np.empty(2, object)
    ragged[:] = [arrays[0], arrays[4]]
    _save(tmp_path / "net.npy", {"arrays": arrays, "twice": arrays, "ragged": ragged})
    given = numpy_pickle.read(tmp_path / "net.npy")
    for one, other in zip([*given["arrays"], *given["ragged"]], [*arrays, *ragged], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype and one.shape == other.shape


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


def _bomb(opening, closing):
    """A key that is a tuple of the same tuple twice, and so on, 40 deep: its hash would take days."""
    key = b")" + b"2\x86" * 40  # EMPTY_TUPLE; DUP, TUPLE2
    header = np.lib.format.magic(1, 0) + (b"\x46\0" + b"{'descr': '|O', 'fortran_order': False, 'shape': ()}")
    return header.ljust(80) + b"\x80\x02" + opening + key + closing + b"."


@pytest.mark.parametrize(
    ("opening", "closing", "reason"),
    [
        (b"}", b"K\x01s", "a dictionary whose keys are neither"),
        (b"}(", b"K\x01u", "a dictionary whose keys are neither"),
        (b"(", b"K\x01d", "a dictionary whose keys are neither"),
        (b"\x8f(", b"\x90", "a set"),
        (b"(", b"\x91", "a set"),
    ],
)
def test_a_key_whose_hash_never_ends_is_refused(tmp_path, opening, closing, reason):
    (tmp_path / "net.npy").write_bytes(_bomb(opening, closing))
    with pytest.raises(UserError, match=f"net.npy: refused: it has {reason}"):
        numpy_pickle.read(tmp_path / "net.npy")
