"""Models that a run kept (`--keep-models`): found by a table's folder, loaded with what is needed to use them."""

import dataclasses
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_tf.errors import SettingError, UserError
from ser_tf.features import FeatureSpec
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.system import System


@dataclasses.dataclass(frozen=True)
class KeptModel:
    """A trained model of one fold and seed, with the feature that it was trained on.

    Attributes:
        model: Takes `features` and `lengths`, gives a dictionary of outputs.
        spec: The feature, with the settings of the run.
        card: What the model is: paper, row, corpus, classes, fold, seed, settings.
        result: The fold result of the same training.
    """

    model: keras.Model
    spec: FeatureSpec
    card: dict[str, Any]
    result: FoldResult

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the posteriors."""
        return tuple(self.card["classes"])

    def outputs(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        """All outputs for one recording.

        Args:
            waveform: float32 (samples,) at 16 kHz.

        Returns:
            The model's outputs without the batch axis.
        """
        return {name: value.numpy()[0] for name, value in self._graph(tf.constant(waveform[np.newaxis])).items()}

    def features(self, waveform: np.ndarray) -> np.ndarray:
        """The feature of one recording: float32 (samples,) at 16 kHz -> float32 (frames, dims)."""
        return self.spec(tf.constant(waveform)).numpy()

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Features and model as one graph: a recurrent layer is slow outside of one."""

        @tf.function(input_signature=[tf.TensorSpec((1, None), tf.float32)])
        def compute(waveform: tf.Tensor) -> dict[str, tf.Tensor]:
            features = self.spec(waveform)
            return self.model({"features": features, "lengths": tf.shape(features)[1:2]}, training=False)

        return compute

    def frame_seconds(self, num_frames: int) -> np.ndarray:
        """Times of the centres of frames, float64 (frames,)."""
        params = self.spec.params
        return np.arange(num_frames) * params.hop_seconds + params.window_seconds / 2


def fold_results(run: Path, row: str) -> list[FoldResult]:
    """The fold results of one row that a table was made from.

    Args:
        run: The table's folder, `<output>/<experiment>/<corpus>`.
        row: The row's key.

    Raises:
        UserError: the folder is not that of a table, or it has no such row.
    """
    manifest = run / "manifest.json"
    try:
        entries = json.loads(manifest.read_text())["results"]
    except FileNotFoundError:
        raise UserError(
            f"{run}: no manifest.json; give the folder of a table, <output>/<experiment>/<corpus>"
        ) from None
    output = run.resolve().parent.parent
    rows = {entry["file"]: Path(entry["file"]).parent.name for entry in entries}
    chosen = [entry for entry in entries if rows[entry["file"]] == row]
    if not chosen:
        there = ", ".join(sorted(set(rows.values()))) or "none"
        raise SettingError(f"{run}: the table has no results of row {row}; there are {there}")
    return [_same(output / entry["file"], entry["settings_hash"]) for entry in chosen]


def _same(path: Path, settings_hash: str) -> FoldResult:
    try:
        result = FoldResult.from_json(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: the fold result is gone; run the table again") from None
    if result.settings_hash != settings_hash:
        raise UserError(f"{path}: a later run with other settings took its place; run the table again")
    return result


def load(run: Path, result: FoldResult, systems: Sequence[System], ledger_type: type) -> KeptModel:
    """Loads the model of a fold result.

    Args:
        run: The table's folder.
        result: The fold result.
        systems: The paper's systems, among them the result's row.
        ledger_type: The paper's ledger.

    Raises:
        UserError: the run did not keep the model, or it is of another training.
    """
    output = run.resolve().parent.parent
    path = output / result.paper / result.corpus / "models" / result.row / f"{result.fold}-seed{result.seed}.keras"
    card_path = path.with_suffix(".json")
    if not card_path.exists():
        raise UserError(
            f"{run}: the run kept no models; run the table again with --keep-models (finished rows included)"
        )
    card = json.loads(card_path.read_text())
    if card["settings_hash"] != result.settings_hash:
        raise UserError(
            f"{path}: the model is of a training with other settings; run the table again with --keep-models"
        )
    system = next(system for system in systems if system.key == result.row)
    (spec,) = system.features(ledger_type(**card["settings"]))
    return KeptModel(keras.models.load_model(path, compile=False), spec, card, result)
