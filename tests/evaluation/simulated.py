"""Predictions drawn from a known model: each speaker has a skill of their own around a row's mean."""

import numpy as np

from ser_tf.evaluation.predictions import FoldPredictions, Predictions

CLASSES = ("angry", "happy", "sad", "neutral")


def predictions_of(truth, decided, speakers, num_classes=4, ids=None, sessions=None):
    """Predictions with all weight on the decided class."""
    ids = ids or tuple(f"u{index:04d}" for index in range(len(truth)))
    posteriors = np.eye(num_classes)[np.asarray(decided)]
    return Predictions(tuple(ids), tuple(speakers), np.asarray(truth), posteriors, sessions)


def simulated_folds(
    mean_skill, seed, *, num_speakers=10, per_speaker=20, spread=0.0, seeds=(0,), classes=4, weights=None, skills=None
):
    """One fold, and session, for each two speakers; truth depends only on the fold: all rows test the same."""
    random = np.random.default_rng(seed)
    if skills is None:
        skills = np.clip(mean_skill + spread * random.standard_normal(num_speakers), 0, 1)
    folds = []
    for number, start in enumerate(range(0, num_speakers, 2)):
        members = range(start, min(start + 2, num_speakers))
        speakers = [f"S{member:02d}" for member in members for _ in range(per_speaker)]
        truth = np.random.default_rng(1000 + number).choice(classes, size=len(speakers), p=weights)
        skill = np.repeat(skills[start : start + 2], per_speaker)
        ids = tuple(f"f{number}_{index:04d}" for index in range(len(speakers)))
        session = f"Ses{number + 1:02d}"
        for training_seed in seeds:
            right = random.random(len(truth)) < skill
            wrong = (truth + random.integers(1, classes, size=len(truth))) % classes
            sessions = (session,) * len(truth)
            made = predictions_of(truth, np.where(right, truth, wrong), speakers, classes, ids, sessions)
            folds.append(FoldPredictions(session, training_seed, made, epochs=12, best_epoch=7, seconds=1.5))
    return tuple(folds)
