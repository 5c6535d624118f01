"""Every kind of file that one command writes and another one reads: small whole ones, and their readers."""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf.data import digests, store
from ser_tf.evaluation import older
from ser_tf.papers.mao2020 import fig4
from ser_tf.protocol import kept_models, models, results, stages
from ser_tf.report import assembly, folder
from ser_tf.serving import checksums, exported
from tests.report import runs

FOLD = "mirsamadi2017/emodb/folds/svm_full/Ses01-seed0.json"
MODEL = "mirsamadi2017/emodb/models/svm_full/Ses01-seed0.keras"
CARD = MODEL.replace(".keras", ".json")
STAGE = "stages/encoder/Ses01-seed0.0123456789abcdef"
STORE = "features/lld"
EXPORT = "served/1"
SPEECH = "speech.wav"


def write_all(root: Path) -> None:
    """Writes a folder with every kind of artefact."""
    table = runs.write_table(root)
    result = runs.fold_result()
    manifest = json.loads((table / "manifest.json").read_text())
    manifest["results"] = [{"file": FOLD, "record": result.digest}]
    (table / "manifest.json").write_text(json.dumps(manifest))
    _write_model(root, result)
    stage = root / STAGE
    stage.mkdir(parents=True)
    (stage / "weights.npz").write_bytes(np.random.default_rng(0).bytes(300))
    record = {"record": dataclasses.asdict(result.record), "utterances": {"train": ["a"]}, "files": stages._sums(stage)}
    (stage / stages.RECORD).write_text(json.dumps(record))
    (root / STORE).mkdir(parents=True)
    frames = np.arange(12, dtype=np.float32).reshape(6, 2)
    store.fill(root / STORE, "lld", 2, [("a", frames[:4]), ("b", frames[4:])])
    _write_export(root / EXPORT)
    (root / SPEECH).write_bytes(b"speech")
    _remember(root / SPEECH, root / "features")


def _remember(path: Path, cache: Path) -> None:
    """Has a digest remembered at once, though the file is new."""
    settled, digests.SETTLED_NS = digests.SETTLED_NS, -(10**12)
    try:
        digests.digests_of([path], cache)
    finally:
        digests.SETTLED_NS = settled


def _write_model(root: Path, result: results.FoldResult) -> None:
    import keras

    inputs = keras.Input((2,), name="features")
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    path = root / MODEL
    path.parent.mkdir(parents=True)
    partial = path.with_name(f"written-{path.name}")
    model.save(partial)
    card = {key: getattr(result, key) for key in kept_models._SAME}
    kept_models._put(partial, path, {**card, "record": result.digest, "label": "SVM", "corpus_root": "/nowhere"})


def _write_export(folder: Path) -> None:
    """The files of an exported model; TensorFlow reads them only after they have been checked."""
    kinds = {str: "text", list: ["a", "b"], bool: False, int: 4000, dict: {}, (int, float): 20.0}
    card = {name: kinds[kind] for name, kind in exported._CARD_FIELDS.items()}
    contents = {f"assets/{exported.CARD}": json.dumps(card), f"assets/{exported.LABELS}": "a\nb\n"}
    contents |= {exported.GRAPH: "graph " * 20, "variables/variables.index": "index " * 9}
    contents["variables/variables.data-00000-of-00001"] = "data " * 40
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    checksums.write(folder)


def _stored(root: Path) -> list[Any]:
    opened = store.FeatureStore(root / STORE)
    opened.verify(root / "none")
    return [opened[name].tolist() for name in "ab"]


def _exported(root: Path) -> object:
    card = exported.read_card(exported.folder_of(root / EXPORT))
    checksums.verify(root / EXPORT, exported._REQUIRED)
    return card


def _kept(root: Path) -> list[Any]:
    """The kept model as figures, `predict` and `export` find it, and as a run judges whether it is whole."""
    (result,) = models.fold_results(root / runs.PLACE, "svm_full")
    whole = kept_models.is_whole(root / MODEL, result, root / "none")
    card = kept_models.read_card(root / CARD)
    if difference := kept_models.difference(card, result):
        assert not whole
        raise kept_models.DamagedError(f"{root / CARD}: its {difference} is another one; run the table again")
    try:
        model = kept_models.load(root / MODEL, card)
    except kept_models.DamagedError:
        assert not whole, "a run would take the model for whole"
        raise
    return [weight.tolist() for weight in model.get_weights()]


def _reported(root: Path) -> int:
    """The page; what is damaged is named on it."""
    found = folder.read(root)
    try:
        report = assembly.assemble(found, root.name)
    except assembly.UserError as error:  # nothing is left to report
        raise assembly.UserError(f"{root}: {error}; run again") from None
    return len(report.groups)


def _digests(root: Path) -> None:
    """A damaged cache is never believed."""
    (found,) = digests.digests_of([root / SPEECH], root / "features").values()
    assert found == hashlib.sha256(b"speech").hexdigest()


Reader = Callable[[Path], object]
READERS: dict[str, tuple[str, Reader]] = {
    "fold result": (FOLD, lambda root: results.load(root / FOLD)),
    "fold result of a model": (FOLD, _kept),
    "summary": (f"{runs.PLACE}/summary.json", lambda root: older.read_summary(root / runs.PLACE / "summary.json")),
    "summary in a report": (f"{runs.PLACE}/summary.json", _reported),
    "summary in a figure": (f"{runs.PLACE}/summary.json", lambda root: fig4.read(root / runs.PLACE, "svm_full")),
    "manifest": (f"{runs.PLACE}/manifest.json", _kept),
    "manifest in a report": (f"{runs.PLACE}/manifest.json", _reported),
    "sweep in a report": (f"{runs.PLACE}/sweep.json", _reported),
    "leaks in a report": (f"{runs.PLACE}/leaks.json", _reported),
    "card": (CARD, _kept),
    "model": (MODEL, _kept),
    "stage": (f"{STAGE}/record.json", lambda root: stages.read(root / STAGE)),
    "weights of a stage": (f"{STAGE}/weights.npz", lambda root: stages.read(root / STAGE)),
    "index of a store": (f"{STORE}/index.json", _stored),
    "data of a store": (f"{STORE}/data.f32", _stored),
    "checksums of a store": (f"{STORE}/SHA256SUMS", _stored),
    "digests": ("features/digests.json", _digests),
    "card of an export": (f"{EXPORT}/assets/card.json", _exported),
    "labels of an export": (f"{EXPORT}/assets/labels.txt", _exported),
    "graph of an export": (f"{EXPORT}/saved_model.pb", _exported),
    "variables of an export": (f"{EXPORT}/variables/variables.data-00000-of-00001", _exported),
    "index of an export": (f"{EXPORT}/variables/variables.index", _exported),
    "checksums of an export": (f"{EXPORT}/assets.extra/SHA256SUMS", _exported),
}
"""What is damaged, and who reads it."""
PATIENT = ("summary in a report", "manifest in a report", "sweep in a report", "leaks in a report", "digests")
"""Readers that go on without the file."""


def remove(path: Path) -> None:
    """Removes a file, or the folder that a test has put in its place."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
