"""The client against servers that answer with an exported model as TensorFlow Serving does: by REST and by gRPC."""

import base64
import concurrent.futures
import http.server
import json
import threading

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from ser_tf import cli
from ser_tf.errors import UserError
from ser_tf.papers.lee2020.alignment import read_alignments
from ser_tf.serving import client, requests, transport
from ser_tf.serving.transport import ServerError
from tests.serving import recordings

pytestmark = pytest.mark.slow  # it trains

FILES = [recordings.wav(recordings.signal(seconds)) for seconds in (0.4, 0.9)]


@pytest.fixture(scope="module")
def predict(exported):
    """The exported model as a function of signature and inputs; what it refuses is a ValueError."""
    loaded = tf.saved_model.load(str(exported[0]))

    def call(signature, inputs):
        try:
            answer = loaded.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(error.message) from None
        return {name: value.numpy() for name, value in answer.items()}

    return call


@pytest.fixture(scope="module")
def rest(predict):
    """A server that speaks TensorFlow Serving's REST in columns; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802 - the base class calls it so
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/models/lld:predict" and body.keys() == {"signature_name", "inputs"}
            inputs = {name: decoded(value) for name, value in body["inputs"].items()}
            try:
                outputs = predict(body["signature_name"], inputs)
                status, answer = 200, {"outputs": {name: encoded(value) for name, value in outputs.items()}}
            except ValueError as error:
                status, answer = 400, {"error": str(error)}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    def decoded(value):
        if isinstance(value, dict):
            return base64.b64decode(value["b64"])
        return [decoded(one) for one in value] if isinstance(value, list) else value

    def encoded(value):
        return [one.decode() for one in value] if value.dtype == object else value.tolist()

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def rpc(predict):
    """A server of TensorFlow Serving's prediction service; its address."""

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802 - the protocol's name
            inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
            try:
                outputs = predict(request.model_spec.signature_name, inputs)
            except ValueError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            answer = predict_pb2.PredictResponse()
            for name, value in outputs.items():
                answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return answer

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield f"localhost:{port}"
    server.stop(None)


def test_both_ways_give_the_models_answer(rest, rpc, predict):
    inputs = requests.of_files(FILES)
    expected = predict("wav_bytes", inputs)
    for found in (client.ask_rest(rest, "lld", inputs), client.ask_grpc(rpc, "lld", inputs)):
        assert found.keys() == expected.keys()
        assert found["label"].tolist() == [one.decode() for one in expected["label"]]
        np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=1e-6)
    waveforms = requests.of_waveforms([recordings.signal(0.4)[:, 0]])
    for found in (
        client.ask_rest(rest, "lld", waveforms, "serving_default"),
        client.ask_grpc(rpc, "lld", waveforms, "serving_default"),
    ):
        np.testing.assert_allclose(found["probabilities"][0], expected["probabilities"][0], atol=1e-3)  # 16-bit file


def test_a_bad_recording_has_an_error_of_its_own(rest, rpc):
    inputs = requests.of_files([FILES[0], b"text"])
    for ask, address in ((client.ask_rest, rest), (client.ask_grpc, rpc)):
        assert ask(address, "lld", inputs)["error"].tolist() == ["", "it is not a RIFF/WAVE file"]


def test_a_malformed_request_is_refused(rest, rpc):
    waveforms = requests.of_waveforms([recordings.signal(0.4)[:, 0]] * 2)
    waveforms["num_samples"] = waveforms["num_samples"][:1]
    for ask, address in ((client.ask_rest, rest), (client.ask_grpc, rpc)):
        with pytest.raises(UserError, match="the inputs differ in their batch size"):
            ask(address, "lld", waveforms, "serving_default")


def test_without_a_server_it_is_one_line():
    for ask in (client.ask_rest, client.ask_grpc):
        with pytest.raises(ServerError, match="no server answers"):
            ask("localhost:1", "lld", requests.of_files(FILES))


@pytest.mark.parametrize("way", ["rest", "rpc"])
def test_the_command(request, way, tmp_path, capsys):
    for name, contents in (("good.wav", FILES[0]), ("bad.wav", b"text")):
        (tmp_path / name).write_bytes(contents)
    flags = ["--model", "lld", "--address", request.getfixturevalue(way), *(["--rest"] if way == "rest" else [])]
    assert cli.status_of(client.main, [str(tmp_path / "good.wav"), *flags]) == cli.DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer["label"] in ("angry", "happy", "sad", "neutral") and len(answer["probabilities"]) == 4
    both = [str(tmp_path / name) for name in ("good.wav", "bad.wav")]
    assert cli.status_of(client.main, [*both, *flags]) == cli.FAILED
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1 and "bad.wav" in shown.err and "not a RIFF/WAVE file" in shown.err
    assert cli.status_of(client.main, [str(tmp_path / "gone.wav"), *flags]) == cli.BAD_INPUT


def test_words_travel_with_a_recording(tmp_path):
    (tmp_path / "one.wav").write_bytes(FILES[0])
    (tmp_path / "all.ctm").write_text("one 1 0.0 0.2 Ja\none 1 0.2 0.1 <sil>\n")
    alignments = read_alignments(tmp_path)
    inputs = client.inputs_for(tmp_path / "one.wav", alignments)
    assert inputs["words"].tolist() == [[b"ja"]] and inputs["num_words"].tolist() == [1]
    assert transport._json_value(inputs["words"]) == [[{"b64": base64.b64encode(b"ja").decode()}]]
    (tmp_path / "two.wav").write_bytes(FILES[0])
    with pytest.raises(UserError, match="--alignment has no alignment of two"):
        client.inputs_for(tmp_path / "two.wav", alignments)
