"""Utterances without audio, for what looks at their annotations alone."""

from pathlib import Path

from ser_tf.corpora.base import Utterance

CLASSES = ("angry", "happy", "sad", "neutral")


def utterances(sessions=5, speakers=2, each=8, path=Path("/nowhere/a.wav")):
    """`each` utterances of every speaker, labels in turn, every text spoken by one speaker of each session."""
    made = []
    for session in range(1, sessions + 1):
        for speaker in "FMXYZ"[:speakers]:
            for number in range(each):
                made.append(
                    Utterance(
                        id=f"Ses{session:02d}{speaker}_{number:03d}",
                        path=path,
                        corpus="iemocap",
                        speaker=f"Ses{session:02d}{speaker}",
                        session=f"Ses{session:02d}",
                        gender="female",
                        style="acted",
                        label=CLASSES[number % 4],
                        transcript=f"Session {session}, speaker {speaker}: words {number}!",
                    )
                )
    return made
