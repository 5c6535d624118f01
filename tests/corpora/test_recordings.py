"""Every format, whole and damaged, as libsndfile reads it, and what it says of files that it must not shorten."""

import io
import os
import shutil
import struct

import numpy as np
import pytest
import soundfile

from ser_tf.corpora import recordings
from ser_tf.errors import AudioError
from tests.corpora.trees import nan_wav_bytes, wav_bytes

FORMATS = {  # name -> soundfile's format and subtype, tolerance
    "8bit": ("WAV", "PCM_U8", 8e-3),
    "16bit": ("WAV", "PCM_16", 4e-5),
    "24bit": ("WAV", "PCM_24", 2e-7),
    "32bit": ("WAV", "PCM_32", 1e-7),
    "float": ("WAV", "FLOAT", 1e-7),
    "double": ("WAV", "DOUBLE", 1e-7),
    "mulaw": ("WAV", "ULAW", 2e-2),
    "alaw": ("WAV", "ALAW", 2e-2),
    "extensible24bit": ("WAVEX", "PCM_24", 2e-7),
    "flac": ("FLAC", "PCM_16", 4e-5),
    "flac24bit": ("FLAC", "PCM_24", 2e-7),
    "vorbis": ("OGG", "VORBIS", 0.1),
    "opus": ("OGG", "OPUS", 0.2),
    "mp3": ("MP3", "MPEG_LAYER_III", 0.1),
    "aiff": ("AIFF", "PCM_16", 4e-5),
    "au": ("AU", "PCM_16", 4e-5),
    "caf": ("CAF", "ALAC_16", 4e-5),
    "w64": ("W64", "PCM_16", 4e-5),
    "sphere": ("NIST", "PCM_16", 4e-5),
}
COMPRESSED = [name for name, (container, _, _) in FORMATS.items() if container in ("FLAC", "OGG", "MP3")]


def signal(rate_hz=16_000, channels=1, seconds=0.5):
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    fade = np.minimum(1.0, np.minimum(time, seconds - time) / 0.05)
    return np.stack([0.4 * fade * np.sin(2 * np.pi * 300 * place * time) for place in range(1, channels + 1)], axis=1)


def long_noise():
    """Ten seconds, which are several pages of an Ogg file."""
    return np.random.default_rng(0).normal(0, 0.1, (160_000, 1))


def encoded(name, samples=None, rate_hz=16_000):
    """The bytes of a file; long recordings are written in pieces, which libsndfile's Vorbis encoder needs."""
    container, subtype, _ = FORMATS[name]
    samples = signal() if samples is None else samples
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, samples.shape[1], subtype, format=container) as file:
        for start in range(0, len(samples), 16_000):
            file.write(samples[start : start + 16_000])
    return buffer.getvalue()


def refusal(path, contents):
    path.write_bytes(contents)
    with pytest.raises(AudioError) as caught:
        recordings.read_samples(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format(tmp_path, name, rate_hz, channels):
    path = tmp_path / "a.audio"  # libsndfile looks at the contents
    path.write_bytes(encoded(name, signal(rate_hz, channels), rate_hz))
    samples, header = recordings.read_samples(path)
    container, subtype, tolerance = FORMATS[name]
    assert (header.container, header.encoding) == (container.removesuffix("EX"), subtype)
    assert (header.sample_rate_hz, header.channels, header.num_samples) == (rate_hz, channels, rate_hz // 2)
    assert header == recordings.read_header(path) and header.duration_seconds == 0.5
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, signal(rate_hz, channels), atol=tolerance)


@pytest.mark.parametrize("samples", [1, 2, 3, 40])
@pytest.mark.parametrize("name", [name for name in FORMATS if name not in COMPRESSED])
def test_a_handful_of_samples(tmp_path, name, samples):
    path = tmp_path / "a.audio"
    path.write_bytes(encoded(name, signal()[100 : 100 + samples]))
    assert recordings.read_samples(path)[0].shape == (samples, 1)


def test_integers_are_whole_numbers_of_the_scale(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(data=struct.pack("<65536h", *range(-(2**15), 2**15))))
    expected = np.arange(-(2**15), 2**15, dtype=np.float32) / np.float32(2**15)
    np.testing.assert_array_equal(recordings.read_samples(path)[0][:, 0], expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["flac", "flac24bit"])
def test_a_flipped_bit_of_a_flac_file_is_refused_or_changes_nothing(tmp_path, name, seed):
    rng = np.random.default_rng(seed)
    whole = encoded(name, signal(channels=2) + 0.01 * rng.standard_normal((8000, 2)))
    samples = soundfile.read(io.BytesIO(whole), dtype="float32")[0]
    path = tmp_path / "a.flac"
    refused = 0
    for place in rng.integers(len(whole), size=40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << rng.integers(8)]) + whole[place + 1 :])
        try:
            found, _ = recordings.read_samples(path)
        except AudioError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
        else:
            np.testing.assert_array_equal(found, samples)
    assert refused > 30


