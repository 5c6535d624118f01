"""How the systems of Lee et al. 2020 are trained and tested on a fold.

Table 2 re-implements all systems "as described in Section 4.2" (§4.3.1), so they share one recipe. The loss is that of
eq. 13-14 and the decision that of eq. 15 where the network has its three posteriors.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.data import normalisation
from ser_tf.errors import SettingError
from ser_tf.features.mfcc import MfccParams, mfcc_spec
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.lee2020 import aligned, networks, vocabulary, xu2019, yoon2019
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.text_audio import AudioSettings, TextSettings
from ser_tf.papers.lee2020.words import words_of
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Loss, Recipe, cross_entropy

OVERLAP = 0.1  # §3.1.2


def features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """40 MFCC, Hamming window of 25 ms, 10 ms hop (§4.2).

    Raises:
        SettingError: the ledger has fewer bands than coefficients.
    """
    needed = ledger.mfcc_first_coefficient + MfccParams.coefficients
    if ledger.mfcc_mel_bands < needed:
        raise SettingError(f"--set mfcc_mel_bands={ledger.mfcc_mel_bands}: the coefficients need {needed} bands")
    params = MfccParams(first_coefficient=ledger.mfcc_first_coefficient, bands=ledger.mfcc_mel_bands)
    return (mfcc_spec(params),)


def overlap_of(ledger: Ledger) -> float:
    """Overlap of neighbouring segments as a share of a word's duration (§3.1.2)."""
    return OVERLAP * (1 if ledger.overlap_margin == "half" else 2)


def segments_of(
    words: Sequence[Word], num_frames: int, spec: FeatureSpec, ledger: Ledger, segmentation: str
) -> npt.NDArray[np.int32]:
    """Frames under each word (§3.1.2).

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
    """Words, frames, and the segments of the words where the network reads them."""

    def __init__(
        self,
        context: FoldContext[Ledger],
        spec: FeatureSpec,
        recipe: Recipe,
        known: vocabulary.Vocabulary,
        reads: str,
        segmentation: str = "aligned",
    ) -> None:
        """Takes the vocabulary, what the network reads (`words`, `frames` or `segments`), and how audio is cut."""
        super().__init__(context, spec, recipe)
        self._known, self._reads, self._segmentation = known, reads, segmentation

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches as dictionaries; see `aligned.dataset`."""
        ledger = self.context.ledger
        view = self.context.view(self.spec, ids, purpose)
        items = []
        for utterance_id in ids:
            words = words_of(self.context.utterances[utterance_id])
            segments = segments_of(words, view.num_frames(utterance_id), self.spec, ledger, self._segmentation)
            items.append(aligned.Aligned(self._known.encode([word.text for word in words]), segments))
        return aligned.dataset(view, ids, items, self.params, columns, seed, self._reads)


def _recipe(ledger: Ledger, losses: Mapping[str, tuple[Loss, float]]) -> Recipe:
    """The training of all systems (§4.2)."""
    return Recipe(
        optimiser="adam",  # §4.2
        learning_rate=1e-3,  # §4.2
        batch_size=64,  # §4.2
        max_epochs=ledger.max_epochs,
        patience=10,  # §4.2
        class_weights=ledger.class_weights,
        losses=losses,
        clip_norm=1.0,  # §4.2
        clip_each=ledger.clipping == "each",
    )


def _decision_loss() -> dict[str, tuple[Loss, float]]:
    return {"probabilities": (cross_entropy(), 1.0)}


def _aligned_loss() -> dict[str, tuple[Loss, float]]:
    """L_total of eq. 13-14."""
    return {
        "joint_probabilities": (cross_entropy(), 1.0),
        "text_probabilities": (cross_entropy(), networks.ALIGN_WEIGHT),
        "audio_probabilities": (cross_entropy(), networks.ALIGN_WEIGHT),
    }


