"""Reading recordings of every format: headers and samples.

libsndfile decodes them, through soundfile: WAV, FLAC, Ogg (Vorbis and Opus), MP3, AIFF, AU, CAF, W64 and NIST SPHERE.
It checks each frame of a FLAC file and each page of an Ogg file; defects it ignores are detected here: a damaged
recording is refused, never shortened. Chunks of WAV files are found by `wav_header`, as the served graph finds them,
and libsndfile is given only the samples: it has other opinions on what to do with odd chunks.
"""

import dataclasses
import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ser_tf.audio_limits import MAX_SAMPLES, channels_problem, sample_rate_problem, samples_problem
from ser_tf.corpora.wav_header import read_wav_header
from ser_tf.errors import AudioError

FORMATS = ("AIFF", "AU", "CAF", "FLAC", "MP3", "NIST", "OGG", "W64")
"""Containers besides RIFF/WAVE, by libsndfile's names."""
_CONVERT = "ffmpeg -i FILE -c:a pcm_s16le FILE.wav converts it"
_INEXACT_SEEKING = ("MP3", "OGG")
"""Formats whose samples depend on where decoding starts; they are always decoded from the beginning."""
_OGG_PAGE_BYTES = 65_307
"""Maximum size of a page in an Ogg file."""


@dataclasses.dataclass(frozen=True)
class RecordingHeader:
    """The header of a recording.

    Attributes:
        sample_rate_hz: Samples per second of one channel.
        channels: Number of channels.
        num_samples: Samples of one channel.
        container: `WAV` or one of `FORMATS`.
        encoding: How the samples are written, by libsndfile's names: `PCM_16`, `FLOAT`, `VORBIS`, ...
    """

    sample_rate_hz: int
    channels: int
    num_samples: int
    container: str
    encoding: str

    @property
    def duration_seconds(self) -> float:
        """Length of the recording."""
        return self.num_samples / self.sample_rate_hz

    @property
    def has_integers(self) -> bool:
        """Whether every bit pattern is a usable sample, in which case checking the header suffices."""
        return self.container == "WAV" and self.encoding not in ("FLOAT", "DOUBLE")


def read_header(path: Path) -> RecordingHeader:
    """Reads a recording's header.

    Raises:
        AudioError: the file is missing, empty, truncated, of an unknown format or beyond `ser_tf.audio_limits`; one
            line that names the file and the reason.
    """
    if _starts_like_wav(path):
        header = read_wav_header(path)
        names = {"float32": "FLOAT", "float64": "DOUBLE", "pcm8": "PCM_U8", "alaw8": "ALAW", "mulaw8": "ULAW"}
        encoding = names.get(f"{header.encoding}{header.bits}", f"PCM_{header.bits}")
        return RecordingHeader(header.sample_rate, header.channels, header.num_samples, "WAV", encoding)
    with _opened(path) as file:
        return _header_of(file, path)


