"""Fold results with the models that a run keeps (`--keep-models`): an archive of Keras beside a card that describes it.

The card is written last and vouches for both: for the training by its record, for the archive by its SHA-256.
"""

import json
import os
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_tf import documents, files
from ser_tf.data import digests
from ser_tf.documents import NOTHING, VALUE
from ser_tf.errors import DamagedError, UserError
from ser_tf.protocol import results, sharing
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.results import FoldResult

if TYPE_CHECKING:  # TensorFlow comes along with it, and results are tabulated without it
    import keras

_AGAIN = "run the table again with --keep-models"
_CARD = {
    **dict.fromkeys(("paper", "row", "label", "corpus", "corpus_root", "task", "fold", "record"), str),
    "classes": [str],
    "seed": int,
    "smoke": bool,
    "settings": {str: VALUE},
    "audio_root?": (str, NOTHING),
    "columns?": {str: str},
    "keras_sha256?": str,
}
"""Shape of a card; what may be missing is missing in those of earlier versions."""
_SAME = ("paper", "row", "corpus", "task", "classes", "fold", "seed", "smoke", "settings")
"""Fields common to a card and a fold result."""


def store(layout: Layout, result: FoldResult, model: "keras.Model | None", more: Mapping[str, Any]) -> None:
    """Writes a fold result and, where there is one, its model, in one go; what is there moves aside.

    Args:
        layout: Where results lie.
        result: The result.
        model: The trained model, to be kept.
        more: What its card says beyond the result.

    Raises:
        UserError: a folder cannot be written.
    """
    place = layout.fold_result(result.row, result.fold, result.seed)
    path = layout.model_of(place)
    partial = path.with_name(f".partial-{os.getpid()}-{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        if model is not None:
            partial.parent.mkdir(parents=True, exist_ok=True)
            model.save(str(partial))
        with sharing.moving(layout.root, place):
            results.write(place, result, layout.model_of)
            if model is not None:
                _put(partial, path, {key: getattr(result, key) for key in _SAME} | {"record": result.digest, **more})
    finally:
        partial.unlink(missing_ok=True)


def _put(partial: Path, path: Path, card: Mapping[str, Any]) -> None:
    """Moves a saved archive to the model's place and writes its card."""
    digest = files.digest_of(partial)
    partial.replace(path)
    files.atomic_write_text(path.with_suffix(".json"), json.dumps({**card, "keras_sha256": digest}, indent=1) + "\n")


def read_card(path: Path) -> dict[str, Any]:
    """Reads the card of a kept model.

    Args:
        path: The card.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        return documents.read(path, _CARD, _AGAIN)
    except FileNotFoundError:
        kept = path.with_suffix(".keras")
        raise UserError(f"{kept}: the run kept no such model; {_AGAIN} (finished rows included)") from None


def difference(card: Mapping[str, Any], result: FoldResult) -> str:
    """Names what a card and the fold result of the same training do not both say; "" where they agree."""
    said = {**card, "classes": tuple(card["classes"])}
    return next((key for key in _SAME if said[key] != getattr(result, key)), "")


def is_whole(path: Path, result: FoldResult, cache: Path) -> bool:
    """Whether the model of a training is there, with its card, as it was written.

    Args:
        path: The model's place.
        result: The training's result.
        cache: Folder that remembers digests (`ser_tf.data.digests`).
    """
    try:
        card = read_card(path.with_suffix(".json"))
        if card["record"] != result.digest or difference(card, result):
            return False
        if "keras_sha256" in card:
            return digests.digests_of([path], cache)[path] == card["keras_sha256"]
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (UserError, OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def load(path: Path, card: Mapping[str, Any]) -> "keras.Model":
    """Loads a kept model.

    Args:
        path: Its archive.
        card: Its card.

    Raises:
        DamagedError: the archive is not the one that was written, or Keras cannot load it.
    """
    import keras

    try:
        digest = files.digest_of(path)
    except OSError as error:
        raise DamagedError(f"{path}: the model cannot be read ({error.strerror or error}); {_AGAIN}") from None
    if card.get("keras_sha256", digest) != digest:
        raise DamagedError(f"{path}: damaged: it is not the model that was written; {_AGAIN}")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # noqa: BLE001 - a damaged archive raises almost anything
        reason = type(error).__name__
        raise DamagedError(f"{path}: damaged: Keras cannot load the model ({reason}); {_AGAIN}") from None