@pytest.mark.parametrize("name", ["vorbis", "opus"])
def test_a_damaged_page_of_an_ogg_file_is_refused(tmp_path, name):
    whole = encoded(name, long_noise())
    middle = len(whole) // 2
    damaged = whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :]
    assert "samples can be decoded; it may be truncated or corrupt" in refusal(tmp_path / "a.ogg", damaged)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", COMPRESSED)
def test_a_truncated_compressed_file_is_refused(tmp_path, name, share):
    whole = encoded(name, long_noise())
    message = refusal(tmp_path / "a.audio", whole[: int(len(whole) * share)])
    assert "damaged" in message or "may be truncated or corrupt" in message


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "the file is empty"),
        (b"not audio at all", "not an audio file that can be read"),
        (b"RIFF", "not a RIFF/WAVE file"),
        (wav_bytes()[:44], "truncated, 0 of"),
        (wav_bytes()[:-1], "truncated, 3199 of 3200"),
        (wav_bytes(rate=2**31 - 1), "its rate of 2147483647 Hz is not between"),
        (wav_bytes(rate=192_001), "its rate of 192001 Hz is not between"),
        (nan_wav_bytes(), "samples that are not finite"),
        (wav_bytes(bits=32, tag=3, data=np.full(9, 17, "<f4").tobytes()), "its samples reach 17.0; full scale is 1"),
        (wav_bytes(bits=64, tag=3, data=np.full(9, 1e300, "<f8").tobytes()), "not finite"),
        (b"\0\0\0\x20ftypM4A " + bytes(100), "ffmpeg -i FILE"),
        (encoded("flac", rate_hz=2000), "its rate of 2000 Hz is not between"),
        (encoded("au", signal()[:0]), "it has a header and no samples"),
    ],
)
def test_what_is_refused_is_one_line_that_names_the_file(tmp_path, contents, reason):
    assert reason in refusal(tmp_path / "bad.wav", contents)


def test_a_missing_file_a_folder_and_a_pipe(tmp_path):
    with pytest.raises(AudioError, match="does not exist"):
        recordings.read_header(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        recordings.read_header(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AudioError, match="it is a pipe"):
        recordings.read_header(tmp_path / "pipe")


def test_containers_that_are_not_for_recordings_are_refused(tmp_path):
    path = tmp_path / "a.mat"
    soundfile.write(path, signal(), 16_000, format="MAT5", subtype="DOUBLE")
    with pytest.raises(AudioError, match="MAT5 with DOUBLE is not supported"):
        recordings.read_header(path)


@pytest.mark.parametrize("suffix", ["raw", "RAW", "sd2"])
def test_a_suffix_says_nothing(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"no header at all")
    with pytest.raises(AudioError, match="not an audio file"):
        recordings.read_header(path)


def test_names_that_are_not_unicode(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\xfe.flac"
    with open(name, "wb") as file:
        file.write(encoded("flac"))
    (path,) = tmp_path.iterdir()
    assert len(recordings.read_samples(path)[0]) == 8000


def test_trailing_bytes_are_passed_over(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes() + b"what follows the samples")
    assert recordings.read_samples(path)[0].shape == (1600, 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_header_that_is_accepted_can_be_decoded(tmp_path, seed):
    """Damaged WAV files: libsndfile takes what the header check takes, and only samples can still be refused."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "a.wav"
    for _ in range(400):
        bits, tag = ((8, 1), (16, 1), (24, 1), (32, 1), (8, 6), (8, 7))[rng.integers(6)]
        contents = bytearray(wav_bytes(50, 8000, bits, int(rng.integers(1, 4)), tag, bool(rng.integers(2))))
        for _ in range(rng.integers(1, 4)):
            place = int(rng.integers(12, 70))
            contents[place : place + rng.integers(2)] = rng.bytes(rng.integers(3))
        path.write_bytes(contents)
        try:
            header = recordings.read_header(path)
        except AudioError:
            continue
        if header.has_integers:
            assert len(recordings.read_samples(path)[0]) == header.num_samples


def test_a_copy_of_a_recording_reads_the_same(tmp_path, emodb):
    path = emodb.utterances[0].path
    shutil.copy(path, tmp_path / "copy.wav")
    np.testing.assert_array_equal(
        recordings.read_samples(tmp_path / "copy.wav")[0], soundfile.read(path, dtype="float32", always_2d=True)[0]
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_is_cut_from_the_whole(tmp_path, name):
    path = tmp_path / "a.audio"
    path.write_bytes(encoded(name, long_noise()))
    whole, header = recordings.read_samples(path)
    part, same = recordings.read_samples(path, 3.3, 4.25)
    assert same == header
    np.testing.assert_array_equal(part, whole[52_800:68_000])
    np.testing.assert_array_equal(recordings.read_samples(path, 9.5)[0], whole[152_000:])


@pytest.mark.parametrize("part", [(0.0, 0.6), (0.5, None), (0.3, 0.2), (0.2, 0.2), (-0.1, 0.3)])
def test_a_part_that_is_not_there_is_one_line(tmp_path, part):
    path = tmp_path / "a.wav"
    path.write_bytes(encoded("16bit"))
    with pytest.raises(AudioError, match=f"^{path}: it lasts 0.500 s and has no part from"):
        recordings.read_samples(path, *part)
