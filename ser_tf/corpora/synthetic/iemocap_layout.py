"""Writes one planned dialog in IEMOCAP's layout: recordings, evaluation, transcription, word alignments."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ser_tf.corpora.iemocap import WITHOUT_ALIGNMENT
from ser_tf.corpora.iemocap_format import FRAMES_PER_SECOND
from ser_tf.corpora.synthetic.plan import EVALUATORS, VOICES, Turn
from ser_tf.corpora.synthetic.speech import SAMPLE_RATE, Recording, generator, record

VOTE_NAMES = {
    "angry": "Anger",
    "happy": "Happiness",
    "excited": "Excited",
    "sad": "Sadness",
    "neutral": "Neutral",
    "frustrated": "Frustration",
    "surprise": "Surprise",
    "fear": "Fear",
    "disgust": "Disgust",
    "other": "Other",
}
# Valence, activation and dominance, 1 to 5, that evaluators give to an emotion.
_ATTRIBUTES = {
    "angry": (2, 4, 4),
    "happy": (4, 3, 3),
    "excited": (4, 4, 3),
    "sad": (2, 2, 2),
    "neutral": (3, 2, 3),
    "frustrated": (2, 3, 3),
    "surprise": (3, 4, 3),
    "fear": (2, 3, 2),
    "disgust": (2, 3, 3),
    "other": (3, 3, 3),
}
_COMMENTS = ("", "", "", "", "", "curious", "polite, but tense", "mildly aggravated; not loud", "a laugh (short)")
_PRONOUNCED_TWICE = frozenset({"the", "a", "and", "to"})
_HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"


def write_dialog(root: Path, turns: Sequence[Turn], seed: int) -> dict[str, tuple[tuple[float, float], ...]]:
    """Speaks and writes one dialog.

    Args:
        root: The corpus's folder, which is made if needed.
        turns: All turns of one dialog, in the order of time.
        seed: Seeds everything that is drawn for a single utterance.

    Returns:
        The seconds that carry the emotion, by utterance id.
    """
    session = root / f"Session{turns[0].session[-1]}"
    dialog = turns[0].dialog
    folders = {name: session / "sentences" / name / dialog for name in ("wav", "ForcedAlignment")}
    folders |= {name: session / "dialog" / name for name in ("EmoEvaluation", "transcriptions")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    salience = {}
    evaluation, transcription = [_HEADER], []
    clock = 0.0
    for number, turn in enumerate(turns):
        rng = generator(seed, "utterance", turn.id)
        recording = record(turn.line, VOICES[turn.speaker], turn.acted, turn.strength, rng)
        write_wav(folders["wav"] / f"{turn.id}.wav", recording)
        if turn.id not in WITHOUT_ALIGNMENT:
            (folders["ForcedAlignment"] / f"{turn.id}.wdseg").write_text(wdseg(recording), "ascii")
        start, clock = clock + float(rng.uniform(0.2, 1.0)), clock + 1.0 + recording.duration_seconds
        end = start + recording.duration_seconds
        evaluation.append(evaluate(turn, start, end, rng))
        spoken = " ".join(turn.line.words)
        transcription.append(f"{turn.id} [{start:08.4f}-{end:08.4f}]: {spoken[0].upper()}{spoken[1:]}.")
        if number == 0:
            transcription += [f"{dialog}_MXX0 [{start:08.4f}-{end:08.4f}]: Mm-hmm.", "M: sorry"]
        salience[turn.id] = recording.salience
    (folders["EmoEvaluation"] / f"{dialog}.txt").write_text("\n".join(evaluation) + "\n", "ascii")
    (folders["transcriptions"] / f"{dialog}.txt").write_text("\n".join(transcription) + "\n", "ascii")
    return salience


def write_wav(path: Path, recording: Recording) -> None:
    """Writes 16 kHz, 16-bit, mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(recording.samples.astype("<i2").tobytes())


def wdseg(recording: Recording) -> str:
    """The alignment as SPHINX writes it: inclusive frames of 10 ms, upper-case words, fillers, a total score."""
    first = recording.words[0].start_seconds
    rows = [("<s>", 0.0, recording.breath[0] if recording.breath else first)]
    if recording.breath:
        rows.append(("++BREATHING++", recording.breath[0], first))
    for word in recording.words:
        variant = "(2)" if word.text.lower() in _PRONOUNCED_TWICE and len(recording.words) % 3 == 0 else ""
        rows.append((word.text.upper() + variant, word.start_seconds, word.end_seconds))
    rows.append(("</s>", recording.words[-1].end_seconds, recording.duration_seconds))
    lines = ["\t SFrm\t EFrm\t   SegAScr Word"]
    begin = 0
    for position, (text, _, end_seconds) in enumerate(rows):
        # Every row has at least one frame, and leaves at least one for each row after it.
        latest = int(recording.duration_seconds * FRAMES_PER_SECOND) - (len(rows) - 1 - position)
        end = max(begin + 1, min(round(end_seconds * FRAMES_PER_SECOND), latest))
        lines.append(f"{begin:5d} {end - 1:5d} {-1000 * (end - begin):10d} {text}")
        begin = end
    return "\n".join([*lines, f" Total score:     {-1000 * begin}"]) + "\n"


def evaluate(turn: Turn, start: float, end: float, rng: np.random.Generator) -> str:
    """The block of an evaluation file for one turn, followed by an empty line."""
    heard = [_attributes(vote[0], rng) for vote in turn.judged.outside[:2]]
    mean = np.mean(heard, axis=0)
    lines = [
        f"[{start:.4f} - {end:.4f}]\t{turn.id}\t{turn.code}\t[{mean[0]:.4f}, {mean[1]:.4f}, {mean[2]:.4f}]",
    ]
    evaluators = EVALUATORS[turn.session]
    for evaluator, vote in zip(evaluators, turn.judged.outside, strict=True):
        lines.append(f"C-{evaluator}:\t{_vote(vote, rng)}\t({rng.choice(_COMMENTS)})")
    letter = turn.speaker[-1]
    lines.append(f"C-{letter}1:\t{_vote(turn.judged.own, rng)}\t({rng.choice(_COMMENTS)})")
    for evaluator, (valence, activation, dominance) in zip(evaluators, heard, strict=False):
        known = dominance if rng.random() > 0.03 else ""
        lines.append(f"A-{evaluator}:\tval {valence}; act {activation}; dom  {known};\t({rng.choice(_COMMENTS)})")
    valence, activation, dominance = _attributes(turn.judged.own[0], rng)
    lines.append(f"A-{letter}1:\tval {valence}; act {activation}; dom  {dominance};\t()")
    return "\n".join([*lines, ""])


def _vote(labels: Sequence[str], rng: np.random.Generator) -> str:
    names = [VOTE_NAMES[label] for label in labels]
    if names == ["Neutral"] and rng.random() < 0.1:
        names = ["Neutral state"]
    return "".join(f"{name}; " for name in names).rstrip()


def _attributes(emotion: str, rng: np.random.Generator) -> tuple[int, int, int]:
    valence, activation, dominance = (int(np.clip(value + rng.integers(-1, 2), 1, 5)) for value in _ATTRIBUTES[emotion])
    return valence, activation, dominance
