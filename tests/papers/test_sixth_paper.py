"""A paper in a folder of its own: it trains, tabulates, draws, predicts and exports without an edit elsewhere."""

import json
import sys

import pytest
from matplotlib import image

from ser_tf import cli, papers
from ser_tf.__main__ import main

pytestmark = pytest.mark.slow  # it trains

FILES = {
    "__init__.py": '''
"""Somebody, 2030: mean pooling over a dense layer, with attention."""

from ser_tf.papers.somebody2030.paper import PAPER

__all__ = ["PAPER"]
''',
    "ledger.py": '''
import dataclasses

from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    units: int = assumption(8, "not stated: units of the dense layer", minimum=1)
''',
    "paper.py": """
from ser_tf.corpora.task import Task
from ser_tf.papers.somebody2030.ledger import Ledger
from ser_tf.protocol import folds
from ser_tf.protocol.paper import Figure, Paper, System, Table
from ser_tf.training import baselines


def task(ledger):
    return Task("somebody2030", ("happy", "sad", "neutral", "angry"))


def make_folds(utterances, ledger, seed):
    return folds.by_session(utterances, seed)


def _fit(context):
    from ser_tf.papers.somebody2030 import systems

    return systems.fit(context)


def _features(ledger):
    from ser_tf.papers.somebody2030 import systems

    return systems.features(ledger)


def _draw(program, argv):
    from ser_tf.papers.somebody2030 import figure1

    return figure1.main(program, argv)


ROWS = (System("pooled", "Pooled", {"wa": 0.5, "ua": 0.5}, _fit, _features), *baselines.ROWS)
TABLE = Table(1, "One network", ("iemocap",), ROWS)
FIGURE = Figure("fig1", "Attention of one utterance", _draw)
PAPER = Paper("somebody2030", "Somebody: A paper. 2030", Ledger(), task, make_folds, (TABLE,), (FIGURE,))
""",
    "systems.py": """
import keras

from ser_tf.data import normalisation
from ser_tf.features.mfcc import log_mel_spec
from ser_tf.layers.pooling import FrameMask, LocalAttentionPooling
from ser_tf.training import loop
from ser_tf.training.batches import Batches
from ser_tf.training.recipe import Recipe, cross_entropy


def features(ledger):
    return (log_mel_spec(),)


def fit(context):
    (spec,) = features(context.ledger)
    ids = context.fold.train
    statistics = normalisation.fit(context.view(spec, ids, "normaliser"), ids)
    inputs = {
        "features": keras.Input((None, spec.dims), name="features"),
        "lengths": keras.Input((), dtype="int32", name="lengths"),
    }
    frames = keras.layers.Normalization(mean=statistics.mean, variance=statistics.std**2)(inputs["features"])
    frames = keras.layers.Dense(context.ledger.units, "relu")(frames)
    mask = FrameMask()(inputs["features"], inputs["lengths"])
    pooled, attention = LocalAttentionPooling(name="attention")(frames, mask)
    probabilities = keras.layers.Dense(len(context.task.classes), "softmax", name="probabilities")(pooled)
    model = keras.Model(inputs, {"probabilities": probabilities, "attention": attention})
    recipe = Recipe("adam", 1e-2, 8, 3, 2, "none", {"probabilities": (cross_entropy, 1.0)})
    return loop.train(context, model, Batches(context, spec, recipe), recipe)
""",
    "figure1.py": """
from matplotlib.figure import Figure

from ser_tf import cli
from ser_tf.drawing import examples, panels
from ser_tf.papers.somebody2030.paper import PAPER


def main(program, argv):
    flags = examples.parser_of(program, "Attention of one utterance.", "pooled", "fig1.png").parse_args(argv)
    (example,) = examples.of_run(flags, PAPER, 1)
    outputs = example.model.outputs(example.waveform)
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    panels.draw_attention(axes, example.model.frame_seconds(len(outputs["attention"])), outputs["attention"])
    panels.save(figure, flags.output or flags.run / "fig1.png")
    return cli.DONE
""",
}


