"""A kept model as a TensorFlow module that takes raw audio: decoding, features, model and labels in one graph.

Signatures, with `words`, `word_seconds` and `num_words` after their inputs where the model reads words:

- `serving_default`: `waveform` float32 [batch, samples] at 16 kHz in [-1, 1], right-padded with anything, and
  `num_samples` int32 [batch];
- `wav_bytes`: `audio` string [batch], RIFF/WAVE files of any PCM or float encoding, of any rate up to 192 kHz that
  holds the frequencies that the model listens to.

Outputs: `probabilities` float32 [batch, classes], `label` string [batch], `error` string [batch] and, where the model
has it, `attention` with `attention_seconds`; further outputs are those of single papers.

`error` is empty, or says why this recording cannot be used; then its label is empty and its probabilities are zero. The
other rows are answered as if it were not there. A recording shorter than a frame, down to a single sample, is answered
as if silence followed; silence has an answer as well. Only malformed calls fail: an empty batch, or inputs whose batch
sizes differ.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ser_tf import papers
from ser_tf.audio_limits import MIN_SAMPLE_RATE_HZ, MODEL_SAMPLE_RATE_HZ
from ser_tf.features.spec import FeatureSpec
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.models import TrainedModel
from ser_tf.protocol.served import Analysed, Served, Words, over_frames
from ser_tf.serving import checks, riff, wav
from ser_tf.serving.rows import Selection, first_problem

MAX_SECONDS = 120.0
"""Default duration of the longest recording that a model takes at once; the papers' utterances last a few seconds."""
MIN_WINDOW_SECONDS = 0.1
"""Shortest piece that a long recording may be cut into; an emotion needs more, and shorter ones would be millions."""
RECORDINGS_AT_ONCE = 4
"""Number of recordings to compute features of side by side; each needs memory of its own."""


def needed_hz(model: TrainedModel) -> int:
    """The lowest sampling rate that holds all frequencies that a model listens to.

    What a recording of a lower rate lacks would be silence to the model, such as it never heard in training: at
    8 kHz, models that listen up to 8 kHz change their answer for every tenth to every second recording of EmoDB.
    """
    params: Any = model.spec.params
    if "features" not in model.model.input:
        return MIN_SAMPLE_RATE_HZ
    if hasattr(params, "lowest_bins"):
        return min(round(2 * params.lowest_bins * params.sample_rate_hz / params.fft_samples), MODEL_SAMPLE_RATE_HZ)
    mel = getattr(params, "mfcc", params)
    return min(round(2 * getattr(mel, "high_hz", MODEL_SAMPLE_RATE_HZ / 2)), MODEL_SAMPLE_RATE_HZ)


def features_of(spec: FeatureSpec, waveform: tf.Tensor, num_samples: tf.Tensor) -> tf.Tensor:
    """Computes the feature of each recording by itself, so that a long one does not make short ones as costly.

    Args:
        spec: The feature.
        waveform: float32 (batch, samples), right-padded.
        num_samples: int32 (batch,).

    Returns:
        float32 (batch, frames, dims), zero after the end of each recording.
    """
    rows = tf.map_fn(
        lambda row: spec(row[0][: row[1]]),
        (waveform, num_samples),
        fn_output_signature=tf.RaggedTensorSpec([None, spec.dims], tf.float32, ragged_rank=0),
        parallel_iterations=RECORDINGS_AT_ONCE,
    )
    return tf.ensure_shape(rows.to_tensor(), (None, None, spec.dims))


