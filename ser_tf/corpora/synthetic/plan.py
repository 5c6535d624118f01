"""Plans the generated corpus in IEMOCAP's layout before anything is spoken.

A plan is a pure function of scale and seed. At full scale it has the release's own counts; the sessions, styles and
labels of individual utterances are drawn at random within these.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ser_tf.corpora.iemocap import WITHOUT_ALIGNMENT
from ser_tf.corpora.iemocap_format import CODES
from ser_tf.corpora.synthetic import english, votes
from ser_tf.corpora.synthetic.speech import ACTING, Line, Voice, generator

SESSIONS = ("Ses01", "Ses02", "Ses03", "Ses04", "Ses05")
VOICES = {
    "Ses01F": Voice("en-us+f1", 180, 48),
    "Ses01M": Voice("en-us+m1", 175, 50),
    "Ses02F": Voice("en-us+f2", 172, 54),
    "Ses02M": Voice("en-us+m2", 185, 46),
    "Ses03F": Voice("en-us+f3", 188, 50),
    "Ses03M": Voice("en-us+m3", 170, 52),
    "Ses04F": Voice("en-us+f4", 178, 45),
    "Ses04M": Voice("en-us+m4", 182, 55),
    "Ses05F": Voice("en-us+f5", 184, 52),
    "Ses05M": Voice("en-us+m7", 176, 47),
}
EVALUATORS = {
    "Ses01": ("E2", "E3", "E4"),
    "Ses02": ("E1", "E2", "E4"),
    "Ses03": ("E1", "E3", "E6"),
    "Ses04": ("E1", "E2", "E5"),
    "Ses05": ("E2", "E4", "E5"),
}

# Majority labels of the release by style: the four classes, excited, then all the others.
_FULL_CLASSES = {
    ("neu", "impro"): 1099,
    ("hap", "impro"): 284,
    ("sad", "impro"): 608,
    ("ang", "impro"): 289,
    ("exc", "impro"): 663,
    ("neu", "script"): 609,
    ("hap", "script"): 311,
    ("sad", "script"): 476,
    ("ang", "script"): 814,
    ("exc", "script"): 378,
}
_FULL_CLASSES_BY_SESSION = (1085, 1023, 1151, 1031, 1241)
_FULL_OTHERS = {"fru": 1849, "sur": 107, "fea": 40, "oth": 3, "dis": 2, "xxx": 2507}
_FULL_OTHERS_IMPROVISED = 1841
_FULL_OTHERS_BY_SESSION = (734, 788, 985, 1072, 929)
_FULL_DIALOGS = {
    "impro": (
        *("F_impro01", "F_impro02", "F_impro03", "F_impro04", "F_impro05a", "F_impro06", "F_impro07"),
        *("M_impro01", "M_impro02", "M_impro03", "M_impro04", "M_impro05b", "M_impro06", "M_impro08b"),
    ),
    "script": (
        *("F_script01_1", "F_script01_2", "F_script01_3", "F_script02_1", "F_script02_2", "F_script03_1"),
        *("M_script01_1", "M_script01_1b", "M_script01_2", "M_script02_1", "M_script02_2", "M_script03_1"),
    ),
}
_SMALL_DIALOGS = {"impro": ("F_impro01", "M_impro05a"), "script": ("F_script01_1", "M_script01_1")}
_SMALL_OTHERS = ("sur", "fru", "xxx", "fea", "oth")
# Median number of words of an utterance and the spread of its logarithm: 2 to 3 s at small scale, 4.4 s on average
# at full scale.
_WORDS = {"small": (10.5, 0.12), "full": (14.8, 0.6)}


@dataclasses.dataclass(frozen=True)
class Turn:
    """One utterance of the plan.

    Attributes:
        id: As IEMOCAP writes it.
        dialog: The dialog it belongs to.
        session: `Ses01` to `Ses05`.
        speaker: A key of `VOICES`.
        style: `impro` or `script`.
        code: IEMOCAP's code of the majority label.
        acted: The emotion that is acted, or None.
        strength: Share of the full acting.
        line: What is said.
        judged: The votes.
    """

    id: str
    dialog: str
    session: str
    speaker: str
    style: str
    code: str
    acted: str | None
    strength: float
    line: Line
    judged: votes.Judged


@dataclasses.dataclass(frozen=True)
class _Slot:
    """An utterance before anything is said: who speaks where, and how it will be labelled."""

    id: str
    dialog: str
    session: str
    speaker: str
    style: str
    code: str


def plan_iemocap(scale: str, seed: int) -> tuple[Turn, ...]:
    """Plans the corpus in IEMOCAP's layout.

    Args:
        scale: `small` (200 utterances, every speaker with four of each of angry, happy, sad and neutral) or `full`
            (10,039, with the release's counts).
        seed: Of everything that is drawn.

    Returns:
        Turns in the order of sessions and dialogs, and of time within a dialog.
    """
    rng = generator(seed, "plan", scale)
    slots: list[_Slot] = []
    for session, items in zip(SESSIONS, _deal_small() if scale == "small" else _deal_full(rng), strict=True):
        for style, dialogs in (_SMALL_DIALOGS if scale == "small" else _FULL_DIALOGS).items():
            codes = {letter: [code for who, code, how in items if (who, how) == (letter, style)] for letter in "FM"}
            for each in codes.values():
                rng.shuffle(each)
            slots += _seat(session, style, dialogs, codes)
    if scale == "full":
        slots = _exchange(slots, dict(zip(WITHOUT_ALIGNMENT, ("xxx", "exc"), strict=True)))
    return _write(slots, scale, seed, rng)


def _deal_small() -> list[list[tuple[str, str, str]]]:
    """For each session, items of letter, code and style: the same number of each class for every speaker."""
    sessions = []
    for number in range(len(SESSIONS)):
        items = []
        for letter in "FM":
            items += [(letter, code, style) for style in _SMALL_DIALOGS for code in ("ang", "hap", "sad", "neu") * 2]
            further = _SMALL_OTHERS[(2 * number + (letter == "M")) % len(_SMALL_OTHERS)]
            items += [(letter, code, "impro") for code in ("exc", "xxx")]
            items += [(letter, code, "script") for code in ("fru", further)]
        sessions.append(items)
    return sessions


def _deal_full(rng: np.random.Generator) -> list[list[tuple[str, str, str]]]:
    """The same for the release's counts; half of a session's utterances go to each of its speakers."""
    classes = [item for item, number in _FULL_CLASSES.items() for _ in range(number)]
    codes = [code for code, number in _FULL_OTHERS.items() for _ in range(number)]
    rng.shuffle(codes)
    others = [(code, "impro" if rank < _FULL_OTHERS_IMPROVISED else "script") for rank, code in enumerate(codes)]
    sessions: list[list[tuple[str, str, str]]] = [[] for _ in SESSIONS]
    for items, numbers in ((classes, _FULL_CLASSES_BY_SESSION), (others, _FULL_OTHERS_BY_SESSION)):
        order = rng.permutation(len(items))
        for session, part in zip(sessions, np.split(order, np.cumsum(numbers)[:-1]), strict=True):
            dealt = sorted((items[index] for index in part), key=lambda item: item[1])
            session += [("FM"[rank % 2], *item) for rank, item in enumerate(dealt)]
    return sessions


def _seat(session: str, style: str, dialogs: Sequence[str], codes: dict[str, list[str]]) -> list[_Slot]:
    """Spreads the speakers' utterances over the dialogs; within one the speakers take turns."""
    parts = {letter: np.array_split(each, len(dialogs)) for letter, each in codes.items()}
    slots = []
    for position, name in enumerate(dialogs):
        dialog = session + name
        turns = [
            _Slot(f"{dialog}_{letter}{number:03d}", dialog, session, session + letter, style, str(code))
            for letter in "FM"
            for number, code in enumerate(parts[letter][position])
        ]
        slots += sorted(turns, key=lambda slot: (slot.id[-3:], slot.id))
    return slots


def _exchange(slots: list[_Slot], wanted: dict[str, str]) -> list[_Slot]:
    """Gives certain utterances a certain code by exchange with another of the same session, speaker and style."""
    slots = list(slots)
    for utterance_id, code in wanted.items():
        index = next(index for index, slot in enumerate(slots) if slot.id == utterance_id)
        mine = slots[index]
        other = next(
            position
            for position, slot in enumerate(slots)
            if (slot.speaker, slot.style, slot.code) == (mine.speaker, mine.style, code)
        )
        slots[index] = dataclasses.replace(mine, code=code)
        if other != index:
            slots[other] = dataclasses.replace(slots[other], code=mine.code)
    return slots


def _write(slots: list[_Slot], scale: str, seed: int, rng: np.random.Generator) -> tuple[Turn, ...]:
    """Adds votes, acting and words to the slots."""
    judged: dict[str, votes.Judged] = {}
    for style in ("impro", "script"):
        same = [slot for slot in slots if slot.style == style]
        drawn = votes.draw([CODES[slot.code] for slot in same], rng)
        judged.update((slot.id, votes_of) for slot, votes_of in zip(same, drawn, strict=True))
    used: dict[tuple[str, str], int] = {}
    turns = []
    for slot in slots:
        acted, strength = _acting(CODES[slot.code], judged[slot.id], rng)
        # Scripted dialogs: the script has its lines for each emotion, and every session's speakers say the same ones.
        place = (slot.dialog, slot.code)
        used[place] = used.get(place, 0) + 1
        own = slot.id if slot.style == "impro" else f"{slot.dialog[6:]}-{slot.code}-{used[place]}"
        words = _line(scale, generator(seed, "line", own), acted)
        turns.append(
            Turn(**dataclasses.asdict(slot), acted=acted, strength=strength, line=words, judged=judged[slot.id])
        )
    return tuple(turns)


def _line(scale: str, rng: np.random.Generator, acted: str | None) -> Line:
    median, spread = _WORDS[scale]
    number = int(np.clip(np.exp(rng.normal(np.log(median), spread)), 4, 90))
    return english.line(acted, number, rng)


def _acting(label: str | None, judged: votes.Judged, rng: np.random.Generator) -> tuple[str | None, float]:
    """Without a majority the utterance is half-acted as one of the emotions that were heard."""
    if label is None:
        heard = sorted({name for vote in judged.outside for name in vote} & set(ACTING))
        return str(rng.choice(heard)), float(rng.uniform(0.3, 0.6))
    return (label if label in ACTING else None), float(rng.uniform(0.85, 1.15))
