"""eSpeak NG through its C interface: text to samples and to the times of words.

The library is GPL and is loaded only at run time, from the `espeakng-loader` wheel; without it everything but the
generated corpus works. It keeps state between calls (the phase of its oscillators, the flutter of its voices), which
makes the samples of a sentence depend on earlier ones. `say` therefore reloads the library for each sentence, which
takes half a millisecond; `check` verifies that this makes it a pure function of its arguments.
"""

import _ctypes
import contextlib
import ctypes
import dataclasses
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import numpy.typing as npt

from ser_tf.errors import UserError

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8_AND_SSML = 0x01 | 0x10
_BY_CHARACTER = 1
_LIST_TERMINATED, _WORD = 0, 1
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_LOUDNESS = 70
_LOCK = threading.Lock()
_WITHOUT = "only the generated corpus needs it, so another --corpus works without"


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclasses.dataclass(frozen=True)
class Spoken:
    """Speech of eSpeak.

    Attributes:
        samples: int16 `(samples,)`.
        sample_rate: Samples per second, 22050.
        word_starts: Position of a word's first character in the text (from 0), and the sample at which it begins. Words
            that eSpeak joins to the one before (`on the`) have none.
    """

    samples: npt.NDArray[np.int16]
    sample_rate: int
    word_starts: tuple[tuple[int, int], ...]


def say(text: str, voice: str, words_per_minute: int, pitch: int, seed: int = 1) -> Spoken:
    """Speaks SSML text with a voice; the same arguments give the same samples, whatever was said before.

    Args:
        text: SSML.
        voice: A voice of eSpeak NG with an optional variant, such as `en-us+f2`.
        words_per_minute: 80 to 450.
        pitch: 0 to 99; 50 is the voice's own.
        seed: Seeds eSpeak's noise.

    Raises:
        UserError: eSpeak cannot be loaded or does not have the voice.
    """
    with _loaded() as library:
        return _say(library, text, voice, words_per_minute, pitch, seed)


@contextlib.contextmanager
def _loaded() -> Iterator[ctypes.CDLL]:
    with _LOCK:
        path = _loader().get_library_path()
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise UserError(f"eSpeak NG cannot be loaded on this system ({error}); {_WITHOUT}") from None
        try:
            yield library
        finally:
            library.espeak_Terminate()
            _unload(library)


def _loader() -> ModuleType:
    try:
        import espeakng_loader
    except ImportError:
        raise UserError(f"espeakng-loader is not installed: pip install espeakng-loader; {_WITHOUT}") from None
    return espeakng_loader


def _unload(library: ctypes.CDLL) -> None:
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


def _say(library: ctypes.CDLL, text: str, voice: str, words_per_minute: int, pitch: int, seed: int) -> Spoken:
    data = str(_loader().get_data_path()).encode()
    sample_rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
    if sample_rate <= 0:
        raise UserError("eSpeak NG cannot be started; install it with: pip install --force-reinstall espeakng-loader")
    library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise UserError(f"eSpeak NG has no voice {voice}; reinstall espeakng-loader")
    settings = {_RATE: words_per_minute, _VOLUME: _LOUDNESS, _PITCH: pitch, _RANGE: 50, _WORD_GAP: 0}
    for parameter, value in settings.items():
        library.espeak_SetParameter(parameter, value, 0)
    pieces: list[npt.NDArray[np.int16]] = []
    word_starts: list[tuple[int, int]] = []

    def collect(samples: "ctypes._Pointer[ctypes.c_short]", number: int, events: "ctypes._Pointer[_Event]") -> int:
        position = 0
        while events[position].type != _LIST_TERMINATED:
            if events[position].type == _WORD:
                word_starts.append((events[position].text_position - 1, events[position].sample))
            position += 1
        if samples and number > 0:
            pieces.append(np.ctypeslib.as_array(samples, (number,)).copy())
        return 0

    callback = _CALLBACK(collect)  # the library keeps no reference of its own
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode()
    library.espeak_Synth(
        ctypes.c_char_p(encoded), ctypes.c_size_t(len(encoded) + 1), 0, _BY_CHARACTER, 0, _UTF8_AND_SSML, None, None
    )
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return Spoken(samples, sample_rate, tuple(word_starts))


def version() -> str:
    """The version of the eSpeak NG library."""
    with _loaded() as library:
        library.espeak_Info.restype = ctypes.c_char_p
        name: bytes = library.espeak_Info(None)
        return name.decode()


def check() -> None:
    """Speaks a sentence before and after another one.

    Raises:
        UserError: the two differ, and a generated corpus would not be the same twice.
    """
    arguments = ("one two three", "en-us+f2", 180, 50)
    before = say(*arguments)
    say("something else", "en-us+m3", 180, 50)
    if not np.array_equal(before.samples, say(*arguments).samples):
        raise UserError(
            "eSpeak NG keeps its state between sentences, possibly because another library has loaded it too; "
            "generate the corpus in a process of its own"
        )
