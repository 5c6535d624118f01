"""A kept model as a TensorFlow module that takes raw audio: decoding, features, model and labels in one graph.

Signatures, with `words`, `word_seconds` and `num_words` behind their inputs where the model reads words:

- `serving_default`: `waveform` float32 [batch, samples] at 16 kHz in [-1, 1], right-padded with anything, and
  `num_samples` int32 [batch];
- `wav_bytes`: `audio` string [batch], RIFF/WAVE files of any PCM or float encoding, of any rate up to 192 kHz that
  holds the frequencies that the model listens to.

Outputs: `probabilities` float32 [batch, classes], `label` string [batch] and, where the model has it, `attention` with
`attention_seconds`; further outputs of single papers are in `ser_tf.serving.attention`.

A recording that cannot be used ends the call with a message that names its place in the batch and the reason. One that
is shorter than a frame, down to a single sample, is answered as if silence followed; silence has an answer as well.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ser_tf.audio_limits import MIN_SAMPLE_RATE_HZ as LOWEST_HZ
from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from ser_tf.features.spec import FeatureSpec
from ser_tf.protocol.kept import KeptModel
from ser_tf.serving import papers, wav
from ser_tf.serving.attention import Analysed

LONGEST_SECONDS = 120.0
"""Default of the longest recording that a model takes at once; the papers' utterances last a few seconds."""
RECORDINGS_AT_ONCE = 4
"""Whose features are computed side by side; each needs memory of its own."""
AUDIO_SPECS = {
    "serving_default": (
        tf.TensorSpec((None, None), tf.float32, "waveform"),
        tf.TensorSpec((None,), tf.int32, "num_samples"),
    ),
    "wav_bytes": (tf.TensorSpec((None,), tf.string, "audio"),),
}
WORD_SPECS = (
    tf.TensorSpec((None, None), tf.string, "words"),
    tf.TensorSpec((None, None, 2), tf.float32, "word_seconds"),
    tf.TensorSpec((None,), tf.int32, "num_words"),
)


def needed_hz(kept: KeptModel) -> int:
    """The lowest sampling rate that holds all frequencies that a model listens to.

    What a recording of a lower rate lacks would be silence to the model, such as it never heard in training: at
    8 kHz, models that listen up to 8 kHz change their answer for every tenth to every second recording of EmoDB.
    """
    params: Any = kept.spec.params
    if "features" not in kept.model.input:
        return LOWEST_HZ
    if hasattr(params, "lowest_bins"):
        return min(round(2 * params.lowest_bins * params.sample_rate_hz / params.fft_samples), SAMPLE_RATE_HZ)
    mel = getattr(params, "mfcc", params)
    return min(round(2 * getattr(mel, "high_hz", SAMPLE_RATE_HZ / 2)), SAMPLE_RATE_HZ)


def refuse(reasons: tf.Tensor, what: str) -> tf.Operation:
    """An operation that fails when there is a reason, and says which elements are refused and why.

    Args:
        reasons: string (batch,), empty for elements that can be used.
        what: Names an element in the message.
    """
    bad = tf.where(reasons != "")[:, 0]
    lines = tf.strings.join([f"{what} ", tf.strings.as_string(bad), " of the batch: ", tf.gather(reasons, bad)])
    return tf.debugging.Assert(tf.size(bad) == 0, [tf.strings.reduce_join(lines, separator="; ")])


def features_of(spec: FeatureSpec, waveform: tf.Tensor, num_samples: tf.Tensor) -> tf.Tensor:
    """The feature of each recording by itself, so that a long one does not make the short ones as costly as itself.

    Args:
        spec: The feature.
        waveform: float32 (batch, samples), right-padded.
        num_samples: int32 (batch,).

    Returns:
        float32 (batch, frames, dims), zero behind the end of each.
    """
    rows = tf.map_fn(
        lambda one: spec(one[0][: one[1]]),
        (waveform, num_samples),
        fn_output_signature=tf.RaggedTensorSpec([None, spec.dims], tf.float32, ragged_rank=0),
        parallel_iterations=RECORDINGS_AT_ONCE,
    )
    return tf.ensure_shape(rows.to_tensor(), (None, None, spec.dims))


def _same_rows(*inputs: tf.Tensor) -> tf.Operation:
    """An operation that fails when inputs differ in their batch size."""
    sizes = tf.stack([tf.shape(one)[0] for one in inputs])
    return tf.debugging.Assert(tf.reduce_all(sizes == sizes[0]), ["the inputs differ in their batch size:", sizes])


