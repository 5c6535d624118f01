"""Emotions of recordings, from a trained row or from an exported model.

    python -m ser_tf.predict runs/mirsamadi2017_table3/emodb:lld_weighted_pool recording.wav
    python -m ser_tf.predict served/lld recordings/ --json
    python -m ser_tf.predict served/lld meeting.flac --window 4 --plot meeting.png

MODEL is the folder of an exported model (see `ser_tf.serving.export`), or a table's folder and a row of a run with
`--keep-models`. Recordings are WAV, FLAC, Ogg Vorbis or MP3 of any rate; folders are searched for them. With `--window`
a long recording is cut into windows, which gives emotion over time.

Exit status: 0 done, 1 some recordings cannot be used (the others are answered), 2 bad usage or no usable recording.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ser_tf import cli
from ser_tf.drawing import panels
from ser_tf.errors import AudioError, SettingError
from ser_tf.serving import picture, prediction
from ser_tf.serving.prediction import Predicted, Prediction

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
"""What is taken from folders; files that are named may be called anything."""
PIPED_COLUMNS = 120
DECIMALS = 6
"""Of numbers in JSON and CSV; posteriors are float32."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m ser_tf.predict", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="exported model, or RUN_DIR:ROW")
    parser.add_argument("audio", nargs="+", type=Path, metavar="AUDIO", help="files and folders")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with attention")
    parser.add_argument("--csv", action="store_true", help="comma-separated values")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="waveform, attention, posteriors (png, pdf or svg)")
    parser.add_argument("--window", type=float, metavar="SECONDS", help="cut recordings into windows of this length")
    parser.add_argument("--alignment", type=Path, metavar="DIR", help="TextGrid or CTM files, for models of words")
    parser.add_argument("--fold", metavar="NAME", help="whose model of a run (default: the first fold's)")
    parser.add_argument("--seed", type=int, metavar="N", help="which seed of a run (default: the first)")
    flags = parser.parse_args(argv)
    if flags.json and flags.csv:
        raise SettingError("--json and --csv: choose one")
    if flags.plot and flags.plot.suffix.lower() not in panels.FORMATS:
        raise SettingError(f"--plot {flags.plot}: must end with {', '.join(panels.FORMATS)}")
    return flags


def find_audio(paths: Sequence[Path]) -> list[Path]:
    """Files as they are named, there or not, and the audio files in and below folders.

    Raises:
        AudioError: a folder has no audio.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
            if not inside:
                raise AudioError(f"{path}: no audio in it ({' '.join(SUFFIXES)})")
            found += inside
        else:
            found.append(path)
    return found


def in_full(path: Path, window: Prediction, classes: Sequence[str]) -> dict[str, Any]:
    """One window as JSON values."""
    attention = {
        name: value.astype(float).round(DECIMALS).tolist()
        for name, value in window.outputs.items()
        if name in picture.ATTENTION
    }
    return {
        **_numbers(path, window),
        "probabilities": dict(zip(classes, _posteriors(window), strict=True)),
        **attention,
    }


def _numbers(path: Path, window: Prediction) -> dict[str, Any]:
    return {
        "file": str(path),
        "start_seconds": round(window.start_seconds, DECIMALS),
        "end_seconds": round(window.end_seconds, DECIMALS),
        "label": window.label,
    }


def _posteriors(window: Prediction) -> list[float]:
    return [round(value, DECIMALS) for value in window.outputs["probabilities"].tolist()]


def as_lines(classes: Sequence[str]) -> Callable[[Predicted], None]:
    """Prints each recording's windows as JSON as soon as they are there."""

    def show(one: Predicted) -> None:
        for window in one.windows:
            print(json.dumps(in_full(one.path, window, classes)), flush=True)

    return show


def as_csv(classes: Sequence[str]) -> Callable[[Predicted], None]:
    """Prints comma-separated values, a line for each window."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "start_seconds", "end_seconds", "label", *classes])

    def show(one: Predicted) -> None:
        writer.writerows([*_numbers(one.path, window).values(), *_posteriors(window)] for window in one.windows)
        sys.stdout.flush()

    return show


def print_table(predicted: Sequence[Predicted], classes: Sequence[str]) -> None:
    """Prints a table for people, posteriors in per cent."""
    in_windows = any(len(one.windows) > 1 for one in predicted)
    table = Table("recording", *(["seconds"] if in_windows else []), "emotion")
    for name in classes:
        table.add_column(name, justify="right")
    for one in predicted:
        for window in one.windows:
            span = [f"{window.start_seconds:.1f} - {window.end_seconds:.1f}"] if in_windows else []
            posteriors = [f"{100 * value:.0f}" for value in window.outputs["probabilities"]]
            table.add_row(str(one.path), *span, window.label, *posteriors)
    Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_COLUMNS, markup=False).print(table)


def predictions(predictor: prediction.Predictor, paths: Sequence[Path]) -> Iterator[Predicted | AudioError]:
    """Predicts recording by recording, with progress on a terminal; what cannot be used does not end the others."""
    errors = Console(stderr=True)
    for path in track(paths, "recordings", console=errors, disable=len(paths) < 2 or not errors.is_terminal):
        try:
            yield predictor(path)
        except AudioError as error:
            yield error


def main(argv: list[str]) -> int:
    """Predicts and prints; returns the exit status."""
    flags = parse(argv)
    paths = find_audio(flags.audio)
    if flags.plot and len(paths) > picture.MOST_RECORDINGS:
        raise SettingError(f"--plot: {len(paths)} recordings; a picture has {picture.MOST_RECORDINGS} at most")
    alignments = prediction.alignments_of(flags.alignment)
    model = prediction.open_model(flags.model, flags.fold, flags.seed)
    predictor = prediction.Predictor(model, flags.window, alignments)
    show = as_lines(model.classes) if flags.json else as_csv(model.classes) if flags.csv else None
    kept: list[Predicted] = []
    answered = 0
    for one in predictions(predictor, paths):
        if isinstance(one, AudioError):
            print(f"error: {one}", file=sys.stderr)
            continue
        answered += 1
        if show is not None:
            show(one)
        if flags.plot or show is None:
            kept.append(one if flags.plot else one.without_waveform())
    if kept and show is None:
        print_table(kept, model.classes)
    if kept and flags.plot:
        print(f"written to {panels.save(picture.draw(kept, model.classes), flags.plot)}", file=sys.stderr)
    if answered == len(paths):
        return cli.DONE
    return cli.FAILED if answered else cli.BAD_INPUT


if __name__ == "__main__":
    cli.run(main)
