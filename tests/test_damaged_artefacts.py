"""Damaged files of every kind, by every reader: one line that names the file and says what to do, never a traceback."""

import copy
import itertools
import json
import random
import shutil
import time

import pytest

from ser_tf.errors import UserError
from tests import artefacts
from tests.corpora import fuzzing

REMEDIES = ("again", "delete", "give ", "there are none", "no exported model", "not a model of ser_tf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole") / "runs"
    artefacts.write_all(root)
    return root


@pytest.fixture
def root(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "runs")


def _flip(content, place):
    changed = bytearray(content)
    changed[place] ^= 0x10
    return bytes(changed)


DAMAGES = {
    "half": lambda content: content[: len(content) // 2],
    "one byte short": lambda content: content[:-1],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "zeros at the end": lambda content: content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
    "a flipped bit": lambda content: _flip(content, 0),
    "a flipped bit inside": lambda content: _flip(content, len(content) // 2),
    "not UTF-8": lambda content: b"\xff\xfe\x00" + content,
    "another type": lambda content: b'["text", 1]',
    "another object": lambda content: b'{"version": 99}',
    "a number": lambda content: b"9" * 5000,
    "brackets": lambda content: b"[" * 100_000,
    "text": lambda content: b"<html><body>502 Bad Gateway</body></html>\n",
}
ENDS_WITH_A_LINE = ("fold result", "fold result of a model", "summary", "summary in a figure", "card")
ENDS_WITH_A_LINE += ("checksums of a store",)
HARMLESS = {"one byte short": ENDS_WITH_A_LINE}
"""Damages after which everything can still be read."""


def refusal(name, root):
    """Why the reader refuses, or None; the message is checked."""
    try:
        artefacts.READERS[name][1](root)
    except UserError as error:
        message = str(error)
        assert str(root) in message and "\n" not in message, message
        heals_itself = name.endswith("of a store")
        assert heals_itself or any(remedy in message for remedy in REMEDIES), message
        return message
    return None


@pytest.mark.parametrize("name", artefacts.READERS)
def test_whole_artefacts_are_read(name, root):
    if name != "summary in a figure":  # made up, without a matrix of this row
        assert refusal(name, root) is None


@pytest.mark.parametrize("name", artefacts.READERS)
def test_every_damage_is_one_line_that_names_the_file(name, root):
    path = root / artefacts.READERS[name][0]
    content = path.read_bytes()
    for damage, of in DAMAGES.items():
        path.write_bytes(of(content))
        said = refusal(name, root)
        unharmed = name in (*artefacts.PATIENT, *HARMLESS.get(damage, ())) or path.read_bytes() == content
        assert unharmed or said is not None or damage.startswith("a flipped"), damage
    for missing in ("gone", "a folder"):
        artefacts.remove(path)
        if missing == "a folder":
            path.mkdir()
        assert refusal(name, root) is not None or name in artefacts.PATIENT, missing


def _changed(document):
    """Every document that lacks one key, or has a value of another type in it; of lists the first entry."""
    for place in list(_places(document)):
        for value in (None, "text", -1, 0.5, [], {}, True):
            yield _with(document, place, lambda parent, key, value=value: parent.__setitem__(key, value))
        yield _with(document, place, lambda parent, key: parent.__delitem__(key))


def _places(value, place=()):
    for key in value if isinstance(value, dict) else range(min(len(value), 1)):
        yield (*place, key)
        if isinstance(value[key], dict | list):
            yield from _places(value[key], (*place, key))


def _with(document, place, change):
    changed = copy.deepcopy(document)
    parent = changed
    for key in place[:-1]:
        parent = parent[key]
    change(parent, place[-1])
    return changed


@pytest.mark.parametrize("name", ["fold result of a model", "manifest", "card", "stage", "card of an export"])
def test_missing_keys_and_other_types_are_read_or_refused(name, root):
    path = root / artefacts.READERS[name][0]
    document = json.loads(path.read_text())
    if name in ("card", "fold result of a model"):
        document = dict(sorted(document.items(), key=lambda item: item[0] != "record"))
    for changed in _changed(document):
        path.write_text(json.dumps(changed))
        refusal(name, root)


@pytest.mark.parametrize("name", artefacts.READERS)
def test_mutated_artefacts_are_read_or_refused(name, root):
    path = root / artefacts.READERS[name][0]
    content = path.read_bytes()
    until = time.monotonic() + fuzzing.seconds() / len(artefacts.READERS)
    for number in itertools.count():
        if time.monotonic() > until and number >= 10:
            return
        path.write_bytes(fuzzing.mutate(content, random.Random(f"{name} {number}")))
        try:
            with fuzzing.limited():
                refusal(name, root)
        except BaseException as error:
            raise AssertionError(f"input {number}: {type(error).__name__}: {error}") from error