@pytest.fixture(scope="module")
def sixth(tmp_path_factory):
    """The paper's folder, found beside the others."""
    root = tmp_path_factory.mktemp("papers")
    folder = root / "somebody2030"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.lstrip())
    papers.__path__.append(str(root))
    yield folder
    papers.__path__.remove(str(root))
    for name in [name for name in sys.modules if name.startswith("ser_tf.papers.somebody2030")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def run(sixth, emodb_root, tmp_path_factory):
    """The folder of its table."""
    output = tmp_path_factory.mktemp("runs")
    flags = ["--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output), "--workers", "1"]
    argv = ["table", "somebody2030", "1", *flags, "--folds", "pair-03-08", "--keep-models"]
    assert cli.status_of(main, argv) == 0
    return output / "somebody2030_table1" / "emodb"


def test_it_is_listed(sixth, capsys):
    assert cli.status_of(main, ["papers"]) == 0
    assert "somebody2030: Somebody: A paper. 2030\n  table 1: One network" in capsys.readouterr().out
    assert cli.status_of(main, ["table", "somebody2030", "1", "--list"]) == 0
    shown = capsys.readouterr().out
    assert "units" in shown and "whole number, at least 1" in shown and "baseline_logistic" in shown


def test_it_is_tabulated(run):
    summary = json.loads((run / "summary.json").read_text())
    rows = {row["key"]: row for row in summary["rows"]}
    assert rows["pooled"]["status"] == "run" and rows["baseline_majority"]["origin"] == "baseline"
    (record,) = {entry["record"] for entry in json.loads((run / "manifest.json").read_text())["results"][:1]}
    assert len(record) == 64


def test_a_changed_constant_trains_it_again(sixth, run, emodb_root, capsys):
    """In a process of its own it would be seen at the next command; here the digests are computed anew."""
    from ser_tf import code_digest

    argv = ["table", "somebody2030", "1", "--corpus", "emodb", "--corpus-root", str(emodb_root)]
    argv += ["--output", str(run.parents[1]), "--workers", "1", "--folds", "pair-03-08"]
    path = sixth / "systems.py"
    old = path.read_text()
    try:
        path.write_text(old.replace("1e-2, 8, 3", "1e-2, 8, 2"))
        for cached in (code_digest.digest_of, code_digest._parsed):
            cached.cache_clear()
        assert cli.status_of(main, argv) == 0
        assert "2 of 3 fold results are reused\nresults made anew: 1 was made by other code" in capsys.readouterr().out
    finally:
        path.write_text(old)
        for cached in (code_digest.digest_of, code_digest._parsed):
            cached.cache_clear()
    assert cli.status_of(main, argv) == 0
    assert "3 of 3 fold results are reused" in capsys.readouterr().out


def test_its_attention_is_drawn(run):
    assert cli.status_of(main, ["figure", "somebody2030", "1", "--run", str(run)]) == 0
    assert min(image.imread(run / "fig1.png").shape[:2]) > 200


def test_it_predicts_and_is_exported(run, emodb, tmp_path, capsys):
    """Both the kept model and the exported graph give a tested recording the posteriors of the training run."""
    named = [one["file"] for one in json.loads((run / "manifest.json").read_text())["results"]]
    (result,) = [name for name in named if "/pooled/" in name]
    tested = json.loads((run.parents[1] / result).read_text())["utterances"][0]
    path = next(utterance.path for utterance in emodb.utterances if utterance.id == tested["id"])
    exported = tmp_path / "served" / "1"
    assert cli.status_of(main, ["export", "--run", str(run), "--row", "pooled", "--output", str(exported)]) == 0
    for model in (f"{run}:pooled", str(exported)):
        capsys.readouterr()
        assert cli.status_of(main, ["predict", model, str(path), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert list(answer["probabilities"].values()) == pytest.approx(tested["posteriors"], abs=1e-5)
        assert len(answer["attention"]) == len(answer["attention_seconds"]) > 10
