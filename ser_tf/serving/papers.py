"""What serving has to know of each paper beside its kept models: a few lines a paper."""

import dataclasses
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from ser_tf.errors import SettingError
from ser_tf.features.framing import FrameParams
from ser_tf.papers.lee2020 import served_words as words
from ser_tf.protocol import kept
from ser_tf.protocol.system import System
from ser_tf.serving.attention import Attention, of_words_and_frames, over_cells, over_frames, over_segments

Segments = Callable[[words.Words, tf.Tensor, FrameParams], tf.Tensor]
"""Words and numbers of frames to the frames under each word, int32 (batch, words, 2)."""


@dataclasses.dataclass(frozen=True)
class ServedPaper:
    """How the rows of a paper are served.

    Attributes:
        attention: Places the model's attention in time.
        segments: For a row and a ledger, how words meet frames; None for a paper without words.
    """

    attention: Attention = over_frames
    segments: Callable[[str, Any], Segments] | None = None


def _lee2020_segments(row: str, ledger: Any) -> Segments:
    from ser_tf.papers.lee2020 import systems as lee2020_training

    overlap = lee2020_training.overlap_of(ledger)
    cut = words.equal_segments if row == "can_equal" else words.word_segments
    return lambda spoken, frames, params: cut(spoken, frames, params, overlap)


PAPERS = {
    "mirsamadi2017": ServedPaper(),
    "zhang2018": ServedPaper(over_cells),
    "ando2019": ServedPaper(),
    "mao2020": ServedPaper(over_segments),
    "lee2020": ServedPaper(of_words_and_frames, _lee2020_segments),
}


def _module(paper: str) -> Any:
    return importlib.import_module(f"ser_tf.papers.{paper}.paper")


def systems(paper: str) -> dict[str, System]:
    """The rows of a paper's tables (`TABLE1`, `TABLE2`, ... of its module) by key."""
    tables = [value for name, value in sorted(vars(_module(paper)).items()) if re.fullmatch(r"TABLE\d+", name)]
    return {row.key: row for table in tables for row in table}


def ledger_type(paper: str) -> type:
    """The class of a paper's assumptions."""
    return _module(paper).Ledger


def citation(paper: str) -> str:
    """The paper's reference."""
    return _module(paper).CITATION


def require_servable(paper: str, row: str) -> None:
    """Checks that a row has a network that can be served.

    Raises:
        SettingError: it has none.
    """
    if not systems(paper)[row].has_model:
        there = ", ".join(key for key, system in systems(paper).items() if system.has_model and system.fit_predict)
        raise SettingError(f"row {row} of {paper} has no Keras network to serve; those that have one: {there}")


def kept_model(run: Path, row: str, fold: str | None = None, seed: int | None = None) -> kept.KeptModel:
    """The kept model of a row: of the first fold, or of one that is named.

    Args:
        run: A table's folder.
        row: The row's key.
        fold: The fold's name.
        seed: The seed.

    Raises:
        UserError: there is none, or the row has no Keras network.
    """
    results = kept.fold_results(run, row)
    require_servable(results[0].paper, row)
    chosen = [one for one in results if fold in (None, one.fold) and seed in (None, one.seed)]
    if not chosen:
        there = ", ".join(f"{one.fold} seed {one.seed}" for one in results)
        raise SettingError(f"{run}: row {row} has no such fold and seed; there are {there}")
    paper = chosen[0].paper
    return kept.load(run, chosen[0], tuple(systems(paper).values()), ledger_type(paper))
