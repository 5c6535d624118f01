"""Exports a trained row as a SavedModel that takes raw audio.

    python -m experiments.mirsamadi2017_table3 --keep-models
    python -m ser_tf.serving.export --run runs/mirsamadi2017_table3/synthetic --row lld_mean_pool --output served/lld/1

The result is loaded in a fresh process that has TensorFlow alone, as TensorFlow Serving loads it, and asked about
recordings of the fold's test set; the export is done when its posteriors are those of the training run. Signatures are
described in `ser_tf.serving.served`.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ser_tf import cli, files, papers
from ser_tf.audio_limits import MIN_SAMPLE_RATE_HZ, MODEL_SAMPLE_RATE_HZ
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.data import audio
from ser_tf.errors import SettingError, UserError
from ser_tf.papers.lee2020 import words as lee2020_words
from ser_tf.protocol import models, progress
from ser_tf.serving import card as cards
from ser_tf.serving import checksums, deployment, requests, verification, warm_up
from ser_tf.serving.served import MAX_SECONDS, MIN_WINDOW_SECONDS, ServedModel
from ser_tf.serving.verification import Agreement, Reference, VerificationError
from ser_tf.serving.words import Say, sayer

RECORDINGS = 6
"""Number of recordings to check an export on: the shortest, the longest and some between."""
HIGHEST_MAX_SECONDS = 3_600.0
"""An hour of features at once takes gigabytes; longer recordings are cut into windows."""


def references_of(model: models.TrainedModel, corpus: Corpus, with_words: bool) -> list[Reference]:
    """Takes recordings of the fold's test set, of different lengths, with their posteriors.

    Raises:
        SettingError: the corpus lacks recordings of the test set.
        AudioError: a recording cannot be read.
    """
    by_id = {utterance.id: utterance for utterance in corpus.utterances}
    missing = sorted(set(model.result.ids) - by_id.keys())
    if missing:
        raise SettingError(f"{corpus.root}: has no {missing[0]}, which the run tested; give the corpus of the run")
    order = sorted(range(len(model.result.ids)), key=lambda row: by_id[model.result.ids[row]].duration_seconds or 0.0)
    places = np.unique(np.linspace(0, len(order) - 1, RECORDINGS).round().astype(int))
    say = sayer(model.card["paper"], model.card["settings"]) if with_words else None
    return [_reference(model, by_id[model.result.ids[row]], row, say) for row in np.take(order, places)]


def _reference(model: models.TrainedModel, utterance: Utterance, row: int, say: Say | None) -> Reference:
    words = say(utterance.words or (), utterance.duration_seconds) if say else None
    waveform, contents = audio.read_utterance(utterance), utterance.path.read_bytes()
    is_part = (utterance.start_seconds, utterance.end_seconds) != (0.0, None)
    if is_part or not contents.startswith(b"RIFF"):  # the model reads whole WAV files only
        contents = requests.wav_of(waveform)
    return Reference(utterance.id, waveform, contents, model.result.posterior_array[row], words)


def save(model: ServedModel, folder: Path, card: dict[str, Any], name: str) -> list[verification.Request]:
    """Writes the SavedModel with its assets, warm-up records and checksums; gives the requests of the records."""
    with tempfile.TemporaryDirectory() as scratch:
        contents = {
            cards.LABELS: "".join(f"{label}\n" for label in card["classes"]),
            cards.CARD: json.dumps(card, indent=1) + "\n",
        }
        for file, text in contents.items():
            Path(scratch, file).write_text(text)
        model.assets = [tf.saved_model.Asset(str(Path(scratch, file))) for file in contents]
        tf.saved_model.save(model, str(folder), signatures=model.functions)
    made = warm_up.requests_for(model.reads_words)
    warm_up.write(folder, name, made)
    checksums.write(folder)
    return made


def export(
    model: models.TrainedModel,
    corpus: Corpus,
    output: Path,
    max_seconds: float = MAX_SECONDS,
    min_rate_hz: int | None = None,
) -> Agreement:
    """Exports a kept model and checks the result; the folder appears when all is well, and not before.

    Files that serve the model are written beside the version, see `ser_tf.serving.deployment`.

    Args:
        model: The model.
        corpus: The corpus that it was trained on, for the check.
        output: `<folder>/<version>`.
        max_seconds: Longer recordings are refused by the model.
        min_rate_hz: Files of lower sampling rates are refused; None: those that lack a part of what it listens to.

    Returns:
        How well it agrees with the training run.

    Raises:
        UserError: the corpus is not that of the run, or the folder cannot be written.
        VerificationError: the exported model answers differently.
    """
    served = ServedModel(model, max_seconds, min_rate_hz)
    references = references_of(model, corpus, served.reads_words)
    files.require_writable(output.parent)
    partial = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    try:
        made = save(served, partial, cards.card_of(model, served, corpus), output.parent.name)
        agreement = verification.verify(partial, references, model.classes, made)
        partial.chmod(0o755)
        partial.rename(output)
        deployment.write(output.parent)
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"{output}: cannot be written ({' '.join(str(error).split())[:200]})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return agreement


def version_folder(output: Path) -> Path:
    """Checks the folder that an export shall go to: `<folder>/<name>/<version>`.

    Raises:
        SettingError: its last part is no version number, the one above is no name for a model, or it exists.
    """
    output = output.absolute()
    if not (output.name.isascii() and output.name.isdigit()):
        raise SettingError(f"--output {output}: must end with a version number, such as {output / '1'}")
    deployment.require_name(output.parent.name)
    if output.exists():
        versions = [int(child.name) for child in output.parent.iterdir() if child.name.isdigit()]
        raise SettingError(f"--output {output}: exists and is left alone; the next version is {max(versions) + 1}")
    return output


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m ser_tf.serving.export", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run with --keep-models")
    parser.add_argument("--row", required=True, metavar="KEY", help="which row")
    parser.add_argument("--fold", metavar="NAME", help="which fold's model (default: the first)")
    parser.add_argument("--seed", type=int, metavar="N", help="which seed (default: the first)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR/VERSION", help="where the SavedModel goes")
    parser.add_argument("--corpus-root", type=Path, metavar="DIR", help="the run's corpus, where it has been moved")
    parser.add_argument("--alignment", type=Path, metavar="DIR", help="word alignments, as in the run")
    parser.add_argument(
        "--glove", type=Path, metavar="FILE", help="word vectors of the run: words that training lacked get theirs"
    )
    parser.add_argument(
        "--max-seconds",
        type=float,
        default=MAX_SECONDS,
        metavar="N",
        help=f"the model refuses longer recordings (default: {MAX_SECONDS:g})",
    )
    parser.add_argument(
        "--min-rate",
        type=int,
        metavar="HZ",
        help="the model refuses files of lower rates (default: the lowest that holds what it listens to)",
    )
    flags = parser.parse_args(argv)
    lowest, highest = MIN_SAMPLE_RATE_HZ, MODEL_SAMPLE_RATE_HZ
    if flags.min_rate is not None and not lowest <= flags.min_rate <= highest:
        raise SettingError(f"--min-rate {flags.min_rate}: must be from {lowest} to {highest}")
    shortest, longest = MIN_WINDOW_SECONDS, HIGHEST_MAX_SECONDS
    if not shortest <= flags.max_seconds <= longest:
        raise SettingError(f"--max-seconds {flags.max_seconds:g}: must be from {shortest:g} to {longest:g}")
    return flags


def corpus_of(model: models.TrainedModel, root: Path | None, alignment: Path | None) -> Corpus:
    """Loads the corpus that a model was trained on.

    Raises:
        UserError: it is not where it was, or the alignments do not belong to it.
    """
    root = root or Path(model.card["corpus_root"])
    if not root.exists():
        raise SettingError(f"{root}: the run's corpus is not there; give its folder with --corpus-root DIR")
    corpus = models.corpus_of(model.card, root)
    return corpus if alignment is None else lee2020_words.with_alignments(corpus, alignment)


def with_vectors(model: models.TrainedModel, path: Path) -> models.TrainedModel:
    """The model with the words of a file of word vectors that training lacked.

    Raises:
        UserError: the model reads no words, does not start from these vectors, or the file cannot be used.
    """
    paper = papers.load(model.card["paper"])
    words = paper.served().words if paper.served else None
    if words is None:
        raise SettingError(f"--glove {path}: {paper.key} reads no words")
    return words.with_vectors(model, path)


def main(argv: list[str]) -> int:
    """Exports one row; returns the exit status."""
    flags = parse(argv)
    output = version_folder(flags.output)
    with_no_gpu()
    model = models.kept_model(papers.load, flags.run, flags.row, flags.fold, flags.seed)
    model = model if flags.glove is None else with_vectors(model, flags.glove)
    corpus = corpus_of(model, flags.corpus_root, flags.alignment)
    console = progress.console()
    try:
        with console.status("exporting, and asking the result in a fresh process"):
            agreement = export(model, corpus, output, flags.max_seconds, flags.min_rate)
    except VerificationError as error:
        print(f"error: nothing was exported: {error}", file=sys.stderr)
        return cli.FAILED
    card = model.card
    console.print(f"{card['paper']} {card['row']}, fold {card['fold']}, seed {card['seed']}: written to {output}")
    console.print(
        f"its posteriors of {agreement.recordings} test recordings, together and alone, as waveforms and as files,"
        f" are within {agreement.largest_difference:.1g} of the training run's; {len(agreement.ops)} kinds of core"
        " operations"
    )
    console.print(f"serve it: docker compose --file {output.parent / deployment.COMPOSE} up --detach")
    return cli.DONE


def with_no_gpu() -> None:
    """Keeps operations that a server without a GPU lacks out of the graph."""
    with contextlib.suppress(RuntimeError):  # too late: this process has used TensorFlow before
        tf.config.set_visible_devices([], "GPU")


if __name__ == "__main__":
    cli.run(main)
