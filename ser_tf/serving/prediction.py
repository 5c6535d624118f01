"""Emotions of a user's recordings, from an exported model or from a row of a run."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf import papers
from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.corpora.base import Word
from ser_tf.errors import AudioError, SettingError
from ser_tf.papers.lee2020.alignment import read_alignments
from ser_tf.protocol import models
from ser_tf.serving import channels, exported, names, packaged, requests, telephone
from ser_tf.serving.reader import Reader, Sound
from ser_tf.serving.served import MAX_SECONDS, MIN_WINDOW_SECONDS, ServedModel
from ser_tf.serving.windows import cut, words_inside
from ser_tf.serving.words import Given, Recognised, Say, Source, sayer

WINDOWS_AT_ONCE = 16
NARROW = (
    "nothing above 4 kHz: it passed a telephone or was upsampled, and the model, which listens up to {} Hz, never heard"
    " such speech"
)

Waveform = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Model:
    """Something that gives posteriors for waveforms.

    Attributes:
        classes: Names of the classes in the order of the posteriors.
        say: For a model that reads words, how it is told them; None for one that hears only audio.
        max_seconds: Longer recordings have to be cut into windows.
        min_rate_hz: Files of lower sampling rates lack a part of what it listens to.
        function: The signature `serving_default`.
        owner: Holds the variables that the function reads; they live as long as it does.
    """

    classes: tuple[str, ...]
    say: Say | None
    max_seconds: float
    min_rate_hz: int
    function: Callable[..., Mapping[str, tf.Tensor]]
    owner: object

    @property
    def reads_words(self) -> bool:
        """Whether it needs words beside the audio."""
        return self.say is not None

    def answer(
        self, waveforms: Sequence[Waveform], texts: Sequence[Sequence[Word]] | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Gives all outputs for some recordings, see `ser_tf.serving.served`; `error` says which cannot be used.

        Args:
            waveforms: float32 (samples,) each, at 16 kHz.
            texts: Their words, for models that read words.
        """
        inputs = requests.of_waveforms(waveforms)
        if self.reads_words:
            inputs |= requests.of_words(texts or [()] * len(waveforms))
        outputs = self.function(**{name: tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Answer of a model about one window of a recording.

    Attributes:
        start_seconds: Where the window begins in the recording.
        end_seconds: Where it ends.
        label: The decided class.
        outputs: All outputs but `error` without the batch axis; `attention` without padding, in the recording's time.
    """

    start_seconds: float
    end_seconds: float
    label: str
    outputs: Mapping[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Predicted:
    """A recording, or one channel of it, with the predictions of its windows; without windows it is one.

    Attributes:
        path: The file.
        channel: What is heard of it.
        classes: In the order of the posteriors.
        waveform: float32 (samples,) at 16 kHz.
        windows: The predictions, in time.
        words: What a model of words was told; None for a model that hears only audio.
        note: Why the answer deserves less trust, or empty.
    """

    path: Path
    channel: str
    classes: tuple[str, ...]
    waveform: Waveform
    windows: tuple[Prediction, ...]
    words: tuple[Word, ...] | None = None
    note: str = ""

    @property
    def is_mean(self) -> bool:
        """Whether all channels were heard as one."""
        return self.channel == channels.MEAN


def open_model(name: str | None, fold: str | None = None, seed: int | None = None) -> Model:
    """Opens a model.

    Args:
        name: Folder of a SavedModel, or of its versions, of which the highest is taken; or `RUN_DIR:ROW`; None for the
            model of the package.
        fold: For a run, whose model (default: the first fold's).
        seed: For a run, which seed.

    Raises:
        UserError: there is no model of this name, or it is damaged.
    """
    run, separator, row = (name or "").rpartition(":")
    if name is None:
        _require_no_choice(fold, seed)
        return _opened(packaged.load())
    if separator and not exported.exists(Path(name)):
        return _opened(models.kept_model(papers.load, Path(run), row, fold, seed))
    _require_no_choice(fold, seed)
    card, loaded = exported.load(exported.folder_of(Path(name)))
    function = loaded.signatures["serving_default"]
    say = sayer(card["paper"], card["assumptions"]) if card["reads_words"] else None
    return Model(tuple(card["classes"]), say, card["max_seconds"], card["min_rate_hz"], function, loaded)


def _require_no_choice(fold: str | None, seed: int | None) -> None:
    if fold is not None or seed is not None:
        raise SettingError("--fold and --seed choose among a run's models; give RUN_DIR:ROW with them")


def _opened(trained: models.TrainedModel) -> Model:
    """Makes a kept model answer as it would when it is exported."""
    served = ServedModel(trained, MAX_SECONDS)
    function = functools.partial(served.answer, "serving_default")
    say = sayer(trained.card["paper"], trained.card["settings"]) if served.reads_words else None
    return Model(served.classes, say, served.limits.max_seconds, served.limits.min_rate_hz, function, served)


@dataclasses.dataclass(frozen=True)
class Predictor:
    """Predicts recordings in files.

    Attributes:
        model: The model.
        reader: Decodes the files.
        window_seconds: Length of the windows that recordings are cut into; None leaves them whole.
        words: Where the words come from, for models that read words; None: they are recognised.
        channel: What is heard of several channels, one of `channels.CHOICES`.
        hop_seconds: From the beginning of a window to that of the next; None: one after the other.
    """

    model: Model
    reader: Reader
    window_seconds: float | None = None
    words: Source | None = None
    channel: str = channels.MEAN
    hop_seconds: float | None = None

    def __post_init__(self) -> None:
        """Checks that model, windows and words fit together.

        Raises:
            SettingError: they do not, or words cannot be recognised.
        """
        if self.model.reads_words and self.words is None:
            object.__setattr__(self, "words", Recognised())
        shortest, longest = MIN_WINDOW_SECONDS, self.model.max_seconds
        if self.window_seconds is not None and not shortest <= self.window_seconds <= longest:
            raise SettingError(f"--window {self.window_seconds:g}: must be from {shortest:g} to {longest:g} seconds")
        if self.hop_seconds is None:
            return
        if self.window_seconds is None:
            raise SettingError("--hop: only windows have one; give --window SECONDS with it")
        if not shortest <= self.hop_seconds <= self.window_seconds:
            widest = f"from {shortest:g} to the {self.window_seconds:g} seconds of a window"
            raise SettingError(f"--hop {self.hop_seconds:g}: must be {widest}")

    def __call__(self, path: Path) -> tuple[Predicted, ...]:
        """Predicts one recording; several predictions are of its channels.

        Raises:
            AudioError: it cannot be read or used; names the file and the reason.
        """
        sound = self.reader.read(path)
        try:
            self._check(sound)
            return tuple(
                self._predicted(path, name, waveform) for name, waveform in channels.waveforms(sound, self.channel)
            )
        except AudioError as error:
            raise AudioError(f"{names.one_line(path)}: {error}") from None
        except tf.errors.OpError as error:
            reason = error.message.split("\n")[0][:200]
            raise AudioError(f"{names.one_line(path)}: the model fails on it ({reason})") from error

    def _predicted(self, path: Path, channel: str, waveform: Waveform) -> Predicted:
        """Predicts one waveform, float32 (samples,) at 16 kHz."""
        said = None
        if self.model.say is not None and self.words is not None:
            said = self.model.say(self.words(path, waveform), len(waveform) / MODEL_SAMPLE_RATE_HZ)
        windows = self._windows(waveform, said or ())
        note = ""
        if self.model.min_rate_hz > 2 * telephone.LIMIT_HZ and telephone.is_narrow(waveform):
            note = NARROW.format(self.model.min_rate_hz // 2)
        return Predicted(path, channel, self.model.classes, waveform, windows, said, note)

    def _check(self, sound: Sound) -> None:
        rate_hz, needed_hz = sound.rate_hz, self.model.min_rate_hz
        if rate_hz < needed_hz:
            raise AudioError(
                f"its rate of {rate_hz} Hz holds nothing above {rate_hz // 2} Hz, and the model listens up to"
                f" {needed_hz // 2} Hz; record at {needed_hz} Hz or more, or give a model that listens only up to"
                f" {rate_hz // 2} Hz with --model (such as a run with --set mel_high_hz={rate_hz // 2}, or a model of"
                " words)"
            )
        seconds, longest = len(sound.samples) / rate_hz, self.model.max_seconds
        if self.window_seconds is None and seconds > longest:
            raise AudioError(
                f"lasts {seconds:.0f} s, longer than the {longest:g} s that the model takes at once;"
                " cut it with --window SECONDS"
            )

    def _windows(self, waveform: Waveform, words: Sequence[Word]) -> tuple[Prediction, ...]:
        """Predicts the windows of one waveform, float32 (samples,) at 16 kHz."""
        places = cut(len(waveform), self.window_seconds, self.hop_seconds)
        windows: list[Prediction] = []
        for first in range(0, len(places), WINDOWS_AT_ONCE):
            group = places[first : first + WINDOWS_AT_ONCE]
            times = [(start / MODEL_SAMPLE_RATE_HZ, end / MODEL_SAMPLE_RATE_HZ) for start, end in group]
            outputs = self.model.answer(
                [waveform[start:end] for start, end in group], [words_inside(words, *both) for both in times]
            )
            for (start, end), problem in zip(times, outputs["error"], strict=True):
                if problem:
                    where = f"from {start:g} to {end:g} s: " if len(places) > 1 else ""
                    raise AudioError(f"{where}{problem.decode()}")
            windows += [prediction_of(outputs, row, *both) for row, both in enumerate(times)]
        return tuple(windows)


def alignments_of(folder: Path | None) -> Source | None:
    """The alignments in a folder, by the names of their recordings; None without a folder.

    Raises:
        CorpusError: there are none, or one is broken.
    """
    return None if folder is None else Given(read_alignments(folder))


def prediction_of(
    outputs: Mapping[str, npt.NDArray[Any]], row: int, start_seconds: float = 0.0, end_seconds: float = 0.0
) -> Prediction:
    """Takes one row of a batch's outputs; padding of its attention is cut off, times become the recording's."""
    chosen = {name: value[row] for name, value in outputs.items() if name != "error"}
    label = chosen.pop("label").decode()
    if "attention_seconds" in chosen:
        valid = chosen["attention_seconds"] >= 0
        chosen["attention"] = chosen["attention"][valid]
        chosen["attention_seconds"] = chosen["attention_seconds"][valid] + start_seconds
    return Prediction(start_seconds, end_seconds, label, chosen)
