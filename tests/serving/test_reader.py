"""Files decoded in a process of their own: what it gives, and what happens when it hangs or dies."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import soundfile

from ser_tf.corpora import recordings as readers
from ser_tf.errors import AudioError, UserError
from ser_tf.serving import decoding
from ser_tf.serving.reader import Reader
from tests.serving import recordings


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.wav"
    path.write_bytes(recordings.wav(recordings.signal(channels=2), 22_050))
    return path


def script(folder, body):
    """A decoder that answers with one silent sample, or does something else for files of some names."""
    text = f"""
        import json, os, signal, sys, time
        from multiprocessing.connection import Connection
        connection = Connection(int(sys.argv[1]))
        connection.send_bytes(b"ready")
        while True:
            name = os.path.basename(os.fsdecode(connection.recv_bytes()))
            {body}
            connection.send_bytes(json.dumps(dict(rate_hz=16000, channels=1, frames=1)).encode())
            connection.send_bytes(bytes(4))
    """
    path = folder / "decoder.py"
    path.write_text(textwrap.dedent(text))
    return path


def alive(reader):
    return reader._process is not None and reader._process.poll() is None


def test_samples_and_rate_come_across(good):
    with Reader() as reader:
        sound = reader.read(good)
    expected, _ = soundfile.read(good, dtype="float32")
    assert sound.rate_hz == 22_050 and sound.samples.dtype == np.float32
    np.testing.assert_array_equal(sound.samples, expected)


def test_a_bad_file_does_not_stop_the_next(good, tmp_path):
    with Reader() as reader:
        for name in ("gone.wav", "a" * 300, os.fsdecode(b"caf\xe9.wav")):
            with pytest.raises(AudioError, match="^[^\n]+: (the file does not exist|cannot be read)"):
                reader.read(tmp_path / name)
        process = reader._process
        assert reader.read(good).rate_hz == 22_050 and reader._process is process


def test_names_that_are_not_utf8_are_read_and_shown(good):
    path = good.with_name(os.fsdecode(b"caf\xe9.wav"))
    good.rename(path)
    broken = good.with_name(os.fsdecode(b"broken\xff.wav"))
    broken.write_bytes(b"RIFF")
    with Reader() as reader:
        assert reader.read(path).rate_hz == 22_050
        with pytest.raises(AudioError, match=r"/broken\\xff.wav: not a RIFF/WAVE file"):
            reader.read(broken)


def test_a_decoder_that_hangs_is_given_up(good, tmp_path):
    hangs = script(tmp_path, "while name == 'hang.flac': pass")
    with Reader(1.0, hangs) as reader:
        assert reader.read(good).samples.tolist() == [[0.0]]
        hanging, started = reader._process, time.monotonic()
        with pytest.raises(AudioError, match=r"hang.flac: not decoded within 1 s \(--file-timeout\)"):
            reader.read(tmp_path / "hang.flac")
        assert time.monotonic() - started < 5
        assert hanging.poll() == -signal.SIGKILL
        assert reader.read(good).samples.tolist() == [[0.0]]


def test_a_decoder_that_dies_is_one_line(good, tmp_path):
    dies = script(tmp_path, "if name.startswith('die'): os.kill(os.getpid(), signal.SIGSEGV)")
    with Reader(10.0, dies) as reader:
        for _ in range(2):
            with pytest.raises(AudioError, match=r"die.flac: the decoder died of it \(SIGSEGV\)"):
                reader.read(tmp_path / "die.flac")
            assert reader.read(good).samples.tolist() == [[0.0]]


def test_a_decoder_that_does_not_start_is_one_line(good, tmp_path):
    path = tmp_path / "decoder.py"
    path.write_text("import a_module_that_nobody_has")
    with Reader(10.0, path) as reader:
        with pytest.raises(UserError, match="does not start; .*decoder.py 0` may say why") as error:
            reader.read(good)
        assert not isinstance(error.value, AudioError) and not alive(reader)


def test_nothing_is_left_running(good):
    with Reader() as reader:
        reader.read(good)
        process = reader._process
    assert process.poll() is not None


def test_an_interruption_leaves_no_half_answer(good, tmp_path):
    slow = script(tmp_path, "time.sleep(60 * (name == 'slow.wav'))")
    with Reader(60.0, slow) as reader:
        reader.read(good)

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            with pytest.raises(KeyboardInterrupt):
                reader.read(tmp_path / "slow.wav")
        finally:
            signal.signal(signal.SIGALRM, before)
        assert not alive(reader)
        assert reader.read(good).samples.tolist() == [[0.0]]


def test_headers_that_claim_more_than_memory_holds_are_refused(good, monkeypatch):
    assert decoding.decode(good)[1] == 22_050
    monkeypatch.setattr(readers, "MAX_SAMPLES", 1000)
    with pytest.raises(AudioError, match="it has more than 1000 samples; cut it into several files"):
        decoding.decode(good)


def test_the_decoding_process_does_without_tensorflow():
    text = "import sys, ser_tf.serving.decoding; print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
