"""Emotions of recordings, from a trained row, from an exported model, or from the model of the package.

    ser-tf predict recording.wav
    ser-tf predict recordings/ --model runs/mirsamadi2017_table3/emodb:lld_weighted_pool --json
    ser-tf predict meeting.flac --window 4 --hop 1 --plot meeting.png
    ser-tf predict calls/ --model served/lld --window 4 --channel each --summary --csv --plot pictures/

MODEL is the folder of an exported model (see `ser_tf.serving.export`), or a table's folder and a row of a run with
`--keep-models`; `python -m ser_tf.predict MODEL AUDIO ...` takes it first. Without one the model of the package
answers, which was trained on acted German; `--about` says what it is good for. A model that reads words is given
`--alignment`, or the words are recognised (English; the extra `asr`). Recordings are WAV, FLAC, Ogg (Vorbis, Opus),
MP3, AIFF, AU, CAF, W64 or SPHERE files; folders are searched for them. With `--window` a long recording is cut into
windows, which gives emotion over time; a line sums it up. With `--hop` windows overlap. `--channel` hears the channels
of a stereo recording apart.

A file that cannot be used is one line and does not stop the others, also when decoding it takes for ever.

Exit status: 0 done, 1 some recordings cannot be used (the others are answered), 2 bad usage or no usable recording.
"""

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from ser_tf import cli
from ser_tf.errors import AudioError, SettingError
from ser_tf.serving import channels, listing, names, packaged, picture, prediction, reader
from ser_tf.serving.exported import GRAPH
from ser_tf.serving.prediction import Predicted

SUFFIXES = tuple(".wav .flac .ogg .oga .opus .mp3 .aif .aiff .au .caf .w64 .sph".split())
"""What is taken from folders; files that are named may be called anything."""
MAX_FILE_TIMEOUT_SECONDS = 86_400.0


def parse(argv: Sequence[str], model_first: bool = True) -> argparse.Namespace:
    """Reads the command line.

    Args:
        argv: The arguments.
        model_first: Whether the first argument is the model, unless `--model` names it; otherwise only where it is a
            model on disk.

    Raises:
        SettingError: bad usage.
    """
    program = "python -m ser_tf.predict" if model_first else "ser-tf predict"
    usage = "%(prog)s MODEL AUDIO ... [options]" if model_first else "%(prog)s AUDIO ... [--model MODEL] [options]"
    parser = cli.ArgumentParser(prog=program, usage=usage, description=__doc__)
    parser.add_argument("audio", nargs="*", metavar="AUDIO", help="files and folders")
    parser.add_argument("--model", metavar="MODEL", help="exported model, or RUN_DIR:ROW (default: the package's)")
    parser.add_argument("--about", action="store_true", help="print the card of the package's model")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with attention")
    parser.add_argument("--csv", action="store_true", help="comma-separated values")
    parser.add_argument("--summary", action="store_true", help="one line a recording in place of one a window")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="DIR|FILE",
        help="waveform, attention, posteriors: a picture a recording in a folder, or one picture (png, pdf or svg)",
    )
    parser.add_argument("--window", type=float, metavar="SECONDS", help="cut recordings into windows of this length")
    parser.add_argument("--hop", type=float, metavar="SECONDS", help="from one window to the next (default: a window)")
    parser.add_argument(
        "--channel", choices=channels.CHOICES, help="what is heard of several channels (default: their mean)"
    )
    parser.add_argument(
        "--file-timeout",
        type=float,
        default=reader.TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"give up on a file that is not decoded in this time (default: {reader.TIMEOUT_SECONDS:g})",
    )
    parser.add_argument("--alignment", type=Path, metavar="DIR", help="word alignments, for models of words")
    parser.add_argument("--fold", metavar="NAME", help="whose model of a run (default: the first fold's)")
    parser.add_argument("--seed", type=int, metavar="N", help="which seed of a run (default: the first)")
    flags = parser.parse_args(argv)
    if not flags.about:
        _take_model(flags, model_first, parser)
    flags.audio = [Path(name) for name in flags.audio]
    if flags.json and flags.csv:
        raise SettingError("--json and --csv: choose one")
    if not 0 < flags.file_timeout <= MAX_FILE_TIMEOUT_SECONDS:
        most = f"{MAX_FILE_TIMEOUT_SECONDS:g} seconds"
        raise SettingError(f"--file-timeout {flags.file_timeout:g}: must be above 0 and at most {most}")
    return flags


