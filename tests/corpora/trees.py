"""Tiny corpora on disk, each in its release's layout, with made-up audio.

The contract test loads what the builder of every corpus writes. A builder takes an empty folder, fills it and returns
what `corpora.load` takes as the root.
"""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ser_tf.corpora import synthetic as generated

Builder = Callable[[Path], Path]
BUILDERS: dict[str, Builder] = {}
"""Builder of each corpus by its name, and of other layouts that it is also read from by `name:layout`."""

CREMA_D_COLUMNS = ("", "A", "D", "F", "H", "N", "S", "fileName", "numResponses")


def builds(key: str) -> Callable[[Builder], Builder]:
    """Registers the builder of a corpus or of another layout of it."""

    def register(builder: Builder) -> Builder:
        BUILDERS[key] = builder
        return builder

    return register


def build(key: str, root: Path) -> Path:
    """Writes a corpus's tree; a corpus without a builder fails the test that asks for it."""
    assert key in BUILDERS, f"corpus {key} has no tree builder: add one to {Path(__file__).name} with @builds({key!r})"
    return BUILDERS[key](root)


def wav_bytes(
    samples: int = 1600,
    rate: int = 16000,
    bits: int = 16,
    channels: int = 1,
    tag: int = 1,
    extensible: bool = False,
    data: bytes | None = None,
    claimed: int | None = None,
    before_data: bytes = b"",
) -> bytes:
    """A RIFF/WAVE file, field by field; `claimed` is the size that the data chunk's header states."""
    if data is None:
        data = bytes(samples * channels * bits // 8)
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * block, block, bits)
    if extensible:
        guid = struct.pack("<H", tag) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
        fmt += struct.pack("<HHI", 22, bits, 0) + guid
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + before_data
    chunks += b"data" + struct.pack("<I", len(data) if claimed is None else claimed) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def nan_wav_bytes() -> bytes:
    return wav_bytes(bits=32, tag=3, data=np.full(100, np.nan, "<f4").tobytes())


def write_wav(path: Path, content: bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes() if content is None else content)
    return path


def write_text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding)
    return path


EVALUATION = (
    "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"
    "\n"
    "[6.2901 - 8.2357]\tSes01F_impro04_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
    "C-E2:\tNeutral;\t()\n"
    "C-E3:\tNeutral; Anger;\t()\n"
    "C-E4:\tneutral STATE;\t(calm; then (a laugh) \x92 sad)\n"
    "C-F1:\tHappiness;\t(curious)\n"
    "A-E3:\tval 3; act 2; dom  2;\t()\n"
    "A-E4:\tval 2; act 3; dom  ;\t(mildly aggravated, polite)\n"
    "A-F1:\tval 3; act 2; dom  1;\t()\n"
    "\n"
    "[10.0100 - 11.3925]\tSes01F_impro04_M000\txxx\t[2.5000, 2.5000, 2.5000]\n"
    "C-E2:\tFrustration;\t()\n"
    "C-E3:\tExcited;\t()\n"
    "C-E4:\tOther;\t()\n"
    "C-M1:\tSadness;\t()\n"
    "\n"
)
TRANSCRIPTION = (
    "Ses01F_impro04_F000 [006.2901-008.2357]: Excuse me.\n"
    "M: sorry\n"
    "Ses01F_impro04_MXX0 [008.0000-008.2000]: Mm.\n"
    "\n"
    "Ses01F_impro04_M000 [010.0100-011.3925]: Do you like it?\n"
)
WDSEG = (
    "\t SFrm\t EFrm\t   SegAScr Word\n"
    "    0    19    -100000 <s>\n"
    "   20    54    -100000 EXCUSE\n"
    "   55    79    -100000 ME(2)\n"
    "   80    99    -100000 ++LAUGHTER++\n"
    " Total score:    -400000\n"
)


@builds("iemocap")
def iemocap(root: Path) -> Path:
    """Three dialogs in two sessions, with the files that a parser has to overlook."""
    session = root / "Session1"
    write_text(session / "dialog/EmoEvaluation/Ses01F_impro04.txt", EVALUATION, "latin-1")
    write_text(session / "dialog/EmoEvaluation/._Ses01F_impro04.txt", "\x00\x05\x16\x07")
    for folder in ("Categorical", "Attribute", "Self-evaluation"):
        write_text(
            session / f"dialog/EmoEvaluation/{folder}/Ses01F_impro04_e2_cat.txt", "Ses01F_impro04_F000 :Neutral;"
        )
    write_text(session / "dialog/transcriptions/Ses01F_impro04.txt", TRANSCRIPTION)
    for letter in "FM":
        name = f"Ses01F_impro04/Ses01F_impro04_{letter}000"
        write_wav(session / "sentences/wav" / f"{name}.wav")
        write_text(session / "sentences/ForcedAlignment" / f"{name}.wdseg", WDSEG)
    write_wav(session / "sentences/wav/Ses01F_impro04/._Ses01F_impro04_F000.wav", b"\x00\x05\x16\x07")
    for dialog, code, label in (("Ses03M_script01_1b", "exc", "Excited"), ("Ses03F_impro05a", "ang", "Anger")):
        iemocap_dialog(root, dialog, f"{dialog}_F003", code, label)
    return root