class ServedModel(tf.Module):
    """The graph that is served; see the module.

    Attributes:
        functions: The signatures by name.
        classes: Names of the classes in the order of the posteriors.
        limits: Which recordings are refused.
        reads_words: Whether the model needs words beside the audio.
        assets: Files that are saved with it.
    """

    def __init__(self, model: TrainedModel, max_seconds: float = MAX_SECONDS, min_rate_hz: int | None = None) -> None:
        """Takes a trained model and sets what it refuses.

        Args:
            model: The model.
            max_seconds: Longer recordings are refused.
            min_rate_hz: Files of lower sampling rates are refused; None: those that lack a part of what it listens to.
        """
        super().__init__(name="served")
        self._trained = model
        paper = papers.load(model.card["paper"])
        self._served: Served[Any] = paper.served() if paper.served else Served(over_frames)
        self._ledger: Any = ledgers.restore(type(paper.ledger), model.card["settings"])
        self.limits = riff.Limits(max_seconds, min_rate_hz or needed_hz(model))
        self.reads_words = "words" in model.model.input
        self.assets: list[tf.saved_model.Asset] = []
        self._variables = [variable.value for variable in model.model.variables]
        self.classes = model.classes
        answers = {"serving_default": self._of_waveforms, "wav_bytes": self._of_files}
        self.functions: dict[str, Callable[..., dict[str, tf.Tensor]]] = {
            name: tf.function(answer, input_signature=self._specs(name), autograph=False)
            for name, answer in answers.items()
        }

    def answer(self, signature: str, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Calls a signature with its inputs by name."""
        return self.functions[signature](*(inputs[spec.name] for spec in self._specs(signature)))

    def _specs(self, signature: str) -> tuple[tf.TensorSpec, ...]:
        return checks.AUDIO_SPECS[signature] + (checks.WORD_SPECS if self.reads_words else ())

    def _of_files(self, audio: tf.Tensor, *text: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([checks.require_same_rows(audio, *text)]):
            waveform, num_samples, problems = wav.decode_batch(tf.identity(audio), self.limits)
        return self._answer(waveform, num_samples, problems, text)

    def _of_waveforms(self, waveform: tf.Tensor, num_samples: tf.Tensor, *text: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([checks.require_same_rows(waveform, num_samples, *text)]):
            problems = checks.length_problems(num_samples, tf.shape(waveform)[1], self.limits.max_seconds)
        num_samples = tf.where(problems == "", num_samples, 0)
        waveform = waveform[:, : tf.reduce_max(num_samples)]  # padding that all rows share costs nothing
        waveform = tf.where(tf.sequence_mask(num_samples, tf.shape(waveform)[1]), waveform, 0.0)
        return self._answer(waveform, num_samples, first_problem(problems, wav.out_of_range(waveform)), text)

    def _answer(
        self, waveform: tf.Tensor, num_samples: tf.Tensor, problems: tf.Tensor, text: tuple[tf.Tensor, ...]
    ) -> dict[str, tf.Tensor]:
        """Answers about recordings of which some have problems.

        Args:
            waveform: float32 (batch, samples), right-padded with zeros.
            num_samples: int32 (batch,), 0 for recordings without samples.
            problems: Why recordings cannot be used as far as it is known, string (batch,).
            text: The inputs besides the audio, for models that read words.
        """
        if text:
            duration = tf.cast(num_samples, tf.float64) / MODEL_SAMPLE_RATE_HZ
            problems = first_problem(problems, checks.word_problems(self._served.words, text, duration))
        selection = Selection(problems)
        outputs = self._posteriors(*selection.take((waveform, num_samples, *text), checks.silence(len(text))))
        return {**selection.spread(outputs), "error": problems}

    def _posteriors(self, waveform: tf.Tensor, num_samples: tf.Tensor, *text: tf.Tensor) -> dict[str, tf.Tensor]:
        """All outputs but `error` for recordings without problems; arguments as for `_answer`."""
        model, spec = self._trained.model, self._trained.spec
        spoken = None
        if text and self._served.words is not None:
            duration = tf.cast(num_samples, tf.float64) / MODEL_SAMPLE_RATE_HZ
            spoken = self._served.words.spoken(*checks.trimmed(text), duration)
        lengths = spec.num_frames(num_samples)
        given = {"features": features_of(spec, waveform, num_samples), "lengths": lengths}
        given |= self._words(spoken, lengths)
        outputs = model({name: given[name] for name in model.input}, training=False)
        probabilities = outputs["probabilities"]
        placed = self._served.attention(Analysed(model, spec, self._ledger, lengths, spoken, outputs))
        label = tf.gather(tf.constant(self.classes), tf.argmax(probabilities, axis=-1))
        return {"probabilities": probabilities, "label": label, **placed}

    def _words(self, spoken: Words | None, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        """The model's inputs that come from words."""
        if spoken is None or self._served.words is None:
            return {}
        model, spec, row = self._trained.model, self._trained.spec, self._trained.card["row"]
        return self._served.words.inputs(spoken, lengths, model, row, spec, self._ledger)
