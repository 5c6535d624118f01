"""The digest of a row's code: what changes it, and what does not."""

import functools
import importlib
import sys

import pytest

from ser_tf import code_digest, papers

PAPER = {
    "paper.py": """
def _fit(context, kind):
    from ser_tf.papers.digested import systems

    return systems.fit(context, kind)


def _fit_other(context):
    from ser_tf.papers.digested import systems

    return systems.fit_other(context)
""",
    "systems.py": """
from ser_tf.layers.pooling import MaskedMean
from ser_tf.papers.digested import networks
from ser_tf.papers.digested.ledger import Ledger

RATE = 1e-3  # why


def fit(context: Ledger, kind: str) -> float:
    \"\"\"Trains.\"\"\"
    return networks.build(kind) * RATE


def fit_other(context: Ledger) -> float:
    return MaskedMean().value
""",
    "networks.py": "UNITS = 128\nUNUSED = 1\n\n\ndef build(kind):\n    return UNITS\n",
    "ledger.py": "class Ledger:\n    svm_c = 1\n",
}


@pytest.fixture
def digests(tmp_path, monkeypatch):
    """A function that writes a paper with changed files and gives the digests of its two rows."""
    folder = tmp_path / "digested"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(papers, "__path__", [*papers.__path__, str(tmp_path)])

    def of(kind="lld", **changes):
        for name, text in PAPER.items():
            stem = name.removesuffix(".py")
            old, new = changes.get(stem, ("", ""))
            assert old in text
            (folder / name).write_text(text.replace(old, new))
        for cached in (code_digest.digest_of, code_digest._parsed, code_digest._path):
            cached.cache_clear()
        for name in [name for name in sys.modules if name.startswith("ser_tf.papers.digested")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        paper = importlib.import_module("ser_tf.papers.digested.paper")
        first = functools.partial(paper._fit, kind=kind)
        return code_digest.digest_of(first), code_digest.digest_of(paper._fit_other)

    return of


@pytest.mark.parametrize(
    ("change", "sees"),
    [
        ({"networks": ("128", "4")}, (True, False)),
        ({"systems": ("1e-3", "1e-4")}, (True, False)),
        ({"systems": ("MaskedMean().value", "2")}, (False, True)),
        ({"networks": ("UNUSED = 1", "UNUSED = 2")}, (False, False)),
        ({"systems": ("# why", "# because")}, (False, False)),
        ({"systems": ("Trains.", "Trains a network.")}, (False, False)),
        ({"systems": ("kind: str", "kind: object")}, (False, False)),
        ({"ledger": ("svm_c = 1", "svm_c = 2")}, (False, False)),
        ({"kind": "spectral"}, (True, False)),
    ],
    ids=str,
)
def test_a_change_is_seen_by_the_rows_that_can_reach_it(digests, change, sees):
    before = digests()
    after = digests(**change)
    assert tuple(old != new for old, new in zip(before, after, strict=True)) == sees
    assert digests() == before


def test_every_row_reaches_its_systems():
    for key in papers.keys():
        for row in papers.load(key).systems.values():
            function = row.fit
            while isinstance(function, functools.partial):
                function = function.func
            modules = {module for module, _ in code_digest.reached(function.__module__, function.__qualname__)}
            if row.origin == "baseline":
                assert "ser_tf.training.baselines" in modules and "ser_tf.training.loop" not in modules
                continue
            assert any(module.startswith("ser_tf.papers") and not module.endswith(".paper") for module in modules)
            assert {"ser_tf.features.framing", "ser_tf.data.pipeline"} <= modules, row.key


def test_what_a_row_of_mirsamadi2017_reaches():
    def rooms(key):
        function = papers.load("mirsamadi2017").systems[key].fit.func
        return {f"{module}:{name}" for module, name in code_digest.reached(function.__module__, function.__qualname__)}

    assert "ser_tf.papers.mirsamadi2017.networks:LSTM_UNITS" in rooms("lld_weighted_pool")
    assert not any(":LSTM_UNITS" in name for name in rooms("svm_full") | rooms("dnn_full"))
    assert "ser_tf.training.loop:fit" in rooms("dnn_full")


def test_the_same_code_has_the_same_digest_on_every_python(digests):
    assert digests()[0] == "06770a299778f3cffc9af73453c3ef75a91f10342c2bab68487e436f107b40a6"
