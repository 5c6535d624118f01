"""Emotions of a user's recordings, from an exported model or from a row of a run."""

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.data import audio
from ser_tf.errors import AudioError, SettingError, UserError
from ser_tf.papers.lee2020.alignment import read_alignments, spoken_words
from ser_tf.serving import papers, requests
from ser_tf.serving.served import LONGEST_SECONDS, ServedModel

WINDOWS_AT_ONCE = 16
CARD, GRAPH = "card.json", "saved_model.pb"

_REASON = re.compile(r"recording \d+ of the batch: ([^\]]*?)(?:; recording|\]|$)")


@dataclasses.dataclass(frozen=True)
class Model:
    """Something that gives posteriors for waveforms.

    Attributes:
        classes: Names of the classes in the order of the posteriors.
        reads_words: Whether it needs words beside the audio.
        longest_seconds: Longer recordings have to be cut into windows.
        lowest_hz: Files of lower sampling rates lack a part of what it listens to.
        function: The signature `serving_default`.
        owner: Holds the variables that the function reads; they live as long as it does.
    """

    classes: tuple[str, ...]
    reads_words: bool
    longest_seconds: float
    lowest_hz: int
    function: Callable[..., Mapping[str, tf.Tensor]]
    owner: Any

    def answer(
        self, waveforms: Sequence[np.ndarray], texts: Sequence[Sequence[Word]] | None = None
    ) -> dict[str, np.ndarray]:
        """All outputs for some recordings, see `ser_tf.serving.served`.

        Args:
            waveforms: float32 (samples,) each, at 16 kHz.
            texts: Their words, for models that read words.

        Raises:
            AudioError: the model refuses a recording; the message is the reason.
        """
        inputs = requests.of_waveforms(waveforms)
        if self.reads_words:
            inputs |= requests.of_words(texts or [()] * len(waveforms))
        try:
            outputs = self.function(**{name: tf.constant(value) for name, value in inputs.items()})
        except tf.errors.InvalidArgumentError as error:
            found = _REASON.search(error.message)
            raise AudioError(found[1] if found else error.message.splitlines()[0]) from None
        return {name: value.numpy() for name, value in outputs.items()}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says about one window of a recording.

    Attributes:
        start_seconds: Where the window begins in the recording.
        end_seconds: Where it ends.
        label: The decided class.
        outputs: All outputs without the batch axis; `attention` without padding, its times are the recording's.
    """

    start_seconds: float
    end_seconds: float
    label: str
    outputs: Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Predicted:
    """A recording with the predictions of its windows; without windows it is one."""

    path: Path
    waveform: np.ndarray
    windows: tuple[Prediction, ...]

    def without_waveform(self) -> "Predicted":
        """The predictions alone, so that many recordings can be kept."""
        return dataclasses.replace(self, waveform=np.zeros(0, np.float32))


def open_model(name: str, fold: str | None = None, seed: int | None = None) -> Model:
    """Opens a model.

    Args:
        name: Folder of a SavedModel, or of its versions, of which the highest is taken; or `RUN_DIR:ROW`.
        fold: For a run, whose model (default: the first fold's).
        seed: For a run, which seed.

    Raises:
        UserError: there is no model of this name.
    """
    run, separator, row = name.rpartition(":")
    if separator and not Path(name).exists():
        served = ServedModel(papers.kept_model(Path(run), row, fold, seed), LONGEST_SECONDS)
        function = functools.partial(served.answer, "serving_default")
        limits = served.limits
        return Model(served.classes, served.reads_words, limits.longest_seconds, limits.lowest_hz, function, served)
    if fold is not None or seed is not None:
        raise SettingError("--fold and --seed choose among a run's models; give RUN_DIR:ROW with them")
    return _open_exported(exported_folder(Path(name)))


def exported_folder(path: Path) -> Path:
    """The folder of a SavedModel: the one given, or the highest of its versions.

    Raises:
        UserError: there is none.
    """
    versions = [one for one in path.glob("*") if one.name.isdigit() and (one / GRAPH).exists()]
    if versions:
        return max(versions, key=lambda one: int(one.name))
    if not (path / GRAPH).exists():
        raise UserError(f"{path}: no exported model (folder with {GRAPH}) and no RUN_DIR:ROW")
    return path


def card_in(path: Path) -> dict[str, Any]:
    """The card of an exported model.

    Raises:
        UserError: it has none.
    """
    try:
        return json.loads((path / "assets" / CARD).read_text())
    except (OSError, ValueError) as error:
        raise _foreign(path, error) from None


def _foreign(path: Path, error: Exception) -> UserError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(f"{path}: not a model of ser_tf.serving.export ({reason})")


def _open_exported(path: Path) -> Model:
    card = card_in(path)
    try:
        loaded = tf.saved_model.load(str(path))
        function = loaded.signatures["serving_default"]
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise _foreign(path, error) from None
    return Model(
        tuple(card["classes"]), card["reads_words"], card["longest_seconds"], card["lowest_rate_hz"], function, loaded
    )


def cut(num_samples: int, window_seconds: float | None) -> list[tuple[int, int]]:
    """First sample and end of each window: one behind the other, the last one moved back so that it is whole.

    Args:
        num_samples: Of the recording.
        window_seconds: Length of a window; None, or more than the recording has: the whole is one window.
    """
    length = num_samples if window_seconds is None else round(window_seconds * audio.SAMPLE_RATE_HZ)
    if num_samples <= length:
        return [(0, num_samples)]
    starts = [*range(0, num_samples - length, length), num_samples - length]
    return [(start, start + length) for start in starts]


def words_inside(words: Sequence[Word], start_seconds: float, end_seconds: float) -> tuple[Word, ...]:
    """The words whose middle lies in a window, with the window's times."""
    return tuple(
        Word(
            word.text,
            max(word.start_seconds, start_seconds) - start_seconds,
            min(word.end_seconds, end_seconds) - start_seconds,
        )
        for word in words
        if start_seconds <= (word.start_seconds + word.end_seconds) / 2 < end_seconds
    )


@dataclasses.dataclass(frozen=True)
class Predictor:
    """Predicts recordings in files.

    Attributes:
        model: The model.
        window_seconds: Length of the windows that recordings are cut into; None leaves them whole.
        alignments: Words as aligners write them by the stem of the file, for models that read words.
    """

    model: Model
    window_seconds: float | None = None
    alignments: Mapping[str, Sequence[Word]] | None = None

    def __post_init__(self) -> None:
        """Checks that model, windows and words fit together.

        Raises:
            SettingError: they do not.
        """
        if self.model.reads_words and self.alignments is None:
            raise SettingError("this model reads words: give their alignments with --alignment DIR")
        longest = self.model.longest_seconds
        if self.window_seconds is not None and not 0.0 < self.window_seconds <= longest:
            raise SettingError(f"--window {self.window_seconds:g}: must be above 0 and at most {longest:g} seconds")

    def __call__(self, path: Path) -> Predicted:
        """Predicts one recording.

        Raises:
            AudioError: it cannot be read or used; names the file.
        """
        try:
            rate_hz = audio.probe(path).sample_rate_hz
        except OSError as error:
            raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
        if rate_hz < self.model.lowest_hz:
            raise AudioError(
                f"{path}: its rate of {rate_hz} Hz holds nothing above {rate_hz // 2} Hz, and the model listens up to"
                f" {self.model.lowest_hz // 2} Hz; record at {self.model.lowest_hz} Hz or more"
            )
        waveform = audio.read(path)
        seconds = len(waveform) / audio.SAMPLE_RATE_HZ
        longest = self.model.longest_seconds
        if self.window_seconds is None and seconds > longest:
            raise AudioError(
                f"{path}: lasts {seconds:.0f} s, longer than the {longest:g} s that the model takes at once;"
                " cut it with --window SECONDS"
            )
        words = self._words(path, seconds)
        places = cut(len(waveform), self.window_seconds)
        windows: list[Prediction] = []
        for first in range(0, len(places), WINDOWS_AT_ONCE):
            group = places[first : first + WINDOWS_AT_ONCE]
            times = [(start / audio.SAMPLE_RATE_HZ, end / audio.SAMPLE_RATE_HZ) for start, end in group]
            try:
                outputs = self.model.answer(
                    [waveform[start:end] for start, end in group], [words_inside(words, *both) for both in times]
                )
            except AudioError as error:
                raise AudioError(f"{path}: {error}") from None
            windows += [prediction_of(outputs, row, *both) for row, both in enumerate(times)]
        return Predicted(path, waveform, tuple(windows))

    def _words(self, path: Path, seconds: float) -> tuple[Word, ...]:
        if not self.model.reads_words or self.alignments is None:
            return ()
        if path.stem not in self.alignments:
            raise AudioError(f"{path}: --alignment has neither {path.stem}.TextGrid nor a CTM with {path.stem}")
        return spoken_words(self.alignments[path.stem], seconds)


def alignments_of(folder: Path | None) -> Mapping[str, Sequence[Word]] | None:
    """Alignments in a folder by the names of their recordings; None without a folder.

    Raises:
        CorpusError: there are none, or one is broken.
    """
    return None if folder is None else read_alignments(folder)


def prediction_of(
    outputs: Mapping[str, np.ndarray], row: int, start_seconds: float = 0.0, end_seconds: float = 0.0
) -> Prediction:
    """One row of a batch's outputs, with the padding of its attention cut off and times moved to the recording's."""
    one = {name: value[row] for name, value in outputs.items()}
    label = one.pop("label").decode()
    if "attention_seconds" in one:
        valid = one["attention_seconds"] >= 0
        one["attention"] = one["attention"][valid]
        one["attention_seconds"] = one["attention_seconds"][valid] + start_seconds
    return Prediction(start_seconds, end_seconds, label, one)
