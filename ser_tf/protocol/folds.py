"""Cross-validation folds: pure functions of utterances and a seed; groups of speakers replace missing sessions."""

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Sequence

import numpy as np

from ser_tf.corpora.base import Utterance
from ser_tf.errors import SettingError

SOURCE, TARGET = NORMALISE = ("source", "target")
SETS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Fold:
    """Three disjoint lists of utterance ids, each sorted.

    Attributes:
        name: Names the test set, such as `Ses01`.
        train: Utterances for fitting parameters and normalisation.
        validation: Utterances for choosing the stopping epoch.
        test: Utterances that are only predicted.
        normalise: Statistics for normalising the features of the test set: those of training (`source`), or those of
            the test set's own unlabelled recordings (`target`).
    """

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    normalise: str = SOURCE

    def lists(self) -> dict[str, tuple[str, ...]]:
        """The three lists by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def digests(self) -> dict[str, str]:
        """Returns the SHA-256 of each list of ids, joined by line feeds; also `normalise` if it is not `source`."""
        digests = {part: sha256_of(ids) for part, ids in self.lists().items()}
        return digests if self.normalise == SOURCE else {**digests, "normalise": self.normalise}


def sha256_of(ids: Sequence[str]) -> str:
    """Returns the SHA-256 of ids joined by line feeds."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def _ids(utterances: Sequence[Utterance], keep: Callable[[Utterance], bool]) -> tuple[str, ...]:
    return tuple(sorted(utterance.id for utterance in utterances if keep(utterance)))


def _groups(utterances: Sequence[Utterance], of: Callable[[Utterance], str], what: str, minimum: int) -> list[str]:
    groups = sorted({of(utterance) for utterance in utterances})
    if len(groups) < minimum:
        raise SettingError(
            f"the corpus has {len(groups)} {what}s with usable utterances; this fold rule needs {minimum}"
        )
    return groups


def by_session(utterances: Sequence[Utterance], seed: int, validation: str = "speaker") -> tuple[Fold, ...]:
    """Makes leave-one-session-out folds with a validation set drawn from the other sessions.

    Args:
        utterances: All utterances.
        seed: Seed for drawing the validation set.
        validation: `speaker` takes one speaker of the next session (in turn), `utterances` a random tenth of the
            training utterances, regardless of speaker, `none` nothing.

    Returns:
        One fold for each session, named after it.

    Raises:
        SettingError: fewer than two sessions, or only two with one speaker each.
    """
    sessions = _groups(utterances, lambda utterance: utterance.session, "session", 2)
    folds = []
    for position, session in enumerate(sessions):
        rng = np.random.default_rng([seed, position])
        if validation == "speaker":
            following = sessions[(position + 1) % len(sessions)]
            candidates = sorted({utterance.speaker for utterance in utterances if utterance.session == following})
            validators = {candidates[int(rng.integers(len(candidates)))]}
            folds.append(_leave_out(utterances, session, validators, lambda utterance: utterance.session))
            if not folds[-1].train:
                raise SettingError(f"{session} is tested and {min(validators)} validates: nobody is left to train on")
        elif validation == "none":
            folds.append(_leave_out(utterances, session, set(), lambda utterance: utterance.session))
        else:
            folds.append(_leave_session_out_with_tenth(utterances, session, rng))
    return tuple(folds)


