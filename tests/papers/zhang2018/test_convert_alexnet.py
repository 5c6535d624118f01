import hashlib

import keras
import numpy as np
import pytest

from ser_tf import cli
from ser_tf.errors import UserError
from ser_tf.papers.zhang2018 import alexnet, convert_alexnet, pretrained
from tests.papers.zhang2018 import caffe_files, small_alexnet
from tests.papers.zhang2018 import caffe_reference as reference

WEIGHTS = small_alexnet.weights()


@pytest.fixture(params=["caffemodel", "caffemodel_old", "npy", "npy_python2"])
def source(request, tmp_path):
    """The small network in each form that can be converted."""
    path = tmp_path / f"alexnet.{request.param.split('_')[0]}"
    if path.suffix == ".caffemodel":
        path.write_bytes(caffe_files.caffemodel(WEIGHTS, old=request.param.endswith("old")))
    elif request.param == "npy":
        np.save(path, {name: list(pair) for name, pair in WEIGHTS.items()}, allow_pickle=True)
    else:
        caffe_files.save_python2(path, {name: list(pair) for name, pair in WEIGHTS.items()})
    return path


def _npy(path, weights):
    np.save(path, weights, allow_pickle=True)
    return path


def test_every_form_gives_the_same_weights(source, tmp_path):
    converted = convert_alexnet.convert(source, small_alexnet.SHAPES)
    read = pretrained.read_alexnet(convert_alexnet.write(converted, tmp_path / "out.npz"), small_alexnet.SHAPES)
    assert list(read) == list(WEIGHTS)
    for name, pair in WEIGHTS.items():
        for given, expected in zip(read[name], pair, strict=True):
            assert given.dtype == np.float32
            np.testing.assert_array_equal(given, expected)
    assert pretrained.digest(read) == pretrained.digest(WEIGHTS)


def test_activations_are_those_of_caffes_arrays(tmp_path):
    """From Caffe's own arrays, the convolutions in loops, FC6 on channels before rows before columns."""
    path = tmp_path / "alexnet.caffemodel"
    path.write_bytes(caffe_files.caffemodel(WEIGHTS))
    caffe = caffe_files.caffe_layout(WEIGHTS)
    image = (60 * np.random.default_rng(0).normal(size=(small_alexnet.PIXELS,) * 2 + (3,))).astype(np.float32)
    expected = _caffe(image, caffe)

    images = keras.Input((small_alexnet.PIXELS,) * 2 + (3,))
    cells, _ = alexnet.convolve(images, convolutions=small_alexnet.TABLE)
    model = keras.Model(images, alexnet.fully_connect(cells, units=small_alexnet.UNITS))
    layers = [name for name in WEIGHTS if name != "fc8"]
    pretrained.initialise(model, convert_alexnet.convert(path, small_alexnet.SHAPES), layers)
    given = model(image[np.newaxis], training=False).numpy()[0]
    assert (expected > 0).sum() > 2
    np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-4 * expected.max())


def _caffe(image, caffe):
    """FC7's output from (filters, channels, height, width) kernels on one image."""
    layers = {"conv1": (4, 0, 1), "conv2": (1, 2, 2), "conv3": (1, 1, 1), "conv4": (1, 1, 2), "conv5": (1, 1, 2)}
    for name, (stride, padding, groups) in layers.items():
        kernel, bias = caffe[name]
        image = np.pad(image.astype(np.float64), ((padding,) * 2, (padding,) * 2, (0, 0)))
        size, per_group = kernel.shape[-1], kernel.shape[1]
        count = (image.shape[0] - size) // stride + 1
        result = np.zeros((count, count, len(kernel)))
        for group in range(groups):
            part = slice(group * len(kernel) // groups, (group + 1) * len(kernel) // groups)
            mine = image[..., group * per_group : (group + 1) * per_group]
            for row in range(count):
                for column in range(count):
                    y, x = row * stride, column * stride
                    window = mine[y : y + size, x : x + size]
                    result[row, column, part] = np.einsum("oihw,hwi->o", kernel[part], window) + bias[part]
        image = np.maximum(result, 0)
        if name in ("conv1", "conv2"):
            image = reference.local_response_normalisation(image)
        if name in ("conv1", "conv2", "conv5"):
            image = reference.pooling(image)
    vector = image.transpose(2, 0, 1).ravel()
    for name in ("fc6", "fc7"):
        kernel, bias = caffe[name]
        vector = np.maximum(kernel @ vector + bias, 0)
    return vector


def test_one_channel_is_the_spectrogram_three_times():
    image = (60 * np.random.default_rng(1).normal(size=(1, 80, 120, 1))).astype(np.float32)
    outputs = []
    for channels in (1, 3):
        images = keras.Input((80, 120, channels))
        model = keras.Model(images, alexnet.convolve(images, convolutions=small_alexnet.TABLE)[0])
        pretrained.initialise(model, WEIGHTS, [one.name for one in small_alexnet.TABLE])
        outputs.append(model(np.repeat(image, channels, -1)).numpy())
    assert outputs[0].max() > 1
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-5 * outputs[1].max())


