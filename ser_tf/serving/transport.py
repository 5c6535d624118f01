"""Requests to TensorFlow Serving by REST and by gRPC, and one sentence for whatever comes back instead of an answer."""

import base64
import contextlib
import http.client
import json
import os
import socket
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.errors import UserError
from ser_tf.serving import server_address

MAX_BYTES = 256 * 2**20
"""Largest message either way; gRPC's own limit of 4 MB is two minutes of audio."""
TIMEOUT_SECONDS = 60.0
_STRANGERS = (http.client.BadStatusLine, ConnectionError)  # a gRPC server answers HTTP/1 with frames, or hangs up


class ServerError(UserError):
    """There is nothing to ask at this address: the next request would fail like this one."""


def ask_rest(
    address: str,
    model: str,
    inputs: Mapping[str, npt.NDArray[Any]],
    signature: str = "wav_bytes",
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> dict[str, npt.NDArray[Any]]:
    """Asks by REST.

    Args:
        address: Host and port.
        model: Its name on the server.
        inputs: Inputs of the signature by name; see `ser_tf.serving.requests`.
        signature: The signature.
        timeout_seconds: When to give up on the whole answer.

    Returns:
        The outputs by name; strings as text.

    Raises:
        ServerError: no TensorFlow Serving with this model answers there.
        UserError: the server refuses the request; says why.
    """
    columns = {name: _json_value(value) for name, value in inputs.items()}
    body = json.dumps({"signature_name": signature, "inputs": columns}).encode()
    path = f"/v1/models/{urllib.parse.quote(os.fsencode(model), safe='')}:predict"
    status, content = _post(address, path, body, timeout_seconds)
    if status == http.client.NOT_FOUND:
        raise ServerError(_reason(content))
    if status != http.client.OK:
        raise UserError(f"{_reason(content)} (HTTP {status})")
    try:
        return {name: np.asarray(value) for name, value in json.loads(content)["outputs"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        start = content[:40].decode(errors="replace")
        raise ServerError(f"the answer is not TensorFlow Serving's; it begins with {start!r}") from None


def _post(address: str, path: str, body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
    """Posts a body and gives status and content of the answer; nothing takes longer than the time limit."""
    host, port = server_address.split(address)
    connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    late = threading.Event()

    def give_up(of: socket.socket) -> None:
        late.set()
        with contextlib.suppress(OSError):  # closed in this moment
            of.shutdown(socket.SHUT_RDWR)

    try:
        connection.connect()
        # A socket's own limit starts again with every byte that arrives.
        timer = threading.Timer(timeout_seconds, give_up, [connection.sock])
        timer.daemon = True
        timer.start()
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read(MAX_BYTES + 1)
        finally:
            timer.cancel()
    except (http.client.HTTPException, OSError) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise ServerError(f"no answer within {timeout_seconds:g} s (--timeout)") from None
        raise ServerError(_failure(error)) from None
    finally:
        connection.close()
    if late.is_set():
        raise ServerError(f"no whole answer within {timeout_seconds:g} s (--timeout)")
    if len(content) > MAX_BYTES:
        raise ServerError(f"the answer is longer than {MAX_BYTES} bytes")
    if response.length:  # what is still to come; reading a number of bytes ends in silence where the connection does
        raise ServerError("the answer is cut off")
    return response.status, content


def _failure(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "the answer is cut off"
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return f"no server answers ({error.strerror})"
    if isinstance(error, _STRANGERS):
        return "no HTTP answer; a gRPC port is asked without --rest, and REST is usually at port 8501"
    return f"no server answers ({getattr(error, 'strerror', None) or error or type(error).__name__})"


def _json_value(array: npt.NDArray[Any]) -> Any:
    """Converts to nested lists; bytes as TensorFlow Serving wants them."""
    if array.dtype != object:
        return array.tolist()
    return [
        _json_value(item) if isinstance(item, np.ndarray) else {"b64": base64.b64encode(item).decode()}
        for item in array
    ]


def _reason(content: bytes) -> str:
    """Finds the server's explanation in an answer: one line."""
    text = content.decode(errors="replace")
    try:
        text = str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # not the JSON of TensorFlow Serving: its own words are shown
    return _first_line(text)


def _first_line(text: str) -> str:
    _, found, assertion = text.partition("assertion failed: [")
    lines = (assertion.split("]")[0] if found else text).split("\n")
    return next((line.strip()[:200] for line in lines if line.strip()), "no reason given")


def ask_grpc(
    address: str,
    model: str,
    inputs: Mapping[str, npt.NDArray[Any]],
    signature: str = "wav_bytes",
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> dict[str, npt.NDArray[Any]]:
    """Asks by gRPC; arguments, result and errors as for `ask_rest`."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its notes would stand between the answers
    import grpc
    from tensorflow import make_ndarray, make_tensor_proto
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    server_address.split(address)
    question = predict_pb2.PredictRequest()
    question.model_spec.name, question.model_spec.signature_name = model, signature
    for name, value in inputs.items():
        question.inputs[name].CopyFrom(make_tensor_proto(value))
    options = [
        ("grpc.max_send_message_length", MAX_BYTES),
        ("grpc.max_receive_message_length", MAX_BYTES),
        ("grpc.enable_http_proxy", 0),
    ]
    with grpc.insecure_channel(address, options) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            answer = stub.Predict(question, timeout=timeout_seconds)
        except grpc.RpcError as error:
            raise _grpc_error(error.code(), error.details() or "", timeout_seconds) from None
    try:
        arrays = {name: make_ndarray(proto) for name, proto in answer.outputs.items()}
    except (TypeError, ValueError):
        raise ServerError("the answer has tensors that cannot be read") from None
    return {name: value.astype(str) if value.dtype == object else value for name, value in arrays.items()}


def _grpc_error(code: Any, details: str, timeout_seconds: float) -> UserError:
    import grpc

    unavailable = {
        grpc.StatusCode.DEADLINE_EXCEEDED: f"no answer within {timeout_seconds:g} s (--timeout)",
        grpc.StatusCode.UNIMPLEMENTED: "a gRPC server, but not TensorFlow Serving",
    }
    if code in unavailable:
        return ServerError(unavailable[code])
    if code == grpc.StatusCode.UNAVAILABLE:
        if "http1" in details.lower() or "settings frame" in details.lower():
            return ServerError("no gRPC answer; a REST port is asked with --rest, and gRPC is usually at port 8500")
        return ServerError("no server answers")
    reason = _first_line(details or code.name)
    return ServerError(reason) if code == grpc.StatusCode.NOT_FOUND else UserError(reason)
