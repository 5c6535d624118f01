"""The recordings and models that a figure shows, and the flags that choose them."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf import cli
from ser_tf.corpora.base import Utterance
from ser_tf.data import audio
from ser_tf.errors import SettingError
from ser_tf.protocol import models
from ser_tf.protocol.paper import Paper
from ser_tf.protocol.results import FoldResult


@dataclasses.dataclass(frozen=True)
class Example:
    """One recording of a figure.

    Attributes:
        title: Name of the recording, and how it was chosen.
        waveform: float32 (samples,) at 16 kHz.
        model: The model of the fold that tested it, or of the first fold for the user's own recordings.
        utterance: The utterance of the corpus, or None for the user's own recordings.
    """

    title: str
    waveform: npt.NDArray[np.float32]
    model: models.TrainedModel
    utterance: Utterance | None = None


def parser_of(program: str, description: str | None, row: str, picture: str) -> cli.ArgumentParser:
    """Makes a parser of the flags shared by all figures of trained models.

    Args:
        program: How the command is called.
        description: Description of the figure.
        row: The row shown by default.
        picture: Default name of the file in the run's folder.
    """
    parser = cli.ArgumentParser(prog=program, description=description)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run with --keep-models")
    parser.add_argument("--row", default=row, metavar="KEY", help=f"row whose models to use (default: {row})")
    parser.add_argument("--utterances", nargs="+", metavar="ID", help="test utterances to show (default: chosen)")
    parser.add_argument("--audio", type=Path, nargs="+", metavar="FILE", help="your own recordings to show instead")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help=f"png, pdf or svg (default: {picture} in the run's folder)"
    )
    return parser


def of_run(flags: argparse.Namespace, paper: Paper[Any], number: int, hardest: bool = False) -> list[Example]:
    """Returns the recordings requested by the flags: the user's own, named ones, or the most confident correct ones.

    Args:
        flags: From a parser that `parser_of` made.
        paper: The paper.
        number: Number of recordings to choose, each of a different class, when none are named.
        hardest: Whether to choose the least confident correct predictions instead.

    Raises:
        SettingError: a named utterance was not tested, or no prediction is correct.
        UserError: the run has no kept models, or a recording cannot be read.
    """
    results = models.fold_results(flags.run, flags.row)
    if flags.audio:
        model = models.load(paper, flags.run, results[0])
        return [Example(path.name, audio.read(path), model) for path in flags.audio]
    chosen = named(results, flags.utterances) if flags.utterances else right_answers(results, number, hardest)
    if not chosen:
        raise SettingError(f"{flags.run}: row {flags.row} has no correct prediction; choose --utterances to show")
    shown = []
    for result, place in chosen:
        model = models.load(paper, flags.run, result)
        corpus = models.corpus_of(model.card)
        by_id = {utterance.id: utterance for utterance in corpus.utterances}
        if result.ids[place] not in by_id:
            raise SettingError(f"{corpus.root}: has no {result.ids[place]}, which the run tested; run the table again")
        utterance = by_id[result.ids[place]]
        how = "" if flags.utterances else f", {'least' if hardest else 'most'} confident of its class"
        title = f"{utterance.id} ({result.corpus})\n{result.classes[result.truth[place]]}{how}"
        shown.append(Example(title, audio.read_utterance(utterance), model, utterance))
    return shown


def right_answers(results: Sequence[FoldResult], number: int, hardest: bool = False) -> list[tuple[FoldResult, int]]:
    """Picks each class's correct prediction of highest (or lowest) posterior; returns the top `number` of these."""
    sign = -1 if hardest else 1
    best: dict[int, tuple[float, FoldResult, int]] = {}
    for result in results:
        for place, (truth, posteriors) in enumerate(zip(result.truth, result.posterior_array, strict=True)):
            rank = sign * float(posteriors[truth])
            if posteriors.argmax() == truth and (truth not in best or rank > best[truth][0]):
                best[truth] = (rank, result, place)
    ranked = sorted(best.values(), key=lambda entry: -entry[0])[:number]
    return [(result, place) for _, result, place in ranked]


def named(results: Sequence[FoldResult], ids: Sequence[str]) -> list[tuple[FoldResult, int]]:
    """Finds the results that tested these utterances, and their positions in them.

    Raises:
        SettingError: an utterance was not tested.
    """
    places = {utterance_id: (result, place) for result in results for place, utterance_id in enumerate(result.ids)}
    unknown = [utterance_id for utterance_id in ids if utterance_id not in places]
    if unknown:
        raise SettingError(f"--utterances {unknown[0]}: not tested in this run")
    return [places[utterance_id] for utterance_id in ids]
