"""Asks a model that TensorFlow Serving serves, by REST or by gRPC.

    python -m ser_tf.serving.client recording.wav --model lld
    python -m ser_tf.serving.client recording.wav --model lld --rest --address localhost:8501

Recordings go as WAV files to the signature `wav_bytes`; each answer is printed as one JSON object on a line. REST needs
only Python and NumPy.

Exit status: 0 done, 1 some recordings cannot be used (the others are answered), 2 bad usage, no server that answers, or
no usable recording.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ser_tf import cli
from ser_tf.corpora.base import Word
from ser_tf.errors import SettingError, UserError
from ser_tf.papers.lee2020.alignment import read_alignments, spoken_words
from ser_tf.serving import names, requests, server_address
from ser_tf.serving.transport import TIMEOUT_SECONDS, ServerError, ask_grpc, ask_rest

GRPC_ADDRESS, REST_ADDRESS = "localhost:8500", "localhost:8501"
MAX_TIMEOUT_SECONDS = 86_400.0

Ask = Callable[[Mapping[str, npt.NDArray[Any]]], dict[str, npt.NDArray[Any]]]
"""Takes the inputs of `wav_bytes` by name, gives its outputs by name."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m ser_tf.serving.client", description=__doc__)
    parser.add_argument("audio", nargs="+", type=Path, metavar="WAV", help="WAV files")
    parser.add_argument("--model", required=True, metavar="NAME", help="the model's name on the server")
    parser.add_argument("--rest", action="store_true", help="ask by REST (default: gRPC)")
    parser.add_argument(
        "--address", metavar="HOST:PORT", help=f"address of the server (default: {GRPC_ADDRESS}, REST: {REST_ADDRESS})"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"give up on an answer after this time (default: {TIMEOUT_SECONDS:g})",
    )
    parser.add_argument(
        "--alignment", type=Path, metavar="DIR", help="word alignments (TextGrid, CTM, wdseg, Whisper's JSON)"
    )
    parser.add_argument(
        "--fillers",
        choices=("special", "words"),
        default="special",
        help="what laughter and noises are to the model: its assumption of this name (default: special)",
    )
    flags = parser.parse_args(argv)
    if not 0 < flags.timeout <= MAX_TIMEOUT_SECONDS:
        raise SettingError(f"--timeout {flags.timeout:g}: must be above 0 and at most {MAX_TIMEOUT_SECONDS:g} seconds")
    if not flags.model or flags.model != names.readable(flags.model):
        raise SettingError(f"--model {names.one_line(flags.model)}: no name of a model (empty, or not UTF-8)")
    flags.address = flags.address or (REST_ADDRESS if flags.rest else GRPC_ADDRESS)
    server_address.split(flags.address)
    return flags


def inputs_for(
    path: Path, alignments: Mapping[str, Sequence[Word]] | None, fillers: str = "special"
) -> dict[str, npt.NDArray[Any]]:
    """Makes the inputs of `wav_bytes` for one file.

    Args:
        path: A WAV file.
        alignments: Words as aligners write them by the stem of the file, for models that read words.
        fillers: Whether laughter and noises are `special` tokens or `words`, as the model was trained.

    Raises:
        UserError: the file cannot be read, or has no alignment.
    """
    try:
        inputs = requests.of_files([path.read_bytes()])
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})") from None
    if alignments is None:
        return inputs
    if path.stem not in alignments:
        raise UserError(f"--alignment has no alignment of {path.stem}")
    return inputs | requests.of_words([spoken_words(alignments[path.stem], fillers=fillers)])


def answer_about(path: Path, inputs: Mapping[str, npt.NDArray[Any]], ask: Ask) -> dict[str, object]:
    """Asks about one recording.

    Args:
        path: Its file.
        inputs: Those of `wav_bytes` for it.
        ask: Asks the server.

    Returns:
        File, label and probabilities as JSON values.

    Raises:
        ServerError: no recording can be asked about there.
        UserError: this recording cannot be used; says why.
    """
    outputs = ask(inputs)
    try:
        label, probabilities = str(outputs["label"][0]), outputs["probabilities"][0].astype(float).tolist()
        problem = str(outputs["error"][0])
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        raise ServerError("the answer has no label, probabilities and error: not a model of ser_tf") from None
    if problem:
        raise UserError(problem)
    return {"file": names.readable(path), "label": label, "probabilities": probabilities}


def main(argv: list[str]) -> int:
    """Asks about each recording by itself and prints the answers; returns the exit status."""
    flags = parse(argv)
    alignments = None if flags.alignment is None else read_alignments(flags.alignment)
    transport = ask_rest if flags.rest else ask_grpc

    def ask(inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        return transport(flags.address, flags.model, inputs, timeout_seconds=flags.timeout)

    answered = 0
    for path in flags.audio:
        try:
            print(json.dumps(answer_about(path, inputs_for(path, alignments, flags.fillers), ask)), flush=True)
            answered += 1
        except ServerError as error:
            print(f"error: {flags.address}: {error}", file=sys.stderr)
            break
        except UserError as error:
            print(f"error: {names.one_line(path)}: {error}", file=sys.stderr)
    if answered == len(flags.audio):
        return cli.DONE
    return cli.FAILED if answered else cli.BAD_INPUT


if __name__ == "__main__":
    cli.run(main)
