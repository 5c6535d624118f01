"""How the systems of Lee et al. 2020 are trained and tested on a fold.

Table 2 re-implements all systems "as described in Section 4.2" (§4.3.1), so they share one recipe. The loss is that of
eq. 13-14 and the decision that of eq. 15 where the network has its three posteriors.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.data import normalisation
from ser_tf.errors import SettingError
from ser_tf.features.mfcc import MFCC, MfccParams, mfcc_spec
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.lee2020 import (
    aligned,
    glove,
    head_entropy,
    networks,
    segment_mfcc,
    vocabulary,
    xu2019,
    yoon2019,
)
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.text_audio import LSTM_UNITS, AudioSettings, TextSettings
from ser_tf.papers.lee2020.words import words_of
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Loss, Recipe, cross_entropy

OVERLAP = 0.1  # §3.1.2
_NOTHING_KNOWN = vocabulary.Vocabulary(())


def mfcc_params(ledger: Ledger) -> MfccParams:
    """40 MFCC, Hamming window of 25 ms, 10 ms hop (§4.2).

    Raises:
        SettingError: the ledger has fewer bands than coefficients.
    """
    needed = ledger.mfcc_first_coefficient + MfccParams.coefficients
    if ledger.mfcc_mel_bands < needed:
        raise SettingError(f"--set mfcc_mel_bands={ledger.mfcc_mel_bands}: the coefficients need {needed} bands")
    return MfccParams(
        first_coefficient=ledger.mfcc_first_coefficient,
        bands=ledger.mfcc_mel_bands,
        mel_scale=ledger.mfcc_mel_scale,
        unit_area=ledger.mfcc_unit_area,
        low_hz=ledger.mfcc_low_hz,
        high_hz=ledger.mfcc_high_hz,
        fft_samples=ledger.mfcc_fft_samples,
        pre_emphasis=ledger.mfcc_pre_emphasis,
        lifter=ledger.mfcc_lifter,
        log_floor=ledger.mfcc_log_floor,
    )


def frame_features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """MFCC of whole utterances, which the re-implemented systems read."""
    return (mfcc_spec(mfcc_params(ledger)),)


def segment_features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """What the cross attention network cuts: the waveform (§3.1.2), or MFCC of whole utterances."""
    return (segment_mfcc.WAVEFORM,) if ledger.mfcc_of == "segment" else frame_features(ledger)


def overlap_of(ledger: Ledger) -> float:
    """Overlap of neighbouring segments as a share of a word's duration (§3.1.2)."""
    return OVERLAP * (1 if ledger.overlap_margin == "half" else 2)


def segments_of(
    words: Sequence[Word], num_frames: int, spec: FeatureSpec, ledger: Ledger, segmentation: str
) -> npt.NDArray[np.int32]:
    """Frames under each word (§3.1.2), or samples where the feature is the waveform.

    Args:
        words: With times that touch each other.
        num_frames: Frames of the utterance.
        spec: The feature.
        ledger: The assumptions.
        segmentation: `aligned`, or `equal` (Table 3).

    Returns:
        First frame and number of frames, int32 (words, 2).
    """
    if segmentation == "aligned":
        return aligned.word_segments(words, num_frames, spec.params, overlap_of(ledger))
    return aligned.equal_segments(len(words), num_frames, spec.params, overlap_of(ledger))


