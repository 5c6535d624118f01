import struct

import numpy as np
import pytest

from ser_tf.corpora.wav_header import check_wav, read_wav_header
from ser_tf.errors import AudioError
from tests.corpora.trees import nan_wav_bytes, wav_bytes


@pytest.mark.parametrize(
    ("bits", "tag", "encoding"),
    [(8, 1, "pcm"), (16, 1, "pcm"), (24, 1, "pcm"), (32, 1, "pcm"), (32, 3, "float"), (64, 3, "float")],
)
@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_reads_formats(tmp_path, bits, tag, encoding, extensible, channels):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(480, 48000, bits, channels, tag, extensible))
    header = check_wav(path)
    assert (header.sample_rate, header.channels, header.bits, header.encoding) == (48000, channels, bits, encoding)
    assert header.num_samples == 480
    assert header.duration_seconds == 0.01


def test_skips_other_chunks_of_odd_size(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(before_data=b"LIST" + struct.pack("<I", 3) + b"abc\x00"))
    assert read_wav_header(path).num_samples == 1600


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"RIFF", "not a RIFF/WAVE file"),
        (b"OggS" + bytes(100), "not a RIFF/WAVE file"),
        (wav_bytes()[:30], "truncated"),
        (wav_bytes()[:40], "truncated, it ends before its data chunk"),
        (wav_bytes()[:1044], "truncated, 1000 of 3200 bytes"),
        (wav_bytes(samples=0), "no samples"),
        (wav_bytes(claimed=0xFFFFFFFF), "truncated"),
        (wav_bytes(tag=6, bits=8), "0x0006 with 8 bits are not PCM or float"),
        (wav_bytes(bits=12, data=bytes(100)), "0x0001 with 12 bits"),
        (wav_bytes(rate=0), "1 channels at 0 Hz"),
        (nan_wav_bytes(), "100 of 100 samples are NaN"),
    ],
)
def test_names_file_and_reason(tmp_path, content, reason):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=reason) as raised:
        check_wav(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)
    if content != nan_wav_bytes():
        with pytest.raises(AudioError, match=reason):
            read_wav_header(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(AudioError, match="does not exist"):
        read_wav_header(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        read_wav_header(tmp_path)


def test_silence_is_allowed_and_one_infinite_sample_is_not(tmp_path):
    path = tmp_path / "a.wav"
    samples = np.zeros(50, "<f4")
    path.write_bytes(wav_bytes(bits=32, tag=3, data=samples.tobytes()))
    check_wav(path)
    samples[7] = np.inf
    path.write_bytes(wav_bytes(bits=32, tag=3, data=samples.tobytes()))
    with pytest.raises(AudioError, match="1 of 50 samples"):
        check_wav(path)
