"""Speakers of a user's table: one gender and one session each, and groups of them in place of missing sessions."""

import itertools
from collections.abc import Mapping, Sequence

from ser_tf.corpora.base import UNKNOWN, Utterance
from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError

MAX_GROUPS = 10
MIN_PAIRED_SPEAKERS = 4
"""With fewer, each speaker is a group: a fold rule needs two groups or more."""

Placed = tuple[str, Utterance]
"""File and line of an utterance's row, and the utterance."""


def gender_of_speakers(rows: Sequence[Placed]) -> dict[str, str]:
    """The gender of each speaker; `unknown` when no row tells it.

    Raises:
        CorpusError: two rows of a speaker disagree; names both.
    """
    known: dict[str, tuple[str, str]] = {}
    genders = {utterance.speaker: UNKNOWN for _, utterance in rows}
    for place, utterance in rows:
        if utterance.gender == UNKNOWN:
            continue
        first_place, gender = known.setdefault(utterance.speaker, (place, utterance.gender))
        if gender != utterance.gender:
            speaker = shown(utterance.speaker)
            raise CorpusError(f"{place}: speaker {speaker} is {utterance.gender}, and {gender} in {first_place}")
        genders[utterance.speaker] = gender
    return genders


def session_of_speakers(rows: Sequence[Placed], genders: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The session of each speaker, or the group of speakers that takes its place.

    Args:
        rows: All utterances, their session being empty in a table without sessions.
        genders: Gender of each speaker.

    Returns:
        Sessions by speaker, and a note on groups where there are any.

    Raises:
        CorpusError: a speaker is in two sessions; names both rows.
    """
    sessions: dict[str, tuple[str, str]] = {}
    for place, utterance in rows:
        first_place, session = sessions.setdefault(utterance.speaker, (place, utterance.session))
        if session != utterance.session:
            names = f"{shown(utterance.session)}, and in {shown(session)} in {first_place}"
            advice = "sessions must not share speakers; --columns session= leaves the column unread"
            raise CorpusError(f"{place}: speaker {shown(utterance.speaker)} is in session {names}; {advice}")
    if any(session for _, session in sessions.values()):
        return {speaker: session for speaker, (_, session) in sessions.items()}, ()
    groups = groups_of(genders)
    number = len(set(groups.values()))
    return groups, (f"{number:,} groups of its {len(genders):,} speakers take the place of sessions",)


def groups_of(genders: Mapping[str, str]) -> dict[str, str]:
    """Deals speakers to groups: pairs while there are at most twenty, otherwise ten groups of nearly equal size.

    Speakers are dealt in the order of their names, one gender after the other: a pair is one male and one female
    speaker where there are as many of both. Where genders do not differ or are not known, neighbours form a group.

    >>> groups_of({"03": "male", "08": "female", "09": "female", "10": "male"})
    {'03': 'pair-03-08', '10': 'pair-10-09', '08': 'pair-03-08', '09': 'pair-10-09'}
    """
    number = len(genders) if len(genders) < MIN_PAIRED_SPEAKERS else min(len(genders) // 2, MAX_GROUPS)
    dealt = [speaker for kind in ("male", "female", UNKNOWN) for speaker in sorted(genders) if genders[speaker] == kind]
    if len(set(genders.values())) > 1:
        members = [dealt[place::number] for place in range(number)]
    else:
        bounds = [place * len(dealt) // number for place in range(number + 1)]
        members = [dealt[first:end] for first, end in itertools.pairwise(bounds)]
    digits = len(str(number))
    groups = {}
    for place, speakers in enumerate(members, 1):
        name = f"pair-{'-'.join(speakers)}" if len(speakers) == 2 else f"group-{place:0{digits}d}"
        groups.update(dict.fromkeys(speakers, name))
    return {speaker: groups[speaker] for speaker in dealt}
