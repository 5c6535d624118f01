"""A headless Chromium that tests drive over a pipe, by the DevTools protocol; no further package is needed."""

import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-sync", "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
READ_FD, WRITE_FD = 3, 4
"""The descriptors at which Chromium reads commands and writes answers."""
TIMEOUT_SECONDS = 60


def find():
    """The path of a browser, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab; `events` collects what the page logs and every request that it makes."""

    def __init__(self, path):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        their_read, self.write = os.pipe()
        self.read, their_write = os.pipe()
        # Above the two descriptors that they become in the child, so that none overwrites the other.
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (their_read, their_write)]

        def place():
            for fd, wanted in zip(theirs, (READ_FD, WRITE_FD), strict=True):
                os.dup2(fd, wanted)

        self.process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={self.folder.name}", "about:blank"],
            close_fds=False, preexec_fn=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in (*theirs, their_read, their_write):
            os.close(fd)
        self.numbers, self.buffer, self.events, self.session = itertools.count(1), b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        os.close(self.write)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read)
        self.folder.cleanup()

    def call(self, method, **params):
        """Sends a command and returns its result."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data) :]
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)
        raise TimeoutError(method)

    def _receive(self):
        while b"\0" not in self.buffer:
            data = os.read(self.read, 1 << 16)
            assert data, "the browser has ended"
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def size(self, width, height=800):
        """The window's size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def media(self, medium="screen", scheme="light"):
        """Screen or print, light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=medium, features=[feature])

    def open(self, path):
        """Loads a file and waits for it."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        while self.run("location.protocol + document.readyState") != "file:complete":
            time.sleep(0.05)

    def complaints(self):
        """What the console shows as a warning or an error, and exceptions."""
        found = [
            event["params"]["entry"]["text"]
            for event in self.events
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("warning", "error")
        ]
        found += [
            str(event["params"]["args"])
            for event in self.events
            if event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in ("warning", "error")
        ]
        return found + [str(e["params"]) for e in self.events if e["method"] == "Runtime.exceptionThrown"]

    def requests(self):
        """Addresses that the page asked for, pictures that it carries left out."""
        urls = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("data:")]