def _leave_session_out_with_tenth(utterances: Sequence[Utterance], session: str, rng: np.random.Generator) -> Fold:
    others = _ids(utterances, lambda utterance: utterance.session != session)
    drawn = set(rng.choice(others, size=max(1, len(others) // 10), replace=False).tolist())
    return Fold(
        name=session,
        train=tuple(utterance_id for utterance_id in others if utterance_id not in drawn),
        validation=tuple(utterance_id for utterance_id in others if utterance_id in drawn),
        test=_ids(utterances, lambda utterance: utterance.session == session),
    )


def by_speaker(utterances: Sequence[Utterance], seed: int, validation: str = "partner") -> tuple[Fold, ...]:
    """Makes leave-one-speaker-out folds; another speaker validates.

    Args:
        utterances: All utterances.
        seed: Ignored, since the rule draws nothing.
        validation: `partner` takes the other speaker of the same session, or the next speaker if there is none;
            `next_session` takes the first speaker of the following sessions.

    Returns:
        One fold for each speaker, named after the speaker.

    Raises:
        SettingError: fewer than three speakers.
    """
    del seed
    speakers = _groups(utterances, lambda utterance: utterance.speaker, "speaker", 3)
    session_of = {utterance.speaker: utterance.session for utterance in utterances}
    folds = []
    for position, speaker in enumerate(speakers):
        others = speakers[position + 1 :] + speakers[:position]
        same_session = validation == "partner"
        partners = [other for other in others if (session_of[other] == session_of[speaker]) == same_session]
        folds.append(_leave_out(utterances, speaker, {(partners or others)[0]}, lambda utterance: utterance.speaker))
    return tuple(folds)


def _leave_out(
    utterances: Sequence[Utterance], left_out: str, validators: set[str], of: Callable[[Utterance], str]
) -> Fold:
    return Fold(
        name=left_out,
        train=_ids(utterances, lambda utterance: of(utterance) != left_out and utterance.speaker not in validators),
        validation=_ids(utterances, lambda utterance: of(utterance) != left_out and utterance.speaker in validators),
        test=_ids(utterances, lambda utterance: of(utterance) == left_out),
    )


def by_session_actor(utterances: Sequence[Utterance], seed: int) -> tuple[Fold, ...]:
    """Makes leave-one-session-out folds in which one of the session's speakers is tested and the others validate.

    The folds are named `<session>-<speaker>`. The rule draws nothing and ignores `seed`.

    Raises:
        SettingError: fewer than two sessions, or a session with one speaker.
    """
    del seed
    return tuple(
        _split_session(utterances, session, speaker)
        for session in _groups(utterances, lambda utterance: utterance.session, "session", 2)
        for speaker in _speakers_in(utterances, session)
    )


def _speakers_in(utterances: Sequence[Utterance], session: str) -> list[str]:
    inside = [utterance for utterance in utterances if utterance.session == session]
    return _groups(inside, lambda utterance: utterance.speaker, f"speaker (in session {session})", 2)


def _split_session(utterances: Sequence[Utterance], session: str, speaker: str) -> Fold:
    return Fold(
        name=f"{session}-{speaker}",
        train=_ids(utterances, lambda utterance: utterance.session != session),
        validation=_ids(utterances, lambda utterance: utterance.session == session and utterance.speaker != speaker),
        test=_ids(utterances, lambda utterance: utterance.session == session and utterance.speaker == speaker),
    )


def k_fold(
    utterances: Sequence[Utterance],
    seed: int,
    number: int,
    stratum: Callable[[Utterance], str],
    group: Callable[[Utterance], str] | None = None,
) -> tuple[Fold, ...]:
    """Splits utterances at random into `number` parts; part i is tested, part i+1 validates, the rest trains.

    Args:
        utterances: All utterances.
        seed: Seed for drawing the parts.
        number: Number of parts, at least three.
        stratum: Utterances with the same value are spread evenly over the parts.
        group: Utterances with the same value stay in one part (speakers, texts); None splits individual utterances.

    Returns:
        `number` folds named `fold01`, `fold02`, ...

    Raises:
        SettingError: fewer than three parts, or more parts than groups or utterances in a stratum.
    """
    if number < 3:
        raise SettingError(f"{number} folds leave no training set besides validation and test; use 3 or more")
    ordered = sorted(utterances, key=lambda utterance: utterance.id)
    strata = [stratum(utterance) for utterance in ordered]
    groups = None if group is None else [group(utterance) for utterance in ordered]
    smallest = min(strata.count(name) for name in set(strata)) if groups is None else len(set(groups))
    if smallest < number:
        what = "the smallest class" if groups is None else "the corpus"
        raise SettingError(
            f"{number} folds need {number} {'utterances' if groups is None else 'groups'} in {what}, not {smallest}"
        )
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # takes half a second

    splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(number, shuffle=True, random_state=seed)
    parts = [frozenset(test.tolist()) for _, test in splitter.split(ordered, strata, groups)]
    return tuple(_rotate(ordered, parts, position) for position in range(number))


def _rotate(ordered: Sequence[Utterance], parts: Sequence[frozenset[int]], position: int) -> Fold:
    test, validation = parts[position], parts[(position + 1) % len(parts)]
    names = [utterance.id for utterance in ordered]
    return Fold(
        name=f"fold{position + 1:02d}",
        train=tuple(name for place, name in enumerate(names) if place not in test | validation),
        validation=tuple(name for place, name in enumerate(names) if place in validation),
        test=tuple(name for place, name in enumerate(names) if place in test),
    )


def testing(folds: Sequence[Fold], tested: Collection[str]) -> tuple[Fold, ...]:
    """The folds with only some utterances tested; a fold that then tests none is left out.

    Args:
        folds: The folds.
        tested: Ids of the utterances that can be tested, which have one of the classes.
    """
    kept = [dataclasses.replace(fold, test=tuple(key for key in fold.test if key in tested)) for fold in folds]
    return tuple(fold for fold in kept if fold.test)


def by_column(utterances: Sequence[Utterance]) -> tuple[Fold, ...]:
    """The fixed sets that a table of recordings names in its split column.

    Args:
        utterances: All utterances.

    Returns:
        One fold, named `split`.

    Raises:
        SettingError: the recordings have no split or one with an unknown name, or a set is empty.
    """
    if not any(utterance.split for utterance in utterances):
        raise SettingError("--split column: these recordings have no split column; --corpus table reads one")
    for utterance in utterances:
        if utterance.split not in SETS:
            written = f"is in set {utterance.split!r}" if utterance.split else "has no entry in the split column"
            raise SettingError(
                f"--split column: recording {utterance.id} {written}; expected train, validation (dev) or test (eval)"
            )
    sets = {name: _in_set(utterances, name) for name in SETS}
    if empty := [name for name, ids in sets.items() if not ids]:
        sizes = ", ".join(f"{name} {len(ids):,}" for name, ids in sets.items())
        raise SettingError(f"--split column: no recording of the chosen classes is in set {empty[0]} ({sizes})")
    return (Fold("split", sets["train"], sets["validation"], sets["test"]),)


def _in_set(utterances: Sequence[Utterance], name: str) -> tuple[str, ...]:
    return _ids(utterances, lambda utterance: utterance.split == name)


def cross_corpus(
    utterances: Sequence[Utterance], own: Callable[[Sequence[Utterance]], Sequence[Fold]], normalise: str
) -> tuple[Fold, ...]:
    """Trains on one corpus and tests on another.

    The validation set is that of the first fold that the paper's own rule makes of the training corpus; everything
    else of that corpus trains.

    Args:
        utterances: Those of both corpora; `split` tells the tested ones.
        own: The paper's rule of folds.
        normalise: One of `NORMALISE`.

    Returns:
        One fold, named `cross-corpus`.

    Raises:
        SettingError: as the paper's rule.
    """
    training = [utterance for utterance in utterances if utterance.split != "test"]
    validation = set(own(training)[0].validation)
    return (
        Fold(
            name="cross-corpus",
            train=_ids(training, lambda utterance: utterance.id not in validation),
            validation=tuple(sorted(validation)),
            test=_in_set(utterances, "test"),
            normalise=normalise,
        ),
    )
