"""Which test utterances a figure shows: those that were asked for, or the surest right answers."""

from collections.abc import Sequence

from ser_tf.errors import SettingError
from ser_tf.protocol.results import FoldResult


def surest(results: Sequence[FoldResult], number: int) -> list[tuple[FoldResult, int]]:
    """For each class the utterance with the highest posterior of its own class; the `number` surest of these."""
    best: dict[int, tuple[float, FoldResult, int]] = {}
    for result in results:
        for place, (truth, posteriors) in enumerate(zip(result.truth, result.posterior_array, strict=True)):
            if posteriors.argmax() == truth and posteriors[truth] > best.get(truth, (0.0,))[0]:
                best[truth] = (float(posteriors[truth]), result, place)
    ranked = sorted(best.values(), key=lambda entry: -entry[0])[:number]
    return [(result, place) for _, result, place in ranked]


def named(results: Sequence[FoldResult], ids: Sequence[str]) -> list[tuple[FoldResult, int]]:
    """The results that tested these utterances, with their places in them.

    Raises:
        SettingError: an utterance was not tested.
    """
    places = {one: (result, place) for result in results for place, one in enumerate(result.ids)}
    unknown = [one for one in ids if one not in places]
    if unknown:
        raise SettingError(f"--utterances {unknown[0]}: not tested in this run")
    return [places[one] for one in ids]
