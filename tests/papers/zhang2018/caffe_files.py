"""Writes Caffe model files with Google's own protocol buffers, in the old and the new form, and Python 2's pickles."""

import functools
import pickle
import struct

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FLOAT, _DOUBLE, _INT32, _INT64, _STRING, _MESSAGE = 2, 1, 5, 3, 9, 11  # FieldDescriptorProto.Type
_FIELDS = {  # message -> (name, number, type, message of the type, repeated, packed)
    "BlobShape": [("dim", 1, _INT64, None, True, True)],
    "BlobProto": [
        ("num", 1, _INT32, None, False, False),
        ("channels", 2, _INT32, None, False, False),
        ("height", 3, _INT32, None, False, False),
        ("width", 4, _INT32, None, False, False),
        ("data", 5, _FLOAT, None, True, True),
        ("diff", 6, _FLOAT, None, True, True),
        ("shape", 7, _MESSAGE, "BlobShape", False, False),
        ("double_data", 8, _DOUBLE, None, True, True),
    ],
    "V1LayerParameter": [
        ("bottom", 2, _STRING, None, True, False),
        ("name", 4, _STRING, None, False, False),
        ("blobs", 6, _MESSAGE, "BlobProto", True, False),
        ("blobs_lr", 7, _FLOAT, None, True, False),
    ],
    "LayerParameter": [
        ("name", 1, _STRING, None, False, False),
        ("type", 2, _STRING, None, False, False),
        ("blobs", 7, _MESSAGE, "BlobProto", True, False),
        ("loss_weight", 5, _FLOAT, None, True, False),
    ],
    "NetParameter": [
        ("name", 1, _STRING, None, False, False),
        ("layers", 2, _MESSAGE, "V1LayerParameter", True, False),
        ("input_dim", 4, _INT32, None, True, False),
        ("layer", 100, _MESSAGE, "LayerParameter", True, False),
    ],
}


@functools.cache
def _messages(packed=True):
    """The classes of caffe.proto's messages, with packed numbers or without."""
    file = descriptor_pb2.FileDescriptorProto(name=f"caffe{packed}.proto", package=f"caffe{packed}", syntax="proto2")
    for message, fields in _FIELDS.items():
        description = file.message_type.add(name=message)
        for name, number, kind, of, repeated, is_packed in fields:
            field = description.field.add(name=name, number=number, type=kind, label=3 if repeated else 1)
            if of:
                field.type_name = f".caffe{packed}.{of}"
            if is_packed:
                field.options.packed = packed
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe{packed}.{name}")) for name in _FIELDS
    }


def caffe_layout(weights):
    """Keras's order to Caffe's: kernels (filters, channels, height, width), dense (units, channel-major inputs)."""
    caffe = {}
    cells = 1
    for name, (kernel, bias) in weights.items():
        if kernel.ndim == 4:
            channels = kernel.shape[-1]
            caffe[name] = (np.moveaxis(kernel, (0, 1), (2, 3)).swapaxes(0, 1), bias)
            continue
        if name == "fc6":
            cells = kernel.shape[0] // channels
            side = int(cells**0.5)
            cube = kernel.reshape(side, side, channels, -1)  # height, width, channel
            caffe[name] = (
                np.stack([cube[..., unit].transpose(2, 0, 1).ravel() for unit in range(cube.shape[-1])]),
                bias,
            )
        else:
            caffe[name] = (kernel.T, bias)
    return caffe


def caffemodel(weights, old=False, packed=True, doubles=False):
    """The bytes of a model file with layers that have weights and one that has none."""
    messages = _messages(packed)
    net = messages["NetParameter"](name="AlexNet", input_dim=[1, 3, 227, 227])
    layers = net.layers if old else net.layer
    layers.add(name="relu1")
    for name, arrays in caffe_layout(weights).items():
        layer = layers.add(name=name)
        (layer.blobs_lr if old else layer.loss_weight).append(0.5)
        for array in arrays:
            blob = layer.blobs.add()
            (blob.double_data if doubles else blob.data).extend(array.ravel().tolist())
            if old:
                sizes = (1,) * (4 - array.ndim) + array.shape
                blob.num, blob.channels, blob.height, blob.width = sizes
            else:
                blob.shape.dim.extend(array.shape)
    return net.SerializeToString()


class Python2Pickler(pickle._Pickler):
    """Strings and bytes as Python 2 wrote them."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)

    def save_str(self, value):
        self.save_bytes(value.encode("latin1"))

    dispatch[bytes] = save_bytes
    dispatch[str] = save_str


def save_python2(path, value):
    """Saves a `.npy` with a pickled object as NumPy did under Python 2."""
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        held = np.empty((), object)
        held[()] = value
        pickler = Python2Pickler(file, protocol=2)
        pickler.fast = True  # no memo: the encoded strings do not live long enough for one
        pickler.dump(held)
