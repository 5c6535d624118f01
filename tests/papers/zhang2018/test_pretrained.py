import h5py
import keras
import numpy as np
import pytest

from ser_tf.errors import UserError
from ser_tf.papers.zhang2018 import pretrained
from tests.papers.zhang2018 import small_alexnet

VGG = {"block1_conv1": (3, 3, 3, 4), "fc1": (16, 5), "fc2": (5, 5)}


def _vgg_file(path, shapes=VGG):
    """In the layout of the files of keras.applications."""
    rng = np.random.default_rng(0)
    weights = {name: (rng.normal(size=shape), rng.normal(size=shape[-1:])) for name, shape in shapes.items()}
    with h5py.File(path, "w") as file:
        for name, pair in weights.items():
            group = file.create_group(name)
            names = [f"{name}_W_1:0", f"{name}_b_1:0"]
            group.attrs["weight_names"] = [one.encode() for one in names]
            for one, array in zip(names, pair, strict=True):
                group[one] = array.astype(np.float32)
    return weights


def test_vgg16s_file(tmp_path):
    weights = _vgg_file(tmp_path / "vgg16.h5")
    read = pretrained.read_vgg16(tmp_path / "vgg16.h5", VGG)
    assert list(read) == list(VGG)
    for name, pair in weights.items():
        for given, expected in zip(read[name], pair, strict=True):
            np.testing.assert_array_equal(given, expected.astype(np.float32))


def test_vgg16s_shapes_are_keras_applications():
    model = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    shapes = pretrained.vgg16_shapes()
    for layer in model.layers:
        if layer.weights:
            assert tuple(layer.weights[0].shape) == shapes.pop(layer.name)
    assert shapes == {"fc1": (int(np.prod(model.output.shape[1:])), 4096), "fc2": (4096, 4096)}


def test_vgg16_without_its_fully_connected_layers(tmp_path):
    convolutions = {name: shape for name, shape in VGG.items() if name.startswith("block")}
    weights = _vgg_file(tmp_path / "notop.h5", convolutions)
    read = pretrained.read_vgg16(tmp_path / "notop.h5", VGG)
    assert list(read) == list(convolutions)
    for name, pair in weights.items():
        np.testing.assert_array_equal(read[name][0], pair[0].astype(np.float32))


def test_other_vgg16_files(tmp_path):
    _vgg_file(tmp_path / "vgg16.h5", dict(VGG, fc1=(12, 5)))
    with pytest.raises(UserError, match=r"vgg16.h5: layer fc1 has a kernel of shape \(12, 5\)"):
        pretrained.read_vgg16(tmp_path / "vgg16.h5", VGG)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x93NUMPY\x01\x00v\x00"])
def test_files_of_another_kind(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match="file: not the weights of VGGNet-16; get https://"):
        pretrained.read_vgg16(tmp_path / "file")
    with pytest.raises(UserError, match="file: not converted weights of AlexNet; get http://.*convert_alexnet"):
        pretrained.read_alexnet(tmp_path / "file")


def test_missing_files(tmp_path):
    with pytest.raises(UserError, match="none: no such file; get https://.*--vgg16-weights"):
        pretrained.read_vgg16(tmp_path / "none")
    with pytest.raises(UserError, match="none: cannot be read"):
        pretrained.read_alexnet(tmp_path / "none")


def test_archives_that_are_not_alexnet(tmp_path):
    np.savez(tmp_path / "a.npz", other=np.zeros(3))
    np.savez(tmp_path / "b.npz", **{"conv1/kernel": np.array([{}], object), "conv1/bias": np.zeros(96)})
    for name in ("a.npz", "b.npz"):  # the second holds a pickle, which is not read
        with pytest.raises(UserError, match=f"{name}: not converted weights"):
            pretrained.read_alexnet(tmp_path / name)
    arrays = {f"{name}/{what}": np.zeros(3, np.float32) for name in small_alexnet.SHAPES for what in ("kernel", "bias")}
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(UserError, match="layer conv1 has a kernel of shape"):
        pretrained.read_alexnet(tmp_path / "c.npz", small_alexnet.SHAPES)


def test_files_with_something_else_than_numbers(tmp_path):
    arrays = {f"{name}/{what}": np.zeros(3) for name in small_alexnet.SHAPES for what in ("kernel", "bias")}
    np.savez(tmp_path / "a.npz", **(arrays | {"conv1/bias": np.array(["zero"])}))
    with pytest.raises(UserError, match="a.npz: layer conv1 holds something else than floating-point numbers"):
        pretrained.read_alexnet(tmp_path / "a.npz", small_alexnet.SHAPES)
    _vgg_file(tmp_path / "vgg16.h5")
    with h5py.File(tmp_path / "vgg16.h5", "a") as file:
        del file["fc1"]["fc1_W_1:0"]
        file["fc1"].create_group("fc1_W_1:0")
    with pytest.raises(UserError, match="vgg16.h5: not the weights of VGGNet-16"):
        pretrained.read_vgg16(tmp_path / "vgg16.h5", VGG)


def test_digest_depends_on_every_value():
    weights = small_alexnet.weights()
    digest = pretrained.digest(weights)
    assert digest == pretrained.digest(small_alexnet.weights()) != pretrained.digest(small_alexnet.weights(1))
    weights["fc8"][1][-1] += 1
    assert pretrained.digest(weights) != digest


def test_initialise_wants_the_layers_shape():
    images = keras.Input((8, 8, 2))
    model = keras.Model(images, keras.layers.Conv2D(4, 3, name="conv")(images))
    with pytest.raises(ValueError):
        pretrained.initialise(model, {"conv": (np.zeros((3, 3, 3, 4)), np.zeros(4))}, ["conv"])