def read_samples(
    path: Path, start_seconds: float = 0.0, end_seconds: float | None = None
) -> tuple[npt.NDArray[np.float32], RecordingHeader]:
    """Decodes a recording, or a part of it, and checks every sample.

    Args:
        path: The file.
        start_seconds: Start of the part.
        end_seconds: End of the part, or None for the end of the recording.

    Returns:
        Samples of the part, float32 (samples, channels) with full scale 1, and the header of the whole.

    Raises:
        AudioError: as for `read_header`, or the part does not lie in the recording, or its samples are damaged, fewer
            than the header says, not finite, on another scale, or too many to be decoded at once.
    """
    header = read_header(path)
    first, last = part_of(header, path, start_seconds, end_seconds)
    seeks = header.container not in _INEXACT_SEEKING
    if (last - first if seeks else header.num_samples) * header.channels > MAX_SAMPLES:
        raise AudioError(f"{path}: it has more than {MAX_SAMPLES} samples; cut it into several files")
    try:
        with _opened_at(first, last, header, path) as file:
            samples = file.read(last - first if seeks else -1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:  # ValueError: its length is not known
        raise AudioError(f"{path}: cannot be decoded ({_reason(error)}); it may be truncated or corrupt") from None
    if seeks:
        check_samples(samples, header, path, last - first)
        return samples, header
    check_samples(samples, header, path, header.num_samples)
    return samples[first:last], header


def part_of(header: RecordingHeader, path: Path, start_seconds: float, end_seconds: float | None) -> tuple[int, int]:
    """Returns the first sample of a part of a recording, and the first one after it.

    Raises:
        AudioError: the part is empty or does not lie in the recording; names the file.
    """
    first = round(start_seconds * header.sample_rate_hz)
    last = header.num_samples if end_seconds is None else round(end_seconds * header.sample_rate_hz)
    if not 0 <= first < last <= header.num_samples:
        part = f"from {start_seconds:g} s to {'its end' if end_seconds is None else f'{end_seconds:g} s'}"
        raise AudioError(f"{path}: it lasts {header.duration_seconds:.3f} s and has no part {part}")
    return first, last


def check_samples(samples: npt.NDArray[np.float32], header: RecordingHeader, path: Path, expected: int) -> None:
    """Checks decoded samples, (samples, channels), against the header and the limits of all readers.

    Args:
        samples: The samples.
        header: The header of their recording.
        path: Its file.
        expected: Expected number of samples in each channel.

    Raises:
        AudioError: there are fewer, or they are not finite or on another scale.
    """
    if samples.shape != (expected, header.channels):
        found = f"{len(samples)} of {expected} samples can be decoded"
        raise AudioError(f"{path}: {found}; it may be truncated or corrupt")
    if header.container == "OGG" and _ends_within_a_page(path):
        raise AudioError(f"{path}: its last page is incomplete; it may be truncated or corrupt")
    if problem := samples_problem(samples):
        raise AudioError(f"{path}: {problem}")


def _starts_like_wav(path: Path) -> bool:
    try:
        if path.is_fifo():  # would wait for a writer
            raise AudioError(f"{path}: it is a pipe, not a file")
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        raise AudioError(f"{path}: the file does not exist") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror or error})") from None
    if not start:
        raise AudioError(f"{path}: the file is empty (0 bytes)")
    return start == b"RIFF"


def _opened(path: Path) -> soundfile.SoundFile:
    # As bytes, for names that are not UTF-8; Windows has none.
    name = os.fspath(path) if os.name == "nt" else os.fsencode(path)
    try:
        return soundfile.SoundFile(name)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:  # TypeError: raw samples without a header
        known = "WAV, FLAC, Ogg, MP3, AIFF, AU, CAF, W64, SPHERE"
        raise AudioError(
            f"{path}: not an audio file that can be read ({known}), or damaged ({_reason(error)}); {_CONVERT}"
        ) from None


def _opened_at(first: int, last: int, header: RecordingHeader, path: Path) -> soundfile.SoundFile:
    """Opens a recording so that reading begins at the first sample of a part, or of the whole where seeking is inexact.

    Of a WAV file the samples before `last` are given to libsndfile without anything that is around them.
    """
    if header.container != "WAV":
        file = _opened(path)
        if header.container not in _INEXACT_SEEKING:
            file.seek(first)
        return file
    wav = read_wav_header(path)
    block = wav.channels * wav.bits // 8
    with path.open("rb") as contents:
        contents.seek(wav.data_offset + first * block)
        samples = io.BytesIO(contents.read((last - first) * block))
    return soundfile.SoundFile(
        samples,
        format="RAW",
        subtype=header.encoding,
        endian="LITTLE",
        samplerate=header.sample_rate_hz,
        channels=header.channels,
    )


def _reason(error: Exception) -> str:
    text = getattr(error, "error_string", None) or str(error)
    return " ".join(str(text).split()).removeprefix("Error : ").rstrip(".")[:120]


def _header_of(file: soundfile.SoundFile, path: Path) -> RecordingHeader:
    header = RecordingHeader(file.samplerate, file.channels, file.frames, file.format, file.subtype)
    if header.container not in FORMATS:
        raise AudioError(f"{path}: {header.container} with {header.encoding} is not supported; {_CONVERT}")
    problem = channels_problem(header.channels) or sample_rate_problem(header.sample_rate_hz)
    if not problem and header.num_samples <= 0:
        problem = "it has a header and no samples; it may be truncated or corrupt"
    if problem:
        raise AudioError(f"{path}: {problem}")
    return header


def _ends_within_a_page(path: Path) -> bool:
    """Returns whether the last page of an Ogg file claims more bytes than there are."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - _OGG_PAGE_BYTES, 0))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    num_segments = page[26] if len(page) > 26 else 256
    return len(page) < 27 + num_segments or len(page) < 27 + num_segments + sum(page[27 : 27 + num_segments])
