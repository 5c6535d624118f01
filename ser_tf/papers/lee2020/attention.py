"""Attention of both modalities over an utterance's words (lee2020), below the waveform with the word boundaries.

    python -m experiments.lee2020_table3 --keep-models
    python -m figures.lee2020_attention --run runs/lee2020_table3/synthetic

The paper has no such figure; this one shows eq. 4 and 5, averaged over the heads. Each utterance is shown with the
model of the fold that tested it. Without `--utterances` the examples are the most confident correct predictions of two
classes, as the title says. A run with `--alignment DIR` needs the flag here too; with it, `--audio FILE` shows your own
recordings, whose alignments are named after them.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser_tf import cli
from ser_tf.corpora.base import Word
from ser_tf.data import audio
from ser_tf.drawing import examples, panels
from ser_tf.errors import SettingError
from ser_tf.papers.lee2020 import systems
from ser_tf.papers.lee2020.alignment import read_alignments, spoken_words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.paper import PAPER, TABLE3, TABLE4
from ser_tf.papers.lee2020.vocabulary import Vocabulary
from ser_tf.papers.lee2020.words import words_of
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.models import TrainedModel

EXAMPLES = 2
ATTENTIONS = {
    "text_attention": (r"text $\alpha^{(T)}$", "tab:blue"),
    "audio_attention": (r"audio $\alpha^{(A)}$", "tab:orange"),
}
Alignments = Mapping[str, tuple[Word, ...]] | None


def outputs_of(
    model: TrainedModel, waveform: npt.NDArray[np.float32], words: Sequence[Word]
) -> dict[str, npt.NDArray[np.float32]]:
    """Returns the outputs of a cross attention network for one recording, without the batch axis.

    Args:
        model: The network.
        waveform: float32 (samples,) at 16 kHz.
        words: Words with contiguous times, at least one.
    """
    features = model.spec(tf.constant(waveform[np.newaxis])).numpy()
    number = features.shape[1]
    known = Vocabulary(tuple(model.model.get_layer("word_embedding").vocabulary))
    segmentation = "equal" if model.card["row"] == "can_equal" else "aligned"
    ledger = ledgers.restore(Ledger, model.card["settings"])
    segments = systems.segments_of(words, number, model.spec, ledger, segmentation)
    inputs: dict[str, npt.NDArray[Any]] = {
        "features": features,
        "lengths": np.asarray([number], np.int32),
        "words": known.encode([word.text for word in words])[np.newaxis],
        "num_words": np.asarray([len(words)], np.int32),
        "segments": segments[np.newaxis],
    }
    outputs = model.model.predict_on_batch({name: inputs[name] for name in model.model.input})
    return {name: np.asarray(value)[0] for name, value in outputs.items()}


def words_shown(example: examples.Example, alignments: Alignments) -> tuple[Word, ...]:
    """Returns the words of a recording, from the corpus or from the user's alignments.

    Raises:
        SettingError: the recording has no words.
    """
    ledger = ledgers.restore(Ledger, example.model.card["settings"])
    if example.utterance is None:
        name = Path(example.title).stem
        if not alignments or name not in alignments:
            raise SettingError(f"--audio {example.title}: --alignment DIR must hold an alignment of {name}")
        words = spoken_words(alignments[name], len(example.waveform) / audio.SAMPLE_RATE_HZ, ledger.fillers)
        if not words:
            raise SettingError(f"--audio {example.title}: its alignment has no words")
        return words
    utterance = example.utterance
    if alignments is not None:
        utterance = dataclasses.replace(utterance, words=alignments.get(utterance.id))
    if utterance.words is None:
        raise SettingError(f"{utterance.id} has no word alignment; give the run's with --alignment DIR")
    return words_of(utterance, ledger.fillers)


def draw(shown: Sequence[examples.Example], alignments: Alignments = None) -> Figure:
    """Draws one column per example: the waveform, then text and audio attention with one bar per word."""
    width = 1.6 * panels.COLUMN_INCHES
    figure = Figure(figsize=(width * len(shown), 4.2), layout="constrained")
    columns = figure.subplots(3, len(shown), squeeze=False, sharex="col")
    for example, (top, *below) in zip(shown, columns.T, strict=True):
        words = words_shown(example, alignments)
        outputs = outputs_of(example.model, example.waveform, words)
        panels.draw_waveform(top, example.waveform)
        posteriors = panels.posteriors_in_words(example.model.classes, outputs["probabilities"])
        top.set_title(f"{example.title}\n{posteriors}", fontsize=7)
        _draw_boundaries(top, words)
        highest = max(outputs[name].mean(0).max() for name in ATTENTIONS)
        for axes, (name, (label, colour)) in zip(below, ATTENTIONS.items(), strict=True):
            _draw_bars(axes, words, outputs[name].mean(0), label, colour)
            axes.set_ylim(0, 1.05 * highest)
        below[0].tick_params(labelbottom=False)
        below[-1].set_xlabel("seconds")
    if shown[0].model.card["smoke"]:
        figure.suptitle("smoke run: shows that the software runs, nothing else", fontsize=7)
    return figure


def _draw_boundaries(axes: Axes, words: Sequence[Word]) -> None:
    """Draws lines at word boundaries, and the words above the waveform."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.5 * (high - low))
    transform = axes.get_xaxis_transform()
    for place, word in enumerate(words):
        if place:
            axes.axvline(word.start_seconds, color="tab:red", linewidth=0.5)
        middle = (word.start_seconds + word.end_seconds) / 2
        axes.text(middle, 0.98, word.text, transform=transform, fontsize=5, rotation=90, ha="center", va="top")


def _draw_bars(axes: Axes, words: Sequence[Word], weights: npt.NDArray[np.float32], label: str, colour: str) -> None:
    starts = [word.start_seconds for word in words]
    widths = [word.end_seconds - word.start_seconds for word in words]
    axes.bar(starts, weights, widths, align="edge", color=colour, alpha=0.6, edgecolor="white", linewidth=0.5)
    axes.set_ylabel(label)


def main(program: str, argv: list[str]) -> int:
    """Draws the figure.

    Args:
        program: How the command is called.
        argv: The arguments.

    Returns:
        The exit status.
    """
    parser = examples.parser_of(program, __doc__, "can", "attention.png")
    parser.add_argument("--alignment", type=Path, metavar="DIR", help="word alignments, as in the run")
    flags = parser.parse_args(argv)
    if flags.row not in {row.key for row in (*TABLE3.rows, *TABLE4.rows)}:
        raise SettingError(f"--row {flags.row}: not a cross attention network; take can")
    alignments = read_alignments(flags.alignment) if flags.alignment else None
    shown = examples.of_run(flags, PAPER, EXAMPLES)
    path = panels.save(draw(shown, alignments), flags.output or flags.run / "attention.png")
    print(f"written to {path}")
    return cli.DONE
