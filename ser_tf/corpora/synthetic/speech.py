"""From words and an emotion to a recording: acting by rate, pitch, range and loudness on a known stretch of words."""

import dataclasses
import zlib

import numpy as np
import numpy.typing as npt

from ser_tf.corpora.base import Word
from ser_tf.corpora.synthetic import espeak

SAMPLE_RATE = 16000
_LOUDNESS_RMS = 0.05
_PEAK = 0.95
_NOISE_RMS = 0.0004
_RAMP_SECONDS = 0.02


@dataclasses.dataclass(frozen=True)
class Acting:
    """Differences of an emotion from the speaker's neutral voice, at full strength.

    Attributes:
        rate: Factor of the rate of speaking.
        pitch: Change of the pitch setting, in percent.
        pitch_range: Factor of the pitch range.
        gain_decibels: Change of loudness.
    """

    rate: float
    pitch: float
    pitch_range: float
    gain_decibels: float


ACTING = {
    "angry": Acting(1.30, 15, 1.8, 8),
    "happy": Acting(1.10, 50, 2.4, 2),
    "excited": Acting(1.25, 65, 2.4, 5),
    "sad": Acting(0.68, -30, 0.4, -7),
    "frustrated": Acting(0.85, -8, 1.3, 6),
    "surprise": Acting(1.05, 90, 2.6, 3),
    "fear": Acting(1.25, 40, 0.5, -4),
    "disgust": Acting(0.80, -20, 0.9, 2),
    "other": Acting(1.0, 10, 0.6, 0),
}
"""Emotions that are acted; neutral is not."""


@dataclasses.dataclass(frozen=True)
class Voice:
    """A speaker: eSpeak's voice and variant, rate in words per minute, pitch setting (50 is the variant's own)."""

    name: str
    words_per_minute: int
    pitch: int


@dataclasses.dataclass(frozen=True)
class Line:
    """Words to be spoken; those from `first` up to, not including, `end` carry the emotion (none when equal)."""

    words: tuple[str, ...]
    first: int = 0
    end: int = 0


@dataclasses.dataclass(frozen=True)
class Recording:
    """An utterance as it is written to disk.

    Attributes:
        samples: int16 `(samples,)` at 16 kHz.
        words: Times of the words, fillers of the alignment not among them.
        breath: Seconds in which a breath is heard before the first word, or None.
        salience: Seconds that carry the emotion: none or one pair of start and end.
    """

    samples: npt.NDArray[np.int16]
    words: tuple[Word, ...]
    breath: tuple[float, float] | None
    salience: tuple[tuple[float, float], ...]

    @property
    def duration_seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / SAMPLE_RATE