class _Batches(Batches[Ledger]):
    """Words and frames; the segments of the words where the network reads them."""

    def __init__(  # noqa: PLR0913 - what is read, and how it is cut
        self,
        context: FoldContext[Ledger],
        spec: FeatureSpec,
        recipe: Recipe,
        known: vocabulary.Vocabulary,
        reads: str,
        segmentation: str = "",
    ) -> None:
        """Takes the vocabulary, what the network reads (`words`, `frames` or `segments`), and how audio is cut."""
        super().__init__(context, spec, recipe)
        self._known, self._reads, self._segmentation = known, reads, segmentation

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches as dictionaries; see `aligned.dataset`."""
        if self._reads == "words":
            self.context.record(ids, purpose)
            items = [self._item(utterance_id) for utterance_id in ids]
            return aligned.dataset(None, ids, items, self.params, columns, seed, self._reads)
        view = self.context.view(self.spec, ids, purpose)
        items = [self._item(utterance_id, view.num_frames(utterance_id)) for utterance_id in ids]
        return aligned.dataset(view, ids, items, self.params, columns, seed, self._reads)

    def _item(self, utterance_id: str, num_frames: int = 0) -> aligned.Aligned:
        ledger = self.context.ledger
        words = words_of(self.context.utterances[utterance_id], ledger.fillers)
        segments = np.zeros((len(words), 2), np.int32)
        if self._reads == "segments":
            segments = segments_of(words, num_frames, self.spec, ledger, self._segmentation)
        return aligned.Aligned(self._known.encode([word.text for word in words]), segments)


class _AudioBatches(_Batches):
    """Frames for a network that reads no words: the corpus may have none."""

    def _item(self, utterance_id: str, num_frames: int = 0) -> aligned.Aligned:  # noqa: ARG002 - any is the same
        return aligned.Aligned(np.zeros(1, np.int32), np.zeros((1, 2), np.int32))


def _recipe(ledger: Ledger, losses: Mapping[str, tuple[Loss, float]]) -> Recipe:
    """The training of all systems (§4.2)."""
    return Recipe(
        optimiser="adam",  # §4.2
        learning_rate=1e-3,  # §4.2
        batch_size=64,  # §4.2
        max_epochs=ledger.max_epochs,
        patience=10,  # §4.2
        monitor=ledger.monitor,
        class_weights=ledger.class_weights,
        losses=losses,
        clip_norm=1.0,  # §4.2
        clip_each=ledger.clipping == "each",
    )


_DECISION: Mapping[str, tuple[Loss, float]] = {"probabilities": (cross_entropy, 1.0)}
_TOTAL: Mapping[str, tuple[Loss, float]] = {  # eq. 13-14
    "joint_probabilities": (cross_entropy, 1.0),
    "text_probabilities": (cross_entropy, networks.ALIGN_WEIGHT),
    "audio_probabilities": (cross_entropy, networks.ALIGN_WEIGHT),
}


def _text(context: FoldContext[Ledger]) -> vocabulary.Embedded:
    """The vocabulary and the first embedding (§3.1.1)."""
    ledger = context.ledger
    context.record(context.fold.train, "vocabulary")
    texts = [words_of(context.utterances[utterance_id], ledger.fillers) for utterance_id in context.fold.train]
    known = vocabulary.fit(([word.text for word in words] for words in texts), ledger.vocabulary_min_count)
    rng = np.random.default_rng(context.seed)
    vectors: glove.WordVectors | None = context.inputs.get("glove")
    if vectors is None:
        return vocabulary.random_embedding(known, ledger.embedding_dims, rng)
    given = glove.vectors_of(vectors, ledger.contractions)
    embedded = vocabulary.given_embedding(known, given, vectors.matrix.shape[1], rng, ledger.missing_vectors)
    return embedded.extended(given) if ledger.vocabulary == "training+vectors" else embedded


def _settings(embedded: vocabulary.Embedded) -> TextSettings:
    return TextSettings(embedded.known.words, embedded.matrix)


def _frames(context: FoldContext[Ledger], spec: FeatureSpec) -> AudioSettings:
    """Normalisation of the MFCC of whole utterances."""
    if context.ledger.mfcc_normaliser == "none":
        return AudioSettings(np.zeros(spec.dims), np.ones(spec.dims))
    statistics = normalisation.fit(context.view(spec, context.fold.train, "normaliser"), context.fold.train)
    return AudioSettings(statistics.mean, statistics.std)


def _segments(context: FoldContext[Ledger], spec: FeatureSpec, segmentation: str) -> AudioSettings:
    """How segments become frames, and the normalisation of these."""
    ledger = context.ledger
    if ledger.mfcc_of == "utterance":
        return _frames(context, spec)
    params = mfcc_params(ledger)
    if ledger.mfcc_normaliser == "none":
        return AudioSettings(np.zeros(params.coefficients), np.ones(params.coefficients), params)

    def segments(utterance_id: str, num_samples: int) -> npt.NDArray[np.int32]:
        words = words_of(context.utterances[utterance_id], ledger.fillers)
        return segments_of(words, num_samples, spec, ledger, segmentation)

    waveforms = context.view(spec, context.fold.train, "normaliser")
    frames = segment_mfcc.SegmentFrames(waveforms, segments, params)
    statistics = normalisation.fit(frames, context.fold.train)
    return AudioSettings(statistics.mean, statistics.std, params)


def _baseline_units(ledger: Ledger) -> int:
    """LSTM units in each direction of the re-implemented systems."""
    return ledger.baseline_lstm_units // (1 if ledger.lstm_width == "per_direction" else 2)


def fit_text(context: FoldContext[Ledger]) -> FoldOutcome:
    """TextModel of Table 2: a BLSTM with global attention over the words."""
    text = _text(context)
    model = networks.build_text_network(_settings(text), len(context.task.classes), _baseline_units(context.ledger))
    recipe = _recipe(context.ledger, _DECISION)
    batches = _Batches(context, MFCC, recipe, text.known, "words")  # no feature is read
    return loop.train(context, model, batches, recipe)


def fit_audio(context: FoldContext[Ledger]) -> FoldOutcome:
    """AudioModel of Table 2: a BLSTM with global attention over the frames."""
    (spec,) = frame_features(context.ledger)
    model = networks.build_audio_network(
        _frames(context, spec), len(context.task.classes), _baseline_units(context.ledger)
    )
    recipe = _recipe(context.ledger, _DECISION)
    return loop.train(context, model, _AudioBatches(context, spec, recipe, _NOTHING_KNOWN, "frames"), recipe)


def fit_yoon2019(context: FoldContext[Ledger]) -> FoldOutcome:
    """Yoon et al. of Table 2: multi-hop attention between the last audio state, words and frames."""
    (spec,) = frame_features(context.ledger)
    text = _text(context)
    model = yoon2019.build_multi_hop_network(
        _settings(text), _frames(context, spec), len(context.task.classes), _baseline_units(context.ledger)
    )
    recipe = _recipe(context.ledger, _DECISION)
    return loop.train(context, model, _Batches(context, spec, recipe, text.known, "frames"), recipe)


def fit_xu2019(context: FoldContext[Ledger]) -> FoldOutcome:
    """Xu et al. of Table 2: each word attends over the frames."""
    (spec,) = frame_features(context.ledger)
    text = _text(context)
    model = xu2019.build_alignment_network(
        _settings(text), _frames(context, spec), len(context.task.classes), _baseline_units(context.ledger)
    )
    recipe = _recipe(context.ledger, _DECISION)
    return loop.train(context, model, _Batches(context, spec, recipe, text.known, "frames"), recipe)


def fit_cross_attention(
    context: FoldContext[Ledger],
    segmentation: str = "aligned",
    stop_gradient: bool = True,
    align_loss: bool = True,
    cross_attention: bool = True,
) -> FoldOutcome:
    """The cross attention network (Tables 2-4); how sharply its heads attend is measured.

    Args:
        context: The fold.
        segmentation: `aligned`, or `equal` (Table 3).
        stop_gradient: Whether crossed weights are constants in training (eq. 7 and 9).
        align_loss: Whether the single modalities have losses and a say in the decision (eq. 11-15).
        cross_attention: Whether each modality's weights aggregate the other one as well (eq. 7 and 9).
    """
    ledger = context.ledger
    (spec,) = segment_features(ledger)
    text = _text(context)
    model = networks.build_cross_attention_network(
        _settings(text),
        _segments(context, spec, segmentation),
        len(context.task.classes),
        lstm_units=LSTM_UNITS // (1 if ledger.lstm_width == "per_direction" else 2),
        align_weight=networks.ALIGN_WEIGHT if align_loss else 0.0,
        stop_gradient=stop_gradient,
        cross_attention=cross_attention,
        project_heads=ledger.head_projection,
        segment_average=ledger.segment_average,
        segment_dropout=ledger.segment_dropout,
    )
    recipe = _recipe(ledger, _TOTAL if align_loss else _DECISION)
    batches = _Batches(context, spec, recipe, text.known, "segments", segmentation)
    outcome = loop.train(context, model, batches, recipe)
    test = context.fold.test
    num_words = {key: len(words_of(context.utterances[key], ledger.fillers)) for key in test}
    return dataclasses.replace(outcome, measured=head_entropy.measure_entropies(model, batches, num_words))
