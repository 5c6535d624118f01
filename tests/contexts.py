"""Fold contexts for tests of systems and stages, without a run around them."""

from pathlib import Path

from ser_tf.protocol.context import FoldContext, Places
from ser_tf.protocol.record import Circumstances


def circumstances(fold, task, seed=0, smoke=False, code="code", recordings="recordings"):
    """What the runner would know of a job."""
    return Circumstances(code, recordings, fold.digests(), task.classes, dict(task.merges), seed, smoke)


def fold_context(root: Path, fold, task, ledger, utterances, seed=0, smoke=False, **changes) -> FoldContext:
    """A context whose features and stages lie under a folder.

    Args:
        root: The folder.
        fold: The fold.
        task: The task.
        ledger: The paper's assumptions.
        utterances: All of the task, by id.
        seed: The run's seed.
        smoke: Whether it is a smoke run.
        **changes: Further arguments of `FoldContext`.
    """
    settings = {
        "fold": fold,
        "seed": seed,
        "ledger": ledger,
        "task": task,
        "utterances": utterances,
        "places": Places(root / "features", root / "stages"),
        "circumstances": circumstances(fold, task, seed, smoke),
    }
    return FoldContext(**settings | changes)
