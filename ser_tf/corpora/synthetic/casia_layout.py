"""The generated corpus in CASIA's layout: four speakers, six emotions, the same sentences in each of them.

At full scale it is the release's part of equal texts, `相同文本300`; at small scale the tree of the public subset, with
the first sentences of it.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ser_tf.corpora.casia import EMOTIONS, SAME_TEXTS, SESSIONS
from ser_tf.corpora.synthetic.description import Description
from ser_tf.corpora.synthetic.iemocap_layout import write_wav
from ser_tf.corpora.synthetic.mandarin import NUM_SENTENCES, sentence
from ser_tf.corpora.synthetic.speech import ACTING, Line, Voice, generator, record

VOICES = {
    "liuchanhg": Voice("cmn+f2", 210, 50),
    "wangzhe": Voice("cmn+m1", 205, 50),
    "zhaoquanyin": Voice("cmn+f4", 215, 46),
    "ZhaoZuoxiang": Voice("cmn+m3", 200, 54),
}
_NUMBERS = {"small": range(201, 209), "full": range(1, NUM_SENTENCES + 1)}


@dataclasses.dataclass(frozen=True)
class Group:
    """All sentences of one speaker in one emotion, and their folder below the corpus's root."""

    speaker: str
    emotion: str
    folder: str
    numbers: tuple[int, ...]


def plan_casia(scale: str, seed: int) -> tuple[Group, ...]:
    """Plans the corpus; the seed does not matter, since every sentence is spoken in every emotion."""
    del seed
    top = f"{SAME_TEXTS}/" if scale == "full" else ""
    return tuple(
        Group(speaker, emotion, f"{top}{speaker}/{emotion}", tuple(_NUMBERS[scale]))
        for speaker in VOICES
        for emotion in sorted(set(EMOTIONS.values()))
    )


def stretch(number: int, num_words: int, seed: int) -> tuple[int, int]:
    """Draws the characters of a sentence that carry the emotion: two or three, the same in every emotion."""
    rng = generator(seed, "stretch", str(number))
    length = int(rng.integers(2, 4))
    first = int(rng.integers(0, num_words - length + 1))
    return first, first + length


def write_group(root: Path, group: Group, seed: int) -> dict[str, tuple[tuple[float, float], ...]]:
    """Speaks and writes all sentences of one speaker in one emotion.

    Returns:
        The seconds that carry the emotion, by utterance id.
    """
    folder = root / group.folder
    folder.mkdir(parents=True)
    salience = {}
    for number in group.numbers:
        utterance_id = f"{group.speaker}-{group.emotion}-{number:03d}"
        rng = generator(seed, "utterance", utterance_id)
        words = sentence(number)
        line = Line(words, *stretch(number, len(words), seed))
        emotion = group.emotion if group.emotion in ACTING else None
        strength = float(rng.uniform(0.85, 1.15))
        recording = record(line, VOICES[group.speaker], emotion, strength, rng, separator="")
        write_wav(folder / f"{number}.wav", recording)
        salience[utterance_id] = recording.salience
    return salience


def describe(plan: Sequence[Group]) -> Description:
    """Counts by the keys of `ValidationReport`."""
    counts: Counter[str] = Counter()
    for group in plan:
        for key in ("utterances", "acted", group.emotion, SESSIONS[group.speaker.lower()]):
            counts[key] += len(group.numbers)
    return {"counts": dict(counts)}