def _take_model(flags: argparse.Namespace, model_first: bool, parser: cli.ArgumentParser) -> None:
    """Takes the model from the front of the arguments, where it may be."""
    if flags.model is None and flags.audio and (model_first or is_model(flags.audio[0])):
        flags.model = flags.audio.pop(0)
    if not flags.audio:
        parser.error("the following arguments are required: AUDIO")


def is_model(name: str) -> bool:
    """Whether an argument names a model on disk: an exported one, or a table's folder and a row."""
    run, separator, _ = name.rpartition(":")
    path = Path(name)
    try:
        exported = any((folder / GRAPH).exists() for folder in (path, *path.glob("*")))
        return exported or (bool(separator) and (Path(run) / "manifest.json").exists())
    except OSError:  # a name that no file system takes
        return False


def find_audio(paths: Sequence[Path]) -> list[Path]:
    """Finds the audio files in and below folders; other paths are taken as they are, existing or not.

    Raises:
        AudioError: a folder has no audio.
    """
    found: list[Path] = []
    for path in paths:
        if not _is_folder(path):
            found.append(path)
            continue
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        if not inside:
            raise AudioError(f"{names.one_line(path)}: no audio in it ({' '.join(SUFFIXES)})")
        found += inside
    return found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file system takes
        return False


def predictions(predictor: prediction.Predictor, paths: Sequence[Path]) -> Iterator[Sequence[Predicted] | AudioError]:
    """Predicts recording by recording, with progress on a terminal; what cannot be used does not end the others."""
    errors = Console(stderr=True)
    for path in track(paths, "recordings", console=errors, disable=len(paths) < 2 or not errors.is_terminal):
        try:
            yield predictor(path)
        except AudioError as error:
            yield error


def _warn(predicted: Predicted, silent: list[Path]) -> None:
    """Says why an answer deserves less trust, and remembers the recording if a model of words was told none."""
    if predicted.note:
        channel = "" if predicted.is_mean else f" ({predicted.channel})"
        print(f"note: {names.one_line(predicted.path)}{channel}: {predicted.note}", file=sys.stderr)
    if predicted.words == ():
        silent.append(predicted.path)


def _listing(flags: argparse.Namespace, classes: Sequence[str]) -> listing.Listing:
    with_channel = flags.channel is not None
    if flags.json:
        return listing.JsonLines(with_channel)
    if flags.csv:
        return listing.Csv(classes, with_channel)
    return listing.ForPeople(classes, with_channel, flags.window is not None and not flags.summary)


def main(argv: list[str], model_first: bool = True) -> int:
    """Predicts and prints; returns the exit status.

    Args:
        argv: The arguments.
        model_first: As for `parse`.
    """
    flags = parse(argv, model_first)
    if flags.about:
        print(packaged.card_text(), end="")
        return cli.DONE
    paths = find_audio(flags.audio)
    pictures = None if flags.plot is None else picture.album(flags.plot, len(paths))
    words = prediction.alignments_of(flags.alignment)
    model = prediction.open_model(flags.model, flags.fold, flags.seed)
    if flags.model is None:
        print(f"note: {packaged.summary_line()}", file=sys.stderr)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not have every letter of a name
    answered = 0
    silent: list[Path] = []
    with reader.Reader(flags.file_timeout) as files:
        channel = flags.channel or channels.MEAN
        predictor = prediction.Predictor(model, files, flags.window, words, channel, flags.hop)
        shown = _listing(flags, model.classes)
        for result in predictions(predictor, paths):
            if isinstance(result, AudioError):
                print(f"error: {result}", file=sys.stderr)
                continue
            answered += 1
            for predicted in result:
                _warn(predicted, silent)
                shown.show(listing.summarised(predicted) if flags.summary else predicted)
                if pictures is not None:
                    pictures.add(predicted)
    shown.finish()
    if silent:
        others = f" (such as {names.one_line(silent[0])})" if len(silent) > 1 else f": {names.one_line(silent[0])}"
        print(f"note: no word in {len(silent)} recording{'s' * (len(silent) > 1)}{others}", file=sys.stderr)
    if pictures is not None and answered:
        print(f"written to {pictures.finish()}", file=sys.stderr)
    if answered == len(paths):
        return cli.DONE
    return cli.FAILED if answered else cli.BAD_INPUT


if __name__ == "__main__":
    cli.run(main)
