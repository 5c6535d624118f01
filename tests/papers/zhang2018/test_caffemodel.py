import numpy as np
import pytest

from ser_tf.errors import UserError
from ser_tf.papers.zhang2018 import caffemodel
from tests.papers.zhang2018 import caffe_files, small_alexnet


@pytest.fixture(scope="module")
def content():
    return caffe_files.caffemodel(small_alexnet.weights())


def _read(tmp_path, content):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)
    return caffemodel.read(path)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("doubles", [False, True])
def test_reads_what_protocol_buffers_wrote(tmp_path, old, packed, doubles):
    weights = small_alexnet.weights()
    layers = _read(tmp_path, caffe_files.caffemodel(weights, old, packed, doubles))
    assert list(layers) == list(weights)
    for name, arrays in caffe_files.caffe_layout(weights).items():
        for given, expected in zip(layers[name], arrays, strict=True):
            assert given.dtype == np.float32
            np.testing.assert_array_equal(given.ravel(), expected.ravel())
            assert given.shape == ((1,) * (4 - expected.ndim) + expected.shape if old else expected.shape)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_an_error(tmp_path, content, share):
    with pytest.raises(UserError, match="net.caffemodel: not a Caffe model"):
        _read(tmp_path, content[: int(share * len(content))])


@pytest.mark.parametrize(
    "content",
    [b"\xff" * 64, b"<html>not found</html>", b"\x00\x00", bytes([11]), b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"],
    ids=["ones", "html", "zeros", "group", "huge"],
)
def test_other_files_are_an_error(tmp_path, content):
    with pytest.raises(UserError, match="not a Caffe model"):
        _read(tmp_path, content)


def test_an_array_of_another_size_than_its_shape_is_an_error(tmp_path):
    messages = caffe_files._messages()
    net = messages["NetParameter"]()
    blob = net.layer.add(name="conv1").blobs.add()
    blob.data.extend([1.0, 2.0, 3.0])
    blob.shape.dim.extend([2, 2])
    with pytest.raises(UserError, match=r"an array of shape \[2, 2\] has 3 values"):
        _read(tmp_path, net.SerializeToString())


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="none.caffemodel: cannot be read"):
        caffemodel.read(tmp_path / "none.caffemodel")
