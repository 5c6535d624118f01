"""Asks a model that TensorFlow Serving serves, by REST or by gRPC.

    python -m ser_tf.serving.client recording.wav --model lld
    python -m ser_tf.serving.client recording.wav --model lld --rest --address localhost:8501

Recordings go as WAV files to the signature `wav_bytes`; the answer is printed as one JSON object a line. Neither way
needs TensorFlow's runtime, and REST needs nothing but Python and NumPy. The server refuses a whole request when one of
its recordings cannot be used, and says which.
"""

import argparse
import base64
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf import cli
from ser_tf.errors import UserError
from ser_tf.serving import requests

GRPC_ADDRESS, REST_ADDRESS = "localhost:8500", "localhost:8501"
MOST_BYTES = 256 * 2**20
"""Of a gRPC message; gRPC's own limit of 4 MB is two minutes of audio."""
TIMEOUT_SECONDS = 60.0


def ask_rest(
    address: str, model: str, inputs: Mapping[str, np.ndarray], signature: str = "wav_bytes"
) -> dict[str, np.ndarray]:
    """Asks by REST.

    Args:
        address: Host and port.
        model: Its name on the server.
        inputs: Of the signature, by name; see `ser_tf.serving.requests`.
        signature: The signature.

    Returns:
        The outputs by name; strings as text.

    Raises:
        UserError: the server is not there, or refuses the request; says why.
    """
    columns = {name: _json_value(value) for name, value in inputs.items()}
    body = json.dumps({"signature_name": signature, "inputs": columns}).encode()
    question = urllib.request.Request(
        f"http://{address}/v1/models/{model}:predict", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(question, timeout=TIMEOUT_SECONDS) as response:
            outputs = json.load(response)["outputs"]
    except urllib.error.HTTPError as error:
        raise UserError(f"{address}: {_reason(error.read().decode(errors='replace'))}") from None
    except OSError as error:
        raise UserError(f"{address}: no server answers ({getattr(error, 'reason', error)})") from None
    return {name: np.asarray(value) for name, value in outputs.items()}


def _json_value(array: np.ndarray) -> Any:
    """Nested lists; bytes as TensorFlow Serving wants them."""
    if array.dtype != object:
        return array.tolist()
    return [
        _json_value(one) if isinstance(one, np.ndarray) else {"b64": base64.b64encode(one).decode()} for one in array
    ]


def _reason(text: str) -> str:
    try:
        text = str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        pass
    found = text.split("assertion failed: [", 1)
    return (found[1].split("]")[0] if len(found) > 1 else text.splitlines()[0] if text else "no reason given").strip()


def ask_grpc(
    address: str, model: str, inputs: Mapping[str, np.ndarray], signature: str = "wav_bytes"
) -> dict[str, np.ndarray]:
    """Asks by gRPC; arguments, result and errors as for `ask_rest`."""
    import grpc
    from tensorflow import make_ndarray, make_tensor_proto
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    question = predict_pb2.PredictRequest()
    question.model_spec.name, question.model_spec.signature_name = model, signature
    for name, value in inputs.items():
        question.inputs[name].CopyFrom(make_tensor_proto(value))
    limits = [("grpc.max_send_message_length", MOST_BYTES), ("grpc.max_receive_message_length", MOST_BYTES)]
    with grpc.insecure_channel(address, limits) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            answer = stub.Predict(question, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                raise UserError(f"{address}: no server answers") from None
            raise UserError(f"{address}: {_reason(error.details() or error.code().name)}") from None
    arrays = {name: make_ndarray(proto) for name, proto in answer.outputs.items()}
    return {name: value.astype(str) if value.dtype == object else value for name, value in arrays.items()}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m ser_tf.serving.client", description=__doc__)
    parser.add_argument("audio", nargs="+", type=Path, metavar="WAV", help="WAV files")
    parser.add_argument("--model", required=True, metavar="NAME", help="the model's name on the server")
    parser.add_argument("--rest", action="store_true", help="ask by REST (default: gRPC)")
    parser.add_argument(
        "--address", metavar="HOST:PORT", help=f"of the server (default: {GRPC_ADDRESS}, REST: {REST_ADDRESS})"
    )
    parser.add_argument("--alignment", type=Path, metavar="DIR", help="TextGrid or CTM files, for models of words")
    return parser.parse_args(argv)


def inputs_for(path: Path, alignment: Path | None) -> dict[str, np.ndarray]:
    """Inputs of `wav_bytes` for one file.

    Raises:
        UserError: the file or its alignment cannot be read.
    """
    from ser_tf.papers.lee2020.alignment import read_alignments, spoken_words

    try:
        inputs = requests.of_files([path.read_bytes()])
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if alignment is None:
        return inputs
    alignments = read_alignments(alignment)
    if path.stem not in alignments:
        raise UserError(f"{alignment}: has neither {path.stem}.TextGrid nor a CTM with {path.stem}")
    return inputs | requests.of_words([spoken_words(alignments[path.stem])])


def main(argv: list[str]) -> int:
    """Asks about each recording by itself and prints the answers; returns the exit status."""
    flags = parse(argv)
    ask, address = (ask_rest, REST_ADDRESS) if flags.rest else (ask_grpc, GRPC_ADDRESS)
    failed = 0
    for path in flags.audio:
        try:
            outputs = ask(flags.address or address, flags.model, inputs_for(path, flags.alignment))
        except UserError as error:
            print(f"error: {path}: {error}", file=sys.stderr)
            failed += 1
            continue
        answer = {"file": str(path), **{name: outputs[name][0].tolist() for name in ("label", "probabilities")}}
        print(json.dumps(answer), flush=True)
    return cli.DONE if not failed else cli.BAD_INPUT if failed == len(flags.audio) else cli.FAILED


if __name__ == "__main__":
    cli.run(main)
