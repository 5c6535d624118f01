"""Models that a run kept (`--keep-models`): found by a table's folder, loaded with what is needed to use them."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf import corpora
from ser_tf.corpora.base import Corpus
from ser_tf.errors import SettingError, UserError
from ser_tf.features.spec import FeatureSpec
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol import results
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.paper import Paper
from ser_tf.protocol.results import FoldResult

L = TypeVar("L")
_CARD = ("paper", "row", "corpus", "corpus_root", "classes", "fold", "seed", "settings", "record")


@dataclasses.dataclass(frozen=True)
class TrainedModel:
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

    def outputs(self, waveform: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """All outputs for one recording.

        Args:
            waveform: float32 (samples,) at 16 kHz.

        Returns:
            The model's outputs without the batch axis.
        """
        return {name: value.numpy()[0] for name, value in self._graph(tf.constant(waveform[np.newaxis])).items()}

    def features(self, waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The feature of one recording: float32 (samples,) at 16 kHz -> float32 (frames, dims)."""
        frames: npt.NDArray[np.float32] = self.spec(tf.constant(waveform)).numpy()
        return frames

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Features and model as one graph: a recurrent layer is slow outside of one."""

        @tf.function(input_signature=[tf.TensorSpec((1, None), tf.float32)])
        def compute(waveform: tf.Tensor) -> dict[str, tf.Tensor]:
            features = self.spec(waveform)
            return self.model({"features": features, "lengths": tf.shape(features)[1:2]}, training=False)

        return compute

    def frame_seconds(self, num_frames: int) -> npt.NDArray[np.float64]:
        """Times of the centres of frames, float64 (frames,)."""
        params = self.spec.params
        return np.arange(num_frames) * params.hop_seconds + params.window_seconds / 2


def _located(run: Path, row: str) -> list[tuple[Path, FoldResult]]:
    """The fold results of one row that a table was made from, each with its file.

    Raises:
        UserError: the folder is not that of a table, it has no such row, or a file is missing or damaged.
    """
    manifest = run / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))["results"]
        rows = {entry["file"]: Path(entry["file"]).parent.name for entry in entries}
        digests = {entry["file"]: entry["record"] for entry in entries}
    except FileNotFoundError:
        raise UserError(
            f"{run}: no manifest.json; give the folder of a table, <output>/<experiment>/<corpus>"
        ) from None
    except results.DAMAGED:
        raise UserError(f"{manifest}: damaged, or of an older version; run the table again") from None
    chosen = [file for file in rows if rows[file] == row]
    if not chosen:
        there = ", ".join(sorted(set(rows.values()))) or "none"
        raise SettingError(f"{run}: the table has no results of row {row}; there are {there}")
    output = run.resolve().parent.parent
    return [_of_record(output / file, digests[file]) for file in chosen]


def _of_record(path: Path, digest: str) -> tuple[Path, FoldResult]:
    found = results.find(path, lambda result: result.digest == digest)
    if found is None:
        results.load(path)  # says when it is missing or damaged
        raise UserError(f"{path}: a later run took its place; run the table again")
    return found


def fold_results(run: Path, row: str) -> list[FoldResult]:
    """The fold results of one row that a table was made from.

    Args:
        run: The table's folder, `<output>/<experiment>/<corpus>`.
        row: The row's key.

    Raises:
        UserError: the folder is not that of a table, or it has no such row.
    """
    return [result for _, result in _located(run, row)]


def load(paper: Paper[L], run: Path, result: FoldResult) -> TrainedModel:
    """Loads the model of a fold result.

    Args:
        paper: The paper.
        run: The table's folder.
        result: One of `fold_results`.

    Raises:
        UserError: the run did not keep the model, or a file is damaged.
    """
    output = run.resolve().parent.parent
    model_path = Layout(output, result.paper, result.corpus).model_of(place_of(run, result))
    card = read_card(model_path.with_suffix(".json"))
    if card["record"] != result.digest:
        raise UserError(
            f"{model_path}: the model is of a training with other settings; run the table again with --keep-models"
        )
    return assemble(paper, model_path, card, result)


def place_of(run: Path, result: FoldResult) -> Path:
    """The file of a fold result that a table was made from.

    Args:
        run: The table's folder.
        result: One of `fold_results`.
    """
    return next(
        path for path, other in _located(run, result.row) if (other.fold, other.seed) == (result.fold, result.seed)
    )


def assemble(paper: Paper[L], model_path: Path, card: dict[str, Any], result: FoldResult) -> TrainedModel:
    """Loads a model whose card and result are known.

    Args:
        paper: The paper.
        model_path: The `.keras` file.
        card: The model's card.
        result: The fold result of the same training.

    Raises:
        UserError: the file is damaged, or the row reads no features.
    """
    system = paper.systems[result.row]
    ledger = ledgers.restore(type(paper.ledger), card["settings"])
    if system.features is None:
        raise SettingError(f"row {result.row} of {paper.key} reads no features of recordings")
    (spec,) = system.features(ledger)
    return TrainedModel(_load_keras(model_path), spec, card, result)


def corpus_of(card: Mapping[str, Any], root: Path | None = None) -> Corpus:
    """Loads the corpus that a model was trained on, as the run read it.

    Args:
        card: The model's.
        root: Where the corpus has been moved; None for where it was.

    Raises:
        UserError: it is not there or cannot be read.
    """
    return corpora.load(card["corpus"], root or card["corpus_root"], card.get("audio_root"), card.get("columns"))


def read_card(path: Path) -> dict[str, Any]:
    """Reads the card of a kept model.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in _CARD if key not in card]
    except FileNotFoundError:
        raise UserError(
            f"{path.with_suffix('.keras')}: the run kept no such model; run the table again with --keep-models"
            " (finished rows included)"
        ) from None
    except results.DAMAGED:
        missing = ["everything"]
        card = {}
    if missing:
        raise UserError(
            f"{path}: the model's card is damaged (no {missing[0]}); run the table again with --keep-models"
        )
    return dict(card)


def _load_keras(path: Path) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # noqa: BLE001 - a damaged archive raises almost anything
        raise UserError(
            f"{path}: the model cannot be loaded ({type(error).__name__}); run the table again with --keep-models"
        ) from None


def kept_model(
    paper_of: Callable[[str], Paper[Any]], run: Path, row: str, fold: str | None = None, seed: int | None = None
) -> TrainedModel:
    """The kept model of a row: of the first fold, or of one that is named.

    Args:
        paper_of: Gives a paper by its key.
        run: A table's folder.
        row: The row's key.
        fold: The fold's name.
        seed: The seed.

    Raises:
        UserError: there is none, or the row has no Keras network.
    """
    of_row = fold_results(run, row)
    paper = paper_of(of_row[0].paper)
    require_network(paper, row)
    chosen = [result for result in of_row if fold in (None, result.fold) and seed in (None, result.seed)]
    if not chosen:
        there = ", ".join(f"{result.fold} seed {result.seed}" for result in of_row)
        raise SettingError(f"{run}: row {row} has no such fold and seed; there are {there}")
    return load(paper, run, chosen[0])


def require_network(paper: Paper[Any], row: str) -> None:
    """Checks that a row has a network that can be served.

    Raises:
        SettingError: it has none.
    """
    if not paper.systems[row].keras:
        there = ", ".join(key for key, system in paper.systems.items() if system.keras)
        raise SettingError(f"row {row} of {paper.key} has no Keras network to serve; those that have one: {there}")
