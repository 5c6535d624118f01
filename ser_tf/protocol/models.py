"""Models kept by a run (`--keep-models`): locating them by a table's folder and loading them ready for use."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf import documents
from ser_tf.corpora.base import Corpus
from ser_tf.errors import DamagedError, SettingError, UserError
from ser_tf.features.spec import FeatureSpec
from ser_tf.protocol import cross_corpus, kept_models, results
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.paper import Paper
from ser_tf.protocol.results import FoldResult

L = TypeVar("L")
_MANIFEST = {"results": [{"file": str, "record": str}]}


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A trained model of one fold and seed, with the feature it was trained on.

    Attributes:
        model: Maps `features` and `lengths` to a dictionary of outputs.
        spec: The feature, with the settings of the run.
        card: Description of the model: paper, row, corpus, classes, fold, seed, settings.
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
        """Computes all outputs for one recording.

        Args:
            waveform: float32 (samples,) at 16 kHz.

        Returns:
            The model's outputs without the batch axis.
        """
        return {name: value.numpy()[0] for name, value in self._graph(tf.constant(waveform[np.newaxis])).items()}

    def features(self, waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Computes the feature of one recording: float32 (samples,) at 16 kHz -> float32 (frames, dims)."""
        frames: npt.NDArray[np.float32] = self.spec(tf.constant(waveform)).numpy()
        return frames

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Features and model as one graph, since recurrent layers are slow outside of graphs."""

        @tf.function(input_signature=[tf.TensorSpec((1, None), tf.float32)])
        def compute(waveform: tf.Tensor) -> dict[str, tf.Tensor]:
            features = self.spec(waveform)
            return self.model({"features": features, "lengths": tf.shape(features)[1:2]}, training=False)

        return compute

    def frame_seconds(self, num_frames: int) -> npt.NDArray[np.float64]:
        """Returns the centre times of frames, float64 (frames,)."""
        params = self.spec.params
        return np.arange(num_frames, dtype=np.float64) * params.hop_seconds + params.window_seconds / 2


def _located(run: Path, row: str) -> list[tuple[Path, FoldResult]]:
    """The fold results of one row that a table was made from, each with its file.

    Args:
        run: The table's folder.
        row: The row's key, or `<paper>.<key>` in a comparison of several papers.

    Raises:
        UserError: the folder is not that of a table, it has no such row, or a file is missing or damaged.
    """
    manifest = run / "manifest.json"
    remedy = "run the table again"
    try:
        entries = documents.read(manifest, _MANIFEST, remedy)["results"]
    except FileNotFoundError:
        raise UserError(
            f"{run}: no manifest.json; give the folder of a table, <output>/<experiment>/<corpus>"
        ) from None
    rows = [(Path(entry["file"]), entry["record"]) for entry in entries]
    if not all(_is_result(file) for file, _ in rows):
        raise DamagedError(f"{manifest}: damaged: it names a file outside of the results; {remedy}")
    chosen = [(file, record) for file, record in rows if row in _names_of(file)]
    if len(several := sorted({_names_of(file)[1] for file, _ in chosen})) > 1:
        raise SettingError(f"{run}: several papers have a row {row}; name one of {', '.join(several)}")
    if not chosen:
        there = ", ".join(sorted({_names_of(file)[0] for file, _ in rows})) or "none"
        raise SettingError(f"{run}: the table has no results of row {row}; there are {there}")
    output = run.resolve().parent.parent
    located = [_of_record(output / file, record) for file, record in chosen]
    for path, result in located:
        if result.row not in (row, row.rpartition(".")[2]):
            raise DamagedError(f"{path}: damaged: it is of row {result.row}; {remedy}")
    return located


def _is_result(file: Path) -> bool:
    """Whether a path can be `<paper>/<corpus>/folds/<row>/<name>`, inside the output."""
    return len(file.parts) >= 5 and not file.is_absolute() and ".." not in file.parts and "\0" not in str(file)


def _names_of(file: Path) -> tuple[str, str]:
    """The row of a fold result, `<paper>/<corpus>/folds/<row>/...`, by its key, and by paper and key."""
    return file.parent.name, f"{file.parts[0]}.{file.parent.name}"


def _of_record(path: Path, digest: str) -> tuple[Path, FoldResult]:
    try:
        found = results.find(path, lambda result: result.digest == digest)
    except OSError as error:  # a name that no file system takes
        raise DamagedError(f"{path}: cannot be read ({error.strerror}); run the table again") from None
    if found is None:
        results.load(path)  # raises if it is missing or damaged
        raise UserError(f"{path}: a later run took its place; run the table again")
    return found


def fold_results(run: Path, row: str) -> list[FoldResult]:
    """Returns the fold results of one row from which a table was made.

    Args:
        run: The table's folder, `<output>/<experiment>/<corpus>`.
        row: The row's key.

    Raises:
        UserError: the folder does not hold a table, or it has no such row.
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
    path = place_of(run, result)
    output = run.resolve().parent.parent
    model_path = Layout(output, result.paper, path.parts[-4]).model_of(path)
    card = kept_models.read_card(model_path.with_suffix(".json"))
    if card["record"] != result.digest:
        raise UserError(
            f"{model_path}: the model is from a training with other settings; run the table again with --keep-models"
        )
    if differing := kept_models.difference(card, result):
        raise DamagedError(
            f"{model_path.with_suffix('.json')}: damaged: its {differing} is not that of the fold result;"
            " run the table again with --keep-models"
        )
    return assemble(paper, model_path, card, result)