def iemocap_dialog(root: Path, dialog: str, utterance: str, code: str, vote: str, aligned: bool = True) -> None:
    """Adds a dialog of one utterance."""
    session = root / f"Session{dialog[4]}"
    turn = f"[1.0000 - 2.0000]\t{utterance}\t{code}\t[2.5000, 2.5000, 2.5000]\n"
    votes = "".join(f"C-E{number}:\t{vote};\t()\n" for number in (1, 3, 6))
    write_text(session / f"dialog/EmoEvaluation/{dialog}.txt", turn + votes)
    write_text(session / f"dialog/transcriptions/{dialog}.txt", f"{utterance} [001.0000-002.0000]: Go on.\n")
    write_wav(session / f"sentences/wav/{dialog}/{utterance}.wav")
    if aligned:
        write_text(session / f"sentences/ForcedAlignment/{dialog}/{utterance}.wdseg", WDSEG)


LABSILB = (
    "signal x\ntype 0\nseparator ;\nnfields 1\n#\n"
    "    0.100000   -1 st\xfcck\t0.1\n"
    "    0.250000   -1 (\n"
    "    0.400000   -1 pen\t0.0\n"
    "    0.500000   -1 _t\t0.0\n"
    "    0.600000   -1 .\t\n"
)


RECOGNITION = (
    "Nr.\tSatz\terkannt\tnatuerlich\n"
    "1\xa0\xa0\t03a01Ab.wav\t65,00\xa0\xa0\t35,00\xa0\xa0\n"
    "2\xa0\xa0\t03a01Fa.wav\t87,50\xa0\xa0\t75,00\xa0\xa0\n"
    "3\xa0\xa0\t08a02Na.wav\t100,00\xa0\xa0\t95,00\xa0\xa0\n"
    "4\xa0\xa0\t16b10Wb.wav\t0,00\xa0\xa0\t25,00\xa0\xa0\n"
)


@builds("emodb")
def emodb(root: Path) -> Path:
    for stem in ("16b10Wb", "03a01Fa", "08a02Na", "09a04Lc"):
        write_wav(root / "wav" / f"{stem}.wav")
    write_text(root / "labsilb/03a01Fa.labsilb", LABSILB, "latin-1")
    write_text(root / "erkennung.txt", RECOGNITION, "latin-1")
    write_text(root / "wav/notes.txt", "beside")
    return root


@builds("casia")
def casia(root: Path) -> Path:
    for speaker in ("liuchanhg", "WangZhe", "zhaoquanyin", "zhaozuoxiang"):
        for emotion in ("angry", "Fear", "HAPPY", "neutral", "sad", "surprise"):
            write_wav(root / speaker / emotion / "201.wav")
    write_wav(root / "liuchanhg/Fear/250.WAV")
    for name in ("201.lab", "201.tag", "201.peak", "201 copy.txt", "说明.wav", "201 (2).wav"):
        write_text(root / "liuchanhg/angry" / name, "beside")
    return root


@builds("ravdess")
def ravdess(root: Path) -> Path:
    for emotion in range(1, 9):
        for actor in (1, 2, 24):
            write_wav(
                root / f"Actor_{actor:02d}" / f"03-01-{emotion:02d}-01-02-01-{actor:02d}.wav", wav_bytes(rate=48000)
            )
    write_wav(root / "Actor_01/03-02-01-01-02-01-01.wav")
    return root


@builds("ravdess:flac")
def ravdess_flac(root: Path) -> Path:
    import soundfile

    for emotion in range(1, 9):
        for actor in (1, 2):
            path = root / f"Actor_{actor:02d}" / f"03-01-{emotion:02d}-01-02-01-{actor:02d}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng([emotion, actor]).normal(0, 0.1, 4800)
            soundfile.write(path, noise, 48000, "PCM_16")
    return root


@builds("crema_d")
def crema_d(root: Path) -> Path:
    stems = ("1002_IEO_NEU_XX", "1001_DFA_ANG_XX", "1001_IEO_SAD_LO")
    rows = [f'"{column}"' for column in CREMA_D_COLUMNS]
    lines = [",".join(rows)]
    for modality in (1, 2, 3):
        for number, stem in enumerate(stems, 1):
            lines.append(f'"{modality}0000{number}",{modality},0,0,0,2,0,"{stem}",{2 + modality}')
    write_text(root / "tabulatedVotes.csv", "\n".join(lines) + "\n")
    write_text(root / "VideoDemographics.csv", '"ActorID","Age","Sex"\n1001,51,"Male"\n1002,21,"Female"\n')
    for stem in stems:
        write_wav(root / "AudioWAV" / f"{stem}.wav")
    return root


@builds("table")
def table(root: Path) -> Path:
    rows = ["path,speaker,emotion,gender,text"]
    for speaker, gender in (("ann", "f"), ("bob", "m"), ("cyd", "female"), ("dan", "male")):
        for emotion in ("Anger", "traurig", "contempt"):
            write_wav(root / speaker / f"{speaker}_{emotion}.wav", wav_bytes(rate=8000))
            rows.append(f'{speaker}/{speaker}_{emotion}.wav,{speaker},{emotion},{gender},"Well, well."')
    return write_text(root / "recordings.csv", "\n".join(rows) + "\n")


@builds("synthetic")
def synthetic(root: Path) -> Path:
    return generated.generate(root)


@builds("synthetic:casia")
def synthetic_casia(root: Path) -> Path:
    return generated.generate(root, layout="casia")
