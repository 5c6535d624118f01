"""Decodes recordings in a process of its own: run by `ser_tf.serving.reader`, which can end it when a decoder hangs.

    python decoding.py FD

FD is an inherited end of a `multiprocessing` connection. The process sends `READY`; then, for each path that it
receives as bytes, a JSON object: `{"error"}`, or `{"rate_hz", "channels", "frames"}` with the samples after it, float32
(frames, channels) in [-1, 1]. TensorFlow is not imported here: the process starts in a fraction of a second.
"""

import json
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ser_tf import audio_limits
from ser_tf.corpora import wav_header
from ser_tf.errors import AudioError

READY = b"ready"
FORMATS = {("FLAC", "PCM_S8"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")}
"""What is decoded besides RIFF/WAVE: format and subtype in libsndfile's words."""
MAX_SAMPLES = 2**29
"""Largest number of samples of all channels: 2 GiB as float32, three hours at 48 kHz."""
_BLOCK_FRAMES = 2**20
_UNKNOWN_FORMAT = 1  # libsndfile's SF_ERR_UNRECOGNISED_FORMAT


def decode(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """Decodes a file: WAV of any PCM or float encoding, FLAC, Ogg Vorbis or MP3.

    Returns:
        The samples, float32 (frames, channels) in [-1, 1], and the sampling rate in Hz.

    Raises:
        AudioError: it cannot be decoded or used; the message is the reason, without the file.
    """
    _require_file(path)
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise AudioError("the file is empty")
    samples, rate_hz = _decode_wav(path) if start == b"RIFF" else _decode_compressed(path)
    problem = audio_limits.samples_problem(samples)
    if problem:
        raise AudioError(problem)
    return samples, rate_hz


def _decode_wav(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """Decodes what the header describes, as the served graph does; libsndfile would repair or refuse other files."""
    try:
        header = wav_header.read_wav_header(path)
    except AudioError as error:
        raise AudioError(str(error).removeprefix(f"{path}: ")) from None
    _require_limits(header.sample_rate, header.channels, header.num_samples)
    count, width = header.num_samples * header.channels, header.bits // 8
    raw = np.fromfile(path, np.uint8, count * width, offset=header.data_offset)
    return _floats(raw, header).reshape(-1, header.channels), header.sample_rate


def _floats(raw: npt.NDArray[np.uint8], header: wav_header.WavHeader) -> npt.NDArray[np.float32]:
    if header.encoding == "float":
        with np.errstate(over="ignore"):  # larger than any float32: infinite, and refused as such
            return raw.view(f"<f{header.bits // 8}").astype(np.float32)
    if header.bits == 8:
        return (raw.astype(np.float32) - np.float32(128)) / np.float32(128)
    if header.bits == 24:  # becomes the upper bytes of 32 bits
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        return wide.reshape(-1).view("<i4").astype(np.float32) / np.float32(2**31)
    return raw.view(f"<i{header.bits // 8}").astype(np.float32) / np.float32(2 ** (header.bits - 1))


def _decode_compressed(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    try:
        with soundfile.SoundFile(os.fsencode(path)) as sound:
            if (sound.format, sound.subtype) not in FORMATS:
                raise AudioError(f"{sound.format} with {sound.subtype} is not supported; convert it to 16-bit PCM WAV")
            _require_limits(sound.samplerate, sound.channels, 1)
            return _read(sound), sound.samplerate
    except soundfile.LibsndfileError as error:
        if error.code == _UNKNOWN_FORMAT:
            raise AudioError("not an audio file of a known format (WAV, FLAC, Ogg Vorbis, MP3)") from None
        raise AudioError(f"cannot be decoded ({error.error_string.rstrip('.')}); it may be corrupt") from None


def _require_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError("no such audio file") from None
    if not path.is_file():
        raise AudioError(f"not a regular file (mode {mode:o})")


def _require_limits(rate_hz: int, channels: int, frames: int) -> None:
    problem = audio_limits.sample_rate_problem(rate_hz) or audio_limits.channels_problem(channels)
    if problem:
        raise AudioError(problem)
    if frames * channels > MAX_SAMPLES:
        raise AudioError(f"it has more than {MAX_SAMPLES} samples; cut it into several files")


def _read(sound: soundfile.SoundFile) -> npt.NDArray[np.float32]:
    """Reads block by block: a header may state any number of frames, and memory is for those that are there."""
    blocks: list[npt.NDArray[np.float32]] = []
    block_frames, frames = max(_BLOCK_FRAMES // sound.channels, 1), 0
    while len(block := sound.read(block_frames, dtype="float32", always_2d=True)):
        blocks.append(block)
        frames += len(block)
        _require_limits(sound.samplerate, sound.channels, frames)
    if frames < sound.frames and sound.format != "MP3":  # the length of MP3 is an estimate
        raise AudioError(f"truncated or corrupt: {frames} of {sound.frames} samples can be decoded")
    if not frames:
        raise AudioError("it has no samples")
    return np.concatenate(blocks)


def answer(connection: Connection, path: Path) -> None:
    """Sends one recording, or why it cannot be used."""
    try:
        samples, rate_hz = decode(path)
    except AudioError as error:
        connection.send_bytes(json.dumps({"error": str(error)}).encode())
    except OSError as error:
        connection.send_bytes(json.dumps({"error": f"cannot be read ({error.strerror})"}).encode())
    except MemoryError:
        connection.send_bytes(json.dumps({"error": "too long for this machine's memory; cut it"}).encode())
    else:
        frames, channels = samples.shape
        connection.send_bytes(json.dumps({"rate_hz": rate_hz, "channels": channels, "frames": frames}).encode())
        connection.send_bytes(np.ascontiguousarray(samples).data.cast("B"))


def main(descriptor: int) -> None:
    """Answers until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the reader decides when this process ends
    with Connection(descriptor) as connection:
        connection.send_bytes(READY)
        while True:
            try:
                path = connection.recv_bytes()
            except EOFError:
                return
            answer(connection, Path(os.fsdecode(path)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
