"""Runs a SavedModel as TensorFlow Serving does, in a process that has TensorFlow and nothing of this project.

    python -I fresh_process.py MODEL REQUESTS ANSWERS

Loads the graph with tag `serve` and its signatures into a session, no Python objects; Keras, ser_tf and tensorflow-io
cannot be imported. REQUESTS is JSON, a list of `{"signature", "inputs": {name: TensorProto in base64}}`. ANSWERS is
`{"answers": [{"outputs": {name: TensorProto in base64}} or {"error": text}], "ops": [names], "foreign": [names]}`.
Foreign operations are those that core TensorFlow has no CPU kernel for, and those that call Python.
"""

import base64
import json
import pathlib
import sys
from typing import Any

if __name__ == "__main__":
    for _name in ("ser_tf", "keras", "tf_keras", "tensorflow_io"):
        sys.modules[_name] = None  # type: ignore[assignment]  # importing it raises ImportError

import tensorflow as tf  # noqa: E402
from tensorflow.core.framework import tensor_pb2  # noqa: E402
from tensorflow.python.framework import kernels  # noqa: E402

PYTHON_OPS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


def operations(graph_def: Any) -> list[str]:
    """All operations of a graph and of the functions in it, apart from calls of these functions."""
    nodes = [*graph_def.node, *(node for function in graph_def.library.function for node in function.node_def)]
    functions = {function.signature.name for function in graph_def.library.function}
    return sorted({node.op for node in nodes} - functions)


def is_foreign(operation: str) -> bool:
    """Whether a server without this project could not run an operation."""
    devices = {kernel.device_type for kernel in kernels.get_registered_kernels_for_op(operation).kernel}
    return operation in PYTHON_OPS or not devices & {"CPU", "DEFAULT"}


def _answer(session: Any, signature: Any, inputs: dict[str, str]) -> dict[str, Any]:
    fetches = {name: tensor.name for name, tensor in signature.outputs.items()}
    feeds = {
        signature.inputs[name].name: tf.make_ndarray(tensor_pb2.TensorProto.FromString(base64.b64decode(text)))
        for name, text in inputs.items()
    }
    try:
        outputs = session.run(fetches, feeds)
    except tf.errors.OpError as error:
        return {"error": error.message}
    return {
        "outputs": {
            name: base64.b64encode(tf.make_tensor_proto(value).SerializeToString()).decode()
            for name, value in outputs.items()
        }
    }


def main(model: str, requests: str, answers: str) -> None:
    """Answers all requests."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta_graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], model)
        with pathlib.Path(requests).open() as file:
            asked = json.load(file)
        found = [_answer(session, meta_graph.signature_def[one["signature"]], one["inputs"]) for one in asked]
    ops = operations(meta_graph.graph_def)
    with pathlib.Path(answers).open("w") as file:
        json.dump({"answers": found, "ops": ops, "foreign": [one for one in ops if is_foreign(one)]}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