def generator(seed: int, *names: str) -> np.random.Generator:
    """Random numbers that depend only on a seed and on names, not on what was drawn before."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def record(
    line: Line, voice: Voice, emotion: str | None, strength: float, rng: np.random.Generator, separator: str = " "
) -> Recording:
    """Speaks a line.

    Args:
        line: The words and the stretch that carries the emotion.
        voice: The speaker.
        emotion: A key of `ACTING`, or None for a neutral utterance.
        strength: Share of the full acting; 1 for a plain case.
        rng: Draws pauses, breath, loudness and room noise.
        separator: Stands between words in the text; empty for Chinese.
    """
    from scipy import signal  # takes half a second, and a corpus that is there is only read

    stretch = (line.first, line.end) if emotion is not None else (0, 0)
    text, positions = _ssml(line.words, stretch, ACTING.get(emotion or ""), strength, separator)
    spoken = espeak.say(text, voice.name, voice.words_per_minute, voice.pitch)
    samples = signal.resample_poly(spoken.samples / 32768.0, 320, 441)
    starts = [_to_seconds(sample, spoken.sample_rate) for sample in _starts(positions, line.words, spoken)]
    samples = samples[: _last_sound(samples)]
    bounds = [*starts, len(samples) / SAMPLE_RATE]
    samples = samples * (_LOUDNESS_RMS / np.sqrt(np.mean(samples**2)) * 10 ** (rng.normal(0, 1) / 20))
    if stretch[1] > stretch[0]:
        seconds = (bounds[stretch[0]], bounds[stretch[1]])
        samples = samples * _gain(len(samples), seconds, ACTING[emotion or ""].gain_decibels * strength)
    before, breath = _silence_before(rng)
    after = np.zeros(int(rng.uniform(0.10, 0.30) * SAMPLE_RATE))
    samples = np.concatenate([before, samples, after])
    samples = samples / max(1.0, np.max(np.abs(samples)) / _PEAK)
    samples = samples + rng.normal(0, _NOISE_RMS, len(samples))
    shift = len(before) / SAMPLE_RATE
    words = tuple(Word(word, bounds[index] + shift, bounds[index + 1] + shift) for index, word in enumerate(line.words))
    salience = ((words[stretch[0]].start_seconds, words[stretch[1] - 1].end_seconds),) if stretch[1] else ()
    return Recording(np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16), words, breath, salience)


def _ssml(
    words: tuple[str, ...], stretch: tuple[int, int], acting: Acting | None, strength: float, separator: str
) -> tuple[str, list[int]]:
    """The text with prosody tags around the stretch, and where each word begins in it."""
    text, positions = "", []
    for index, word in enumerate(words):
        text += separator if index else ""
        if acting is not None and index == stretch[0] < stretch[1]:
            rate = round(100 * acting.rate**strength)
            pitch_range = round(100 * acting.pitch_range**strength)
            text += f"<prosody rate='{rate}%' pitch='{acting.pitch * strength:+.0f}%' range='{pitch_range}%'>"
        positions.append(len(text))
        text += word
        if acting is not None and index + 1 == stretch[1] > stretch[0]:
            text += "</prosody>"
    return text, positions


def _starts(positions: list[int], words: tuple[str, ...], spoken: espeak.Spoken) -> list[int]:
    """The sample at which each word begins; words joined to the one before share its time by their letters."""
    known = dict(spoken.word_starts)
    starts: list[int | None] = [known.get(position) for position in positions]
    starts[0] = 0
    index = 0
    while index < len(words):
        end = next((later for later in range(index + 1, len(words)) if starts[later] is not None), len(words))
        begin, finish = starts[index], starts[end] if end < len(words) else len(spoken.samples)
        assert begin is not None and finish is not None
        letters = np.cumsum([len(word) for word in words[index:end]])
        for later in range(index + 1, end):
            starts[later] = begin + int((finish - begin) * letters[later - index - 1] / letters[-1])
        index = end
    return [start for start in starts if start is not None]


def _to_seconds(sample: int, sample_rate: int) -> float:
    return sample / sample_rate


def _last_sound(samples: npt.NDArray[np.float64]) -> int:
    """End of the speech: eSpeak adds a pause after the last word."""
    return int(np.flatnonzero(np.abs(samples) > 0.01 * np.max(np.abs(samples)))[-1]) + 1


def _gain(number: int, seconds: tuple[float, float], decibels: float) -> npt.NDArray[np.float64]:
    """A factor of one outside the seconds and the gain inside, with a ramp of 20 ms at either end."""
    times = np.arange(number) / SAMPLE_RATE
    edge = np.minimum(times - seconds[0], seconds[1] - times) / _RAMP_SECONDS
    return np.asarray(10 ** (np.clip(edge, 0, 1) * decibels / 20))


def _silence_before(rng: np.random.Generator) -> tuple[npt.NDArray[np.float64], tuple[float, float] | None]:
    """A pause before the first word; in one of ten with a breath in it."""
    pause = np.zeros(int(rng.uniform(0.10, 0.30) * SAMPLE_RATE))
    if rng.random() >= 0.1:
        return pause, None
    length = int(0.25 * SAMPLE_RATE)
    breath = rng.normal(0, 0.004, length) * np.hanning(length)
    return np.concatenate([pause, breath]), (len(pause) / SAMPLE_RATE, (len(pause) + length) / SAMPLE_RATE)