def _text(context: FoldContext[Ledger]) -> tuple[vocabulary.Vocabulary, TextSettings]:
    """The vocabulary of the training set and the first embedding."""
    ledger = context.ledger
    context.record(context.fold.train, "vocabulary")
    texts = [words_of(context.utterances[utterance_id]) for utterance_id in context.fold.train]
    known = vocabulary.fit(([word.text for word in words] for words in texts), ledger.vocabulary_least_count)
    embedding = vocabulary.initial_embedding(
        known, context.inputs.get("glove"), ledger.embedding_dims, np.random.default_rng(context.seed)
    )
    return known, TextSettings(known.words, embedding)


def _audio(context: FoldContext[Ledger], spec: FeatureSpec) -> AudioSettings:
    """Normalisation of the frames."""
    if context.ledger.mfcc_normaliser == "none":
        return AudioSettings(np.zeros(spec.dims), np.ones(spec.dims))
    statistics = normalisation.fit(context.view(spec, context.fold.train, "normaliser"), context.fold.train)
    return AudioSettings(statistics.mean, statistics.std)


def _train(
    context: FoldContext[Ledger],
    model: keras.Model,
    known: vocabulary.Vocabulary,
    reads: str,
    losses: Mapping[str, tuple[Loss, float]],
    segmentation: str = "aligned",
) -> FoldOutcome:
    (spec,) = features(context.ledger)
    recipe = _recipe(context.ledger, losses)
    return loop.train(context, model, _Batches(context, spec, recipe, known, reads, segmentation), recipe)


def fit_text(context: FoldContext[Ledger]) -> FoldOutcome:
    """TextModel of Table 2: a BLSTM with global attention over the words."""
    known, text = _text(context)
    model = networks.build_text_network(text, len(context.task.classes), context.ledger.baseline_lstm_units)
    return _train(context, model, known, "words", _decision_loss())


def fit_audio(context: FoldContext[Ledger]) -> FoldOutcome:
    """AudioModel of Table 2: a BLSTM with global attention over the frames."""
    (spec,) = features(context.ledger)
    audio = _audio(context, spec)
    model = networks.build_audio_network(audio, len(context.task.classes), context.ledger.baseline_lstm_units)
    return _train(context, model, vocabulary.Vocabulary(()), "frames", _decision_loss())


def fit_yoon2019(context: FoldContext[Ledger]) -> FoldOutcome:
    """Yoon et al. of Table 2: multi-hop attention between the last audio state, words and frames."""
    (spec,) = features(context.ledger)
    known, text = _text(context)
    model = yoon2019.build_multi_hop_network(
        text, _audio(context, spec), len(context.task.classes), context.ledger.baseline_lstm_units
    )
    return _train(context, model, known, "frames", _decision_loss())


def fit_xu2019(context: FoldContext[Ledger]) -> FoldOutcome:
    """Xu et al. of Table 2: each word attends over the frames."""
    (spec,) = features(context.ledger)
    known, text = _text(context)
    model = xu2019.build_alignment_network(
        text, _audio(context, spec), len(context.task.classes), context.ledger.baseline_lstm_units
    )
    return _train(context, model, known, "frames", _decision_loss())


def fit_cross_attention(
    context: FoldContext[Ledger],
    segmentation: str = "aligned",
    stop_gradient: bool = True,
    align_loss: bool = True,
    cross_attention: bool = True,
) -> FoldOutcome:
    """The cross attention network (Tables 2-4).

    Args:
        context: The fold.
        segmentation: `aligned`, or `equal` (Table 3).
        stop_gradient: Whether crossed weights are constants in training (eq. 7 and 9).
        align_loss: Whether the single modalities have losses and a say in the decision (eq. 11-15).
        cross_attention: Whether each modality's weights aggregate the other one as well (eq. 7 and 9).
    """
    (spec,) = features(context.ledger)
    known, text = _text(context)
    model = networks.build_cross_attention_network(
        text,
        _audio(context, spec),
        len(context.task.classes),
        align_weight=networks.ALIGN_WEIGHT if align_loss else 0.0,
        stop_gradient=stop_gradient,
        cross_attention=cross_attention,
        project_heads=context.ledger.head_projection,
    )
    return _train(context, model, known, "segments", _aligned_loss() if align_loss else _decision_loss(), segmentation)