def place_of(run: Path, result: FoldResult) -> Path:
    """Finds the file of a fold result that a table was made from.

    Args:
        run: The table's folder.
        result: One of `fold_results`.
    """
    return next(
        path
        for path, other in _located(run, f"{result.paper}.{result.row}")
        if (other.fold, other.seed) == (result.fold, result.seed)
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
    require_network(paper, result.row)
    system = paper.systems[result.row]
    ledger = ledgers.restore(type(paper.ledger), card["settings"])
    if system.features is None:
        raise SettingError(f"row {result.row} of {paper.key} reads no features of recordings")
    (spec,) = system.features(ledger)
    return TrainedModel(kept_models.load(model_path, card), spec, card, result)


def corpus_of(card: Mapping[str, Any], root: Path | None = None) -> Corpus:
    """Loads the corpus that a model was trained on, with the same options.

    Args:
        card: The model's card.
        root: New location of the corpus, or None if it has not moved.

    Raises:
        UserError: the corpus does not exist or cannot be read.
    """
    return cross_corpus.load(card, root)


def kept_model(
    paper_of: Callable[[str], Paper[Any]], run: Path, row: str, fold: str | None = None, seed: int | None = None
) -> TrainedModel:
    """Loads the kept model of a row, from the first or a named fold.

    Args:
        paper_of: Returns a paper by its key.
        run: A table's folder.
        row: The row's key.
        fold: The fold's name.
        seed: The seed.

    Raises:
        UserError: there is no such model, or the row has no Keras network.
    """
    of_row = fold_results(run, row)
    paper = paper_of(of_row[0].paper)
    require_network(paper, of_row[0].row)
    chosen = [result for result in of_row if fold in (None, result.fold) and seed in (None, result.seed)]
    if not chosen:
        there = ", ".join(f"{result.fold} seed {result.seed}" for result in of_row)
        raise SettingError(f"{run}: row {row} has no such fold and seed; there are {there}")
    return load(paper, run, chosen[0])


def require_network(paper: Paper[Any], row: str) -> None:
    """Checks that a row has a network that can be served.

    Raises:
        SettingError: the row has none.
    """
    if row not in paper.systems:
        raise SettingError(f"row {row}: {paper.key} has no such row in this version; run the table again")
    if not paper.systems[row].keras:
        there = ", ".join(key for key, system in paper.systems.items() if system.keras)
        raise SettingError(f"row {row} of {paper.key} has no Keras network to serve; rows with one: {there}")
