import struct

import pytest

from ser_tf.corpora.wav_header import read_wav_header
from ser_tf.errors import AudioError
from tests.corpora.trees import wav_bytes


@pytest.mark.parametrize(
    ("bits", "tag", "encoding"),
    [
        (8, 1, "pcm"), (16, 1, "pcm"), (24, 1, "pcm"), (32, 1, "pcm"), (32, 3, "float"), (64, 3, "float"),
        (8, 6, "alaw"), (8, 7, "mulaw"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_reads_formats(tmp_path, bits, tag, encoding, extensible, channels):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(480, 48000, bits, channels, tag, extensible))
    header = read_wav_header(path)
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
        (wav_bytes(tag=0x11, bits=4), "0x0011 with 4 bits are not PCM, float, A-law or mu-law"),
        (wav_bytes(bits=12, data=bytes(100)), "0x0001 with 12 bits"),
        (wav_bytes(extensible=True).replace(b"\xaa\x00\x38", b"\xaa\x01\x38"), "0xfffe with 16 bits"),
        (wav_bytes(rate=0), "its rate of 0 Hz is not between 4000 and 192000"),
        (wav_bytes(rate=2**31 - 1), "its rate of 2147483647 Hz"),
        (wav_bytes(channels=0, data=bytes(100)), "it has no channels"),
        (wav_bytes(channels=2000, samples=2), "it has 2000 channels, more than"),
        (wav_bytes(before_data=wav_bytes()[12:36]), "more than one format chunk"),
        (wav_bytes(before_data=(b"JUNK" + bytes(4)) * 400), "do not come within its first 256 chunks"),
        (wav_bytes()[:12] + b"data\x02\x00\x00\x00ab", "without a format chunk"),
        (wav_bytes().replace(struct.pack("<HH", 2, 16), struct.pack("<HH", 4, 16)), "4 bytes for 1 samples of 16"),
    ],
)
def test_names_file_and_reason(tmp_path, content, reason):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=reason) as raised:
        read_wav_header(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(AudioError, match="does not exist"):
        read_wav_header(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        read_wav_header(tmp_path)