def test_shapes_are_those_of_the_published_network():
    shapes = pretrained.alexnet_shapes()
    assert shapes["conv1"] == (11, 11, 3, 96) and shapes["conv2"] == (5, 5, 48, 256)
    assert shapes["conv4"] == (3, 3, 192, 384) and shapes["fc6"] == (9216, 4096) and shapes["fc8"] == (4096, 1000)
    assert sum(np.prod(shape) + shape[-1] for shape in shapes.values()) == 60_965_224


def test_a_wrong_layer_is_named(tmp_path):
    torchvision = dict(WEIGHTS, conv1=(WEIGHTS["conv1"][0][..., :4], WEIGHTS["conv1"][1][:4]))
    with pytest.raises(UserError, match=r"layer conv1 has a kernel of shape \(11, 11, 3, 4\).*not \(11, 11, 3, 6\)"):
        convert_alexnet.convert(_npy(tmp_path / "a.npy", torchvision), small_alexnet.SHAPES)
    path = tmp_path / "a.caffemodel"
    for name in ("conv2", "fc6", "fc7"):
        kernel, bias = WEIGHTS[name]
        path.write_bytes(caffe_files.caffemodel(dict(WEIGHTS, **{name: (kernel[..., :8], bias[:8])})))
        with pytest.raises(UserError, match=f"layer {name} has a kernel of shape"):
            convert_alexnet.convert(path, small_alexnet.SHAPES)
    with pytest.raises(UserError, match="no kernel and bias of layer fc7; layers there: conv1, conv2"):
        incomplete = {name: pair for name, pair in WEIGHTS.items() if name != "fc7"}
        convert_alexnet.convert(_npy(tmp_path / "b.npy", incomplete), small_alexnet.SHAPES)
    with pytest.raises(UserError, match="layer fc7 has values that are not finite"):
        broken = dict(WEIGHTS, fc7=(WEIGHTS["fc7"][0] * np.nan, WEIGHTS["fc7"][1]))
        convert_alexnet.convert(_npy(tmp_path / "c.npy", broken), small_alexnet.SHAPES)
    with pytest.raises(UserError, match="layer conv1 holds something else than two arrays"):
        convert_alexnet.convert(_npy(tmp_path / "d.npy", dict(WEIGHTS, conv1=["W", "b"])), small_alexnet.SHAPES)
    with pytest.raises(UserError, match="holds a list, not a dictionary"):
        held = np.empty((), object)
        held[()] = [1]
        convert_alexnet.convert(_npy(tmp_path / "e.npy", held), small_alexnet.SHAPES)


def test_command_line(source, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pretrained, "alexnet_shapes", lambda: small_alexnet.SHAPES)
    digest = hashlib.sha1(source.read_bytes()).hexdigest()
    assert cli.status_of(convert_alexnet.main, [str(source), str(tmp_path / "out.npz")]) == 0
    shown = capsys.readouterr().out
    assert "conv1: kernel (11, 11, 3, 6), bias (6,)" in shown
    if source.suffix == ".npy":
        assert f"sha1 {digest}: no hash of bvlc_alexnet.npy is published" in shown
        return
    assert f"sha1 {digest}: not the published caffemodel's, {convert_alexnet.CAFFEMODEL_SHA1}" in shown
    monkeypatch.setattr(convert_alexnet, "CAFFEMODEL_SHA1", digest)
    assert cli.status_of(convert_alexnet.main, [str(source), str(tmp_path / "out.npz")]) == 0
    assert f"sha1 {digest}: as published" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x93NUMPY", None])
def test_command_line_refuses_other_files_in_one_line(tmp_path, capsys, content):
    path = tmp_path / "source"
    if content is not None:
        path.write_bytes(content)
    assert cli.status_of(convert_alexnet.main, [str(path), str(tmp_path / "out.npz")]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"error: {path}: ") and shown.err.count("\n") == 1 and not shown.out
    assert not (tmp_path / "out.npz").exists()
