"""Exported models on disk: the folder, its files and its card, checked before TensorFlow reads them."""

import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from ser_tf.errors import UserError
from ser_tf.serving import checksums
from ser_tf.serving.card import CARD, LABELS

GRAPH = "saved_model.pb"
_REQUIRED = (GRAPH, f"assets/{CARD}", f"assets/{LABELS}", "variables/variables.index")
_CARD_FIELDS: dict[str, type | tuple[type, ...]] = {
    "paper": str,
    "row": str,
    "classes": list,
    "reads_words": bool,
    "max_seconds": (int, float),
    "min_rate_hz": int,
    "assumptions": dict,
}
"""What is read from a card, with its type in JSON."""


def exists(path: Path) -> bool:
    """Whether there is a file or folder; a name that no file system takes has none."""
    try:
        return path.exists()
    except OSError:
        return False


def folder_of(path: Path) -> Path:
    """Finds the folder of a SavedModel: the one given, or the highest of its versions.

    Raises:
        UserError: there is none.
    """
    try:
        versions = [child for child in path.glob("*") if child.name.isdecimal() and (child / GRAPH).exists()]
        if not versions and not (path / GRAPH).exists():
            raise UserError(f"{path}: no exported model (folder with {GRAPH}) and no RUN_DIR:ROW")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    return max(versions, key=lambda child: int(child.name)) if versions else path


def read_card(model: Path) -> dict[str, Any]:
    """Reads the card of an exported model.

    Raises:
        UserError: it has none, or one that is damaged; names the file.
    """
    path = model / "assets" / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{model}: not a model of ser_tf.serving.export (it has no {path.relative_to(model)})"
        ) from None
    except OSError as error:
        raise checksums.damaged(path, f"cannot be read ({error.strerror})") from None
    except ValueError:  # not UTF-8, or not JSON
        raise checksums.damaged(path, "is damaged: not a card in JSON") from None
    except RecursionError:
        raise checksums.damaged(path, "is damaged: nested too deeply") from None
    for name, kind in _CARD_FIELDS.items():
        if not isinstance(card, dict) or not isinstance(card.get(name), kind):
            raise checksums.damaged(path, f"lacks `{name}` or has no sensible value for it")
    return card


def load(model: Path) -> tuple[dict[str, Any], Any]:
    """Loads an exported model after checking its files.

    Args:
        model: Folder of the SavedModel.

    Returns:
        The card, and the loaded object with its `signatures`.

    Raises:
        UserError: a file is missing or damaged, or the model is not one of this version.
    """
    card = read_card(model)
    checksums.verify(model, _REQUIRED)
    try:
        loaded = tf.saved_model.load(str(model))
        outputs = loaded.signatures["serving_default"].structured_outputs
    except Exception as error:  # the files are as they were written: another TensorFlow may fail anywhere in its loader
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{model}: TensorFlow {tf.__version__} cannot load it ({reason}); export it again") from error
    if "error" not in outputs:
        raise UserError(f"{model}: exported by an earlier version, without the output `error`; export it again")
    return card, loaded
