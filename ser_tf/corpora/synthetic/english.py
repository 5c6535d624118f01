"""English lines: neutral clauses around a phrase that carries the emotion, in words or in voice alone."""

import numpy as np

from ser_tf.corpora.synthetic.speech import Line

_STARTS = (
    "we took the bus to the station",
    "she put the papers in the drawer",
    "they moved the table to the window",
    "he left the keys on the shelf",
    "I walked down to the office",
    "you were at the meeting with them",
    "the man at the desk called me",
    "I read about it in the paper",
    "we had the two rooms upstairs",
    "he went to the store for milk",
    "the train leaves at nine tonight",
    "my sister lives near the river",
    "they told us about the house",
    "you said it on the telephone",
    "I filled in the form this morning",
    "the car is parked across the street",
)
_TAILS = (
    "on Tuesday morning",
    "after the meeting",
    "with the other people",
    "at the end of the month",
    "for about an hour",
    "in the next room",
    "before they came back",
    "like we did last year",
    "down by the water",
    "and then we waited",
    "from my brother",
    "in the afternoon",
    "when the phone rang",
    "and he wrote it down",
    "under the stairs",
    "the way you asked me to",
)
_LINKS = ("and", "but", "so", "well", "because", "then")
_NEUTRAL_PHRASES = (
    "it was there",
    "this is it",
    "that was so",
    "he has it",
    "they saw it",
    "it went by",
    "you have one",
    "we did that",
)
_PHRASES = {
    "angry": (
        "I hate this",
        "get out now",
        "shut up already",
        "how dare you",
        "stop yelling idiot",
        "this is outrageous",
        "damn you all",
        "you bloody liar",
    ),
    "happy": (
        "I love it",
        "that is wonderful",
        "so happy now",
        "what lovely news",
        "we laughed together",
        "such great fun",
        "I feel good",
        "nice and beautiful",
    ),
    "excited": (
        "this is amazing",
        "we won today",
        "I got married",
        "oh wow fantastic",
        "we are going",
        "really really great",
    ),
    "sad": (
        "I miss her",
        "she is gone",
        "so very lonely",
        "he died alone",
        "I am crying",
        "nothing is left",
        "it hurts inside",
        "I lost everything",
    ),
    "frustrated": (
        "not this again",
        "nobody ever listens",
        "this is useless",
        "what a mess",
        "I give up",
        "it never works",
    ),
    "surprise": ("oh my goodness", "no way really", "what did you", "are you serious"),
    "fear": ("I am scared", "please do not", "somebody is there"),
    "disgust": ("that is gross", "it smells awful"),
    "other": ("I am ashamed", "how very strange"),
}
_IN_WORDS = 0.7
"""Share of acted utterances whose words tell the emotion too."""
_MAX_STRETCH = 9


def line(emotion: str | None, num_words: int, rng: np.random.Generator) -> Line:
    """Draws a line of about `num_words` words; at most about a third of them carry the emotion.

    Args:
        emotion: A key of `ser_tf.corpora.synthetic.speech.ACTING`, or None for a neutral line without a stretch.
        num_words: About how many words; at least four.
        rng: Draws the clauses.
    """
    bank = _PHRASES[emotion] if emotion is not None and rng.random() < _IN_WORDS else _NEUTRAL_PHRASES
    phrase = _draw(bank, rng)
    while len(phrase) + 3 <= min(num_words // 3, _MAX_STRETCH):
        phrase += _draw(bank, rng)
    rest = max(num_words - len(phrase), 1)
    num_before = int(rng.integers(0, rest + 1))
    before = _clauses(num_before, rng)
    after = _clauses(rest - num_before, rng)
    link = (str(rng.choice(_LINKS)),) if before else ()
    first = len(before) + len(link)
    words = (*before, *link, *phrase, *after)
    return Line(words, first, first + len(phrase)) if emotion is not None else Line(words)


def _draw(bank: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(str(rng.choice(bank)).split())


def _clauses(num_words: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Neutral words, at most about `num_words`: a main clause when there is room for one, then adverbials."""
    words: tuple[str, ...] = ()
    if num_words >= 6:
        words = _draw(_STARTS, rng)
    while num_words - len(words) >= 3:
        if num_words - len(words) >= 8 and rng.random() < 0.6:
            words += (str(rng.choice(_LINKS)), *_draw(_STARTS, rng))
        else:
            words += _draw(_TAILS, rng)
    return words
