"""Who may import whom (the arrows of the design), read from the source without running it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in ("ser_tf", "experiments", "figures")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
BASE = {
    "errors",
    "native_messages",
    "files",
    "documents",
    "interruption",
    "labels",
    "cli",
    "code_digest",
    "audio_limits",
    "",
}
"""What everyone may import; the last is the package itself."""
MAY_IMPORT = {
    "errors": set(),
    "native_messages": set(),
    "files": set(),
    "documents": set(),
    "interruption": set(),
    "labels": set(),
    "cli": set(),
    "code_digest": set(),
    "audio_limits": set(),
    "": set(),
    "corpora": set(),
    "features": set(),
    "data": {"features", "corpora"},
    "layers": {"features"},
    "evaluation": {"data"},
    "protocol": {"evaluation", "data", "features", "corpora"},
    "asr": {"protocol", "data", "features", "corpora"},
    "training": {"protocol", "data", "features", "corpora"},
    "drawing": {"protocol", "data", "corpora"},
    "papers": {"asr", "layers", "training", "drawing", "protocol", "evaluation", "data", "features", "corpora"},
    "serving": {"asr", "papers", "drawing", "evaluation", "features", "corpora", "data", "protocol"},
    "compare": {"papers", "training", "protocol", "evaluation", "corpora"},
    "report": {"papers", "protocol", "evaluation"},
    "predict": {"asr", "serving", "drawing", "papers", "features", "data"},
    "__main__": {"papers", "protocol"},
}
"""Room of `ser_tf` -> the rooms that it may import besides `BASE` and itself."""
PAPERS = ("ando2019", "lee2020", "mao2020", "mirsamadi2017", "zhang2018")
HEAVY = {"tensorflow", "keras", "tensorflow_io"}


def imported(path, source=None):
    """Names of the modules that a file imports, at its head or inside functions, `from a import b` as a and a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text() if source is None else source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


def room(module):
    """`ser_tf.data.audio` -> `data`; None outside of ser_tf."""
    package, *inside = module.split(".")
    if package != "ser_tf":
        return None
    exists = inside and ((ROOT / "ser_tf" / inside[0]).is_dir() or f"ser_tf.{inside[0]}" in MODULES)
    return inside[0] if exists else ""


def test_reading_imports_finds_them_all():
    source = "import a.b\nfrom c import d\ndef f():\n    from e.f import g\n    import h as i"
    assert imported(None, source) == {"a.b", "c", "c.d", "e.f", "e.f.g", "h"}
    assert room("ser_tf.data.audio.read") == "data" and room("ser_tf.errors.UserError") == "errors"
    assert room("ser_tf.__version__") == "" and room("ser_tf") == "" and room("numpy") is None


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) == "papers"])
def test_no_paper_imports_another(module):
    own = module.split(".")[2:3]
    others = {name.split(".")[2] for name in imported(MODULES[module]) if name.startswith("ser_tf.papers.")}
    assert others <= set(own)


def reached(starts):
    """Modules that are imported, directly or not, at the head of a module or inside of functions."""
    found, waiting = set(), list(starts)
    while waiting:
        module = waiting.pop()
        if module in MODULES and module not in found:
            found.add(module)
            waiting += imported(MODULES[module])
    return found


def test_what_serves_one_paper_lies_in_its_folder():
    """Outside of `papers`, a module is reached from two papers or more, from none, or serves a shared room as well."""
    by = {
        paper: reached(module for module in MODULES if module.startswith(f"ser_tf.papers.{paper}")) for paper in PAPERS
    }
    shared = [module for module in MODULES if module.startswith("ser_tf") and room(module) != "papers"]
    of_rooms = set().union(*(imported(MODULES[module]) for module in shared))
    for module in shared:
        users = [paper for paper, modules in by.items() if module in modules]
        is_package = MODULES[module].name == "__init__.py"
        serves_others = is_package or room(module) == "corpora" or module in of_rooms  # a corpus is found by its name
        assert len(users) != 1 or serves_others, f"{module} serves {users[0]} only"


def test_every_room_has_its_arrows():
    assert {room(module) for module in MODULES if room(module) is not None} <= MAY_IMPORT.keys()
    assert len(MODULES) > 50


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("ser_tf")])
def test_arrows_point_one_way(module):
    names = imported(MODULES[module])
    own = room(module)
    for name in names:
        assert name.split(".")[0] not in ("experiments", "figures", "tests"), f"{module} imports {name}"
        other = room(name)
        if other is not None and other != own:
            assert other in BASE | MAY_IMPORT[own], f"{module} imports {name}"


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in ("corpora", "evaluation")])
def test_no_tensorflow_in_corpora_and_evaluation(module):
    assert not HEAVY & {name.split(".")[0] for name in imported(MODULES[module])}


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) == "features"])
def test_features_are_functions_of_waveforms_without_files(module):
    assert not {"pathlib", "tensorflow_io", "soundfile"} & imported(MODULES[module])


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("figures")])
def test_figures_never_train(module):
    names = imported(MODULES[module])
    training = ("experiments", "ser_tf.training", "ser_tf.protocol.executors")
    assert not [name for name in names if name.startswith(training)]


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_under_300_lines(module):
    assert len(MODULES[module].read_text().splitlines()) < 300


def test_corpora_do_not_bring_tensorflow_along():
    lines = "import sys; import ser_tf.corpora.emodb, ser_tf.corpora.iemocap, ser_tf.corpora.validate;"
    shown = subprocess.run(
        [sys.executable, "-c", f"{lines} print(sorted({HEAVY!r} & set(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("flag", ["--help", "--list", "--nonsense"])
def test_answers_without_training_do_not_wait_for_imports(flag):
    slow = HEAVY | {"sklearn", "matplotlib", "librosa", "scipy.signal", "scipy.stats"}
    lines = f"""
import sys
from ser_tf import __main__, cli
try:
    cli.status_of(__main__.main, ["table", "mirsamadi2017", "3", {flag!r}])
except SystemExit:
    pass
print(sorted({slow!r} & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert shown.stdout.splitlines()[-1:] == ["[]"], shown.stderr