class ServedModel(tf.Module):
    """The graph that is served; see the module.

    Attributes:
        functions: The signatures by name.
        classes: Names of the classes in the order of the posteriors.
        limits: Which recordings are refused.
        reads_words: Whether the model needs words beside the audio.
        assets: Files that are saved with it.
    """

    def __init__(self, kept: KeptModel, longest_seconds: float = LONGEST_SECONDS, lowest_hz: int | None = None) -> None:
        """Takes a trained model and sets what it refuses.

        Args:
            kept: The model.
            longest_seconds: Longer recordings are refused.
            lowest_hz: Files of lower sampling rates are refused; None: those that lack a part of what it listens to.
        """
        super().__init__(name="served")
        self._kept = kept
        self._paper = papers.PAPERS[kept.card["paper"]]
        self._ledger = papers.ledger_type(kept.card["paper"])(**kept.card["settings"])
        self.limits = wav.Limits(longest_seconds, lowest_hz or needed_hz(kept))
        self.reads_words = "words" in kept.model.input
        self.assets: list[tf.saved_model.Asset] = []
        self._variables = [variable.value for variable in kept.model.variables]
        self.classes = kept.classes
        self._vocabulary = None
        if self.reads_words:
            self._vocabulary = words.Vocabulary(tuple(kept.model.get_layer("word_embedding").vocabulary))
        answers = {"serving_default": self._of_waveforms, "wav_bytes": self._of_files}
        self.functions: dict[str, Callable[..., dict[str, tf.Tensor]]] = {
            name: tf.function(answer, input_signature=self._specs(name), autograph=False)
            for name, answer in answers.items()
        }

    def answer(self, signature: str, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Calls a signature with its inputs by name."""
        return self.functions[signature](*(inputs[spec.name] for spec in self._specs(signature)))

    def _specs(self, signature: str) -> tuple[tf.TensorSpec, ...]:
        return AUDIO_SPECS[signature] + (WORD_SPECS if self._vocabulary is not None else ())

    def _of_files(self, audio: tf.Tensor, *text: tf.Tensor) -> dict[str, tf.Tensor]:
        waveform, num_samples, reasons = wav.decode_batch(audio, self.limits)
        return self._answer(waveform, num_samples, reasons, text)

    def _of_waveforms(self, waveform: tf.Tensor, num_samples: tf.Tensor, *text: tf.Tensor) -> dict[str, tf.Tensor]:
        samples, longest = tf.shape(waveform)[1], self.limits.longest_seconds
        most = round(min(longest * SAMPLE_RATE_HZ, tf.int32.max))
        with tf.control_dependencies([_same_rows(waveform, num_samples)]):
            # Padding that all rows share, and what makes a recording too long, cost time and change nothing.
            waveform = waveform[:, : tf.clip_by_value(tf.reduce_max(num_samples), 0, most)]
        waveform = tf.where(tf.sequence_mask(num_samples, tf.shape(waveform)[1]), waveform, 0.0)
        seconds = tf.cast(num_samples, tf.float32) / SAMPLE_RATE_HZ
        number = tf.strings.join(
            [
                "its num_samples is ",
                tf.strings.as_string(num_samples),
                ", not between 1 and ",
                tf.strings.as_string(samples),
            ]
        )
        reasons = wav.out_of_range(waveform)
        reasons = tf.where(seconds > longest, wav.too_long(seconds, longest), reasons)
        possible = tf.logical_and(num_samples >= 1, num_samples <= samples)
        return self._answer(waveform, num_samples, tf.where(possible, reasons, number), text)

    def _answer(
        self, waveform: tf.Tensor, num_samples: tf.Tensor, reasons: tf.Tensor, text: tuple[tf.Tensor, ...]
    ) -> dict[str, tf.Tensor]:
        """The outputs for checked waveforms (batch, samples)."""
        checks = [tf.debugging.Assert(tf.size(reasons) > 0, ["the batch is empty"]), refuse(reasons, "recording")]
        duration = tf.cast(num_samples, tf.float64) / SAMPLE_RATE_HZ
        if self._vocabulary is not None:
            given_words, word_seconds, num_words = text
            with tf.control_dependencies([_same_rows(num_samples, *text)]):
                reasons = words.refusals(given_words, word_seconds, num_words, duration)
            checks.append(refuse(reasons, "recording"))
        with tf.control_dependencies(checks):
            waveform, num_samples = tf.identity(waveform), tf.identity(num_samples)
            spoken = None
            if self._vocabulary is not None:
                spoken = words.spoken(given_words, word_seconds, num_words, duration)
        spec = self._kept.spec
        lengths = spec.num_frames(num_samples)
        features = features_of(spec, waveform, num_samples)
        given = {"features": features, "lengths": lengths} | self._words(spoken, lengths)
        model = self._kept.model
        outputs = model({name: given[name] for name in model.input}, training=False)
        probabilities = outputs["probabilities"]
        placed = self._paper.attention(Analysed(model, spec, self._ledger, lengths, spoken, outputs))
        label = tf.gather(tf.constant(self.classes), tf.argmax(probabilities, axis=-1))
        return {"probabilities": probabilities, "label": label, **placed}

    def _words(self, spoken: words.Words | None, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        """What of the model's inputs comes from words."""
        if spoken is None or self._vocabulary is None or self._paper.segments is None:
            return {}
        segments = self._paper.segments(self._kept.card["row"], self._ledger)
        return {
            "words": tf.where(spoken.mask, self._vocabulary(spoken.text), 0),
            "num_words": spoken.number,
            "segments": segments(spoken, lengths, self._kept.spec.params),
        }
