"""The client and servers that are not TensorFlow Serving, or not at this port: one line each, and never a traceback."""

import concurrent.futures
import http.server
import socket
import threading
import time

import grpc
import pytest

from ser_tf import cli
from ser_tf.serving import client
from tests.serving import recordings


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers with the server's `status`, `content` and stated `length`, one byte each `pause` seconds."""

    def do_POST(self):  # noqa: N802 - the base class calls it so
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(self.server.length or len(self.server.content)))
        self.end_headers()
        for place in range(len(self.server.content) if self.server.pause else 0):
            time.sleep(self.server.pause)
            self.wfile.write(self.server.content[place : place + 1])
            self.wfile.flush()
        if not self.server.pause:
            self.wfile.write(self.server.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def rest():
    server = http.server.ThreadingHTTPServer(("localhost", 0), Answering)
    server.status, server.content, server.length, server.pause, server.paths = 200, b"", None, 0.0, []
    server.handle_error = lambda *_: None  # the client hangs up on purpose
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def rpc():
    """A gRPC server that has no service; its address."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield f"localhost:{port}"
    server.stop(None)


@pytest.fixture
def silent():
    """A port that accepts and says nothing; its address."""
    with socket.create_server(("localhost", 0)) as server:
        yield f"localhost:{server.getsockname()[1]}"


@pytest.fixture
def ask(tmp_path, capsys):
    """Calls the command; gives the status and the lines of errors."""
    recording = tmp_path / "one.wav"
    recording.write_bytes(recordings.PLAIN)

    def call(*flags, model="lld"):
        status = cli.status_of(client.main, [str(recording), "--model", model, *flags])
        shown = capsys.readouterr()
        assert shown.out == ""
        return status, shown.err.strip().splitlines()

    return call


def address_of(server):
    return f"localhost:{server.server_port}"


STRANGE = {
    "a page": (200, b"<!DOCTYPE html><html>Welcome to nginx!", "the answer is not TensorFlow Serving's; it begins"),
    "an empty object": (200, b"{}", "the answer is not TensorFlow Serving's; it begins with '{}'"),
    "nothing": (200, b"", "the answer is not TensorFlow Serving's"),
    "a list": (200, b"[1, 2]", "the answer is not TensorFlow Serving's"),
    "a number": (200, b'{"outputs": 5}', "the answer is not TensorFlow Serving's"),
    "brackets": (200, b"[" * 100_000, "the answer is not TensorFlow Serving's"),
    "half of it": (200, b'{"outputs": {"label": ["a', "the answer is not TensorFlow Serving's"),
    "bytes": (200, b"\xff\xfe\x00", "the answer is not TensorFlow Serving's"),
    "another model": (200, b'{"outputs": {"x": [1]}}', "the answer has no label, probabilities and error"),
    "ragged": (200, b'{"outputs": {"label": [["a"], []]}}', "the answer"),
    "no rows": (200, b'{"outputs": {"label": [], "probabilities": [], "error": []}}', "the answer has no label"),
    "text for numbers": (
        200, b'{"outputs": {"label": ["a"], "probabilities": ["x"], "error": [""]}}', "the answer has no label",
    ),
    "not found": (404, b'{"error": "Servable not found for request: Latest(lld)"}', "Servable not found for request"),
    "a page for an error": (502, b"<html>\n<title>502 Bad Gateway</title>", "<html> (HTTP 502)"),
    "no reason": (500, b"", "no reason given (HTTP 500)"),
    "a redirection": (301, b"", "no reason given (HTTP 301)"),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_answer_is_one_line(rest, ask, name):
    rest.status, rest.content, reason = STRANGE[name]
    status, errors = ask("--rest", "--address", address_of(rest))
    assert status == cli.BAD_INPUT and len(errors) == 1 and reason in errors[0] and len(errors[0]) < 300


@pytest.mark.parametrize("content", [b"", b'{"outputs": {"label": ["a', b'{"outputs": {}}'])
def test_a_cut_answer_is_one_line(rest, ask, content):
    rest.content, rest.length = content, 5000
    status, errors = ask("--rest", "--address", address_of(rest))
    assert (status, errors) == (cli.BAD_INPUT, [f"error: {address_of(rest)}: the answer is cut off"])


def test_a_grpc_port_asked_by_rest_is_one_line(rpc, ask):
    status, errors = ask("--rest", "--address", rpc)
    assert status == cli.BAD_INPUT and len(errors) == 1
    assert "no HTTP answer; a gRPC port is asked without --rest, and REST is usually at port 8501" in errors[0]


def test_a_rest_port_asked_by_grpc_is_one_line(rest, ask):
    status, errors = ask("--address", address_of(rest), "--timeout", "10")
    assert status == cli.BAD_INPUT and len(errors) == 1
    assert "no gRPC answer; a REST port is asked with --rest, and gRPC is usually at port 8500" in errors[0]


def test_another_grpc_server_is_one_line(rpc, ask):
    status, errors = ask("--address", rpc)
    assert (status, errors) == (cli.BAD_INPUT, [f"error: {rpc}: a gRPC server, but not TensorFlow Serving"])


@pytest.mark.parametrize("flags", [("--rest",), ()])
def test_a_server_that_says_nothing_is_given_up_in_time(silent, ask, flags):
    started = time.monotonic()
    status, errors = ask(*flags, "--address", silent, "--timeout", "0.5")
    assert status == cli.BAD_INPUT and len(errors) == 1 and time.monotonic() - started < 30
    assert "no answer within 0.5 s (--timeout)" in errors[0] or "no server answers" in errors[0]


def test_a_server_that_drips_is_given_up_in_time(rest, ask):
    rest.content, rest.pause = b" " * 1000, 0.1
    status, errors = ask("--rest", "--address", address_of(rest), "--timeout", "0.5")
    assert status == cli.BAD_INPUT and len(errors) == 1 and "answer within 0.5 s (--timeout)" in errors[0]


@pytest.mark.parametrize("name", ["my model", "a/b", "größe", "x\r\nHost: y", "?q=1#f"])
def test_names_of_models_are_quoted(rest, ask, name):
    rest.content = b"{}"
    _, errors = ask("--rest", "--address", address_of(rest), model=name)
    assert len(errors) == 1
    (path,) = rest.paths
    assert path.startswith("/v1/models/") and path.endswith(":predict") and not set(" \r\n?#") & set(path)


@pytest.mark.parametrize(
    "address",
    ["localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:abc", "http://localhost:8501", ":8501"]
    + ["localhost:8501/v1", "[::1", "a b:1", "localhost:-1", "x\ny:80", "localhost:٣"],
)
def test_bad_addresses_are_one_line(ask, address):
    status, errors = ask("--rest", "--address", address)
    assert status == cli.BAD_INPUT and len(errors) == 1 and "must be HOST:PORT, such as localhost:8501" in errors[0]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e9", "soon"])
def test_bad_time_limits_are_one_line(ask, seconds):
    status, errors = ask("--timeout", seconds)
    assert status == cli.BAD_INPUT and len(errors) == 1 and "--timeout" in errors[0]
