"""When each word of an English corpus is spoken: alignments for the systems that read words.

    ser-tf align --corpus ravdess --corpus-root DIR --output alignments
    ser-tf align --corpus ravdess --corpus-root DIR --output recognised --recognise
    ser-tf table lee2020 2 --corpus ravdess --corpus-root DIR --alignment alignments

PocketSphinx (the extra `asr`) aligns the transcripts with the recordings, or recognises the words itself with
`--recognise`, which is slower and makes errors; where the corpus has transcripts their rate is told. Each recording
gets a file `<id>.wdseg` in IEMOCAP's form. Recordings with words that the dictionary lacks, that do not align, or in
which no word is recognised, are counted and kept apart in `problems.csv`. A run that was stopped goes on.

Exit status: 0 done, 1 some recordings have no alignment (the others have), 2 bad usage or nothing aligned.
"""

import argparse
import contextlib
import hashlib
import importlib.metadata
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from ser_tf import cli, corpora
from ser_tf.asr import extra, pronunciations, word_errors, work
from ser_tf.asr.folder import PROBLEMS_FILE, Folder
from ser_tf.asr.transcripts import words_in
from ser_tf.asr.work import Done
from ser_tf.corpora import table_columns
from ser_tf.corpora.base import Corpus, Utterance, spoken_word
from ser_tf.errors import CorpusError, SettingError
from ser_tf.labels import in_fixed_order
from ser_tf.protocol import progress

OTHER_LANGUAGES = {"casia": "Chinese", "emodb": "German"}
"""Corpora that an English model does not understand."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="ser-tf align", description=__doc__)
    add = parser.add_argument
    add("--corpus", required=True, choices=corpora.NAMES, help="which corpus")
    add("--corpus-root", required=True, type=Path, metavar="DIR", help="its folder; for table the file")
    add("--audio-root", type=Path, metavar="DIR", help="for table: the folder of its recordings (default: the file's)")
    add("--columns", nargs="+", default=[], metavar="OURS=THEIRS", help="for table: names of its columns")
    add("--output", required=True, type=Path, metavar="DIR", help="folder for the alignments")
    add("--recognise", action="store_true", help="recognise the words; transcripts are only compared with them")
    add("--dictionary", type=Path, metavar="FILE", help="pronunciations of more words, in CMU's form: WORD PH ON EM")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: one a core)")
    flags = parser.parse_args(argv)
    if flags.workers < 1:
        raise SettingError(f"--workers {flags.workers}: at least one is needed")
    if flags.corpus in OTHER_LANGUAGES:
        language = OTHER_LANGUAGES[flags.corpus]
        raise SettingError(f"--corpus {flags.corpus}: is {language}, and the model of ser-tf align knows only English")
    return flags


def load(flags: argparse.Namespace) -> Corpus:
    """Loads the corpus that the flags name.

    Raises:
        UserError: it cannot be read, or there is no transcript to align.
    """
    columns = table_columns.parse_mapping(flags.columns)
    corpus = corpora.load(flags.corpus, flags.corpus_root, flags.audio_root, columns)
    if not flags.recognise and not any(utterance.transcript for utterance in corpus.utterances):
        raise CorpusError(f"{corpus.root}: {corpus.name} has no transcript; --recognise finds the words without")
    return corpus


def _made(flags: argparse.Namespace) -> dict[str, str]:
    """Returns the settings that determine the alignments."""
    own = hashlib.sha256(flags.dictionary.read_bytes()).hexdigest() if flags.dictionary else "none"
    return {
        "corpus": flags.corpus,
        "words": "recognised" if flags.recognise else "of the transcripts",
        "pocketsphinx": importlib.metadata.version("pocketsphinx"),
        "--dictionary": own,
    }


def align(
    folder: Folder, waiting: Sequence[Utterance], flags: argparse.Namespace, own: Mapping[str, str], output: Console
) -> list[Done]:
    """Aligns or recognises what has no alignment yet; returns what has a problem.

    Raises:
        KeyboardInterrupt: the user stops it; says how far it came.
    """
    problems: list[Done] = []
    number = 0
    try:
        with (
            progress.bar(output, "recordings", len(waiting)) as report,
            contextlib.closing(work.run(waiting, flags.recognise, own, min(flags.workers, len(waiting)))) as results,
        ):
            for number, done in enumerate(results, 1):
                folder.add(done)
                if done.problem:
                    problems.append(done)
                report(number, len(waiting))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{number} of {len(waiting)} recordings are done and kept in {folder.path}; the same command goes on"
        ) from None
    return problems


def heard_words(folder: Folder, utterance: Utterance) -> tuple[str, ...]:
    """The words of an alignment in lower case, without silences and noises."""
    plain = (spoken_word(token.text) for token in folder.words(utterance.id))
    return tuple(word.lower() for word in plain if word)


def recognition(folder: Folder, utterances: Sequence[Utterance]) -> list[str]:
    """Lines on the errors of recognised words, over all and by emotion; none without transcripts or without jiwer."""
    judged = [each for each in utterances if each.transcript and folder.has(each.id)]
    if not judged:
        return []
    if not extra.is_installed("jiwer"):
        return [f"the word error rate needs jiwer: {extra.INSTALL}"]

    def errors(chosen: Sequence[Utterance]) -> word_errors.WordErrors:
        pairs = [(words_in(each.transcript or "").words, heard_words(folder, each)) for each in chosen]
        return word_errors.count(pairs)

    lines = [errors(judged).text]
    emotions = in_fixed_order(list({each.label for each in judged if each.label}))
    by_emotion = [(name, errors([each for each in judged if each.label == name])) for name in emotions]
    if len(by_emotion) > 1:
        lines.append("by emotion: " + ", ".join(f"{name} {100 * found.rate:.1f}%" for name, found in by_emotion))
    return lines


def _told(
    folder: Folder, utterances: Sequence[Utterance], problems: Sequence[Done], recognise: bool, output: Console
) -> int:
    """Prints what there is and what has a problem; returns the number of alignments."""
    aligned = sum(folder.has(each.id) for each in utterances)
    verb = "recognised" if recognise else "aligned"
    output.print(f"{aligned:,} of {len(utterances):,} recordings {verb} in {folder.path}", markup=False)
    for problem, number in Counter(done.problem for done in problems).most_common():
        first = next(done for done in problems if done.problem == problem)
        detail = f", such as {first.id}" + (f": {first.detail}" if first.detail else "")
        output.print(f"{number:,} {problem}{detail}", markup=False)
    if problems:
        output.print(f"all of these are listed in {folder.path / PROBLEMS_FILE}", markup=False)
    unknown = Counter(
        word for done in problems if done.problem == work.NOT_IN_DICTIONARY for word in done.detail.split()
    )
    if unknown:
        words = ", ".join(f"{word} ({number})" for word, number in unknown.most_common(5))
        output.print(f"most frequent unknown words: {words}; --dictionary FILE gives pronunciations", markup=False)
    return aligned


def main(argv: list[str]) -> int:
    """Aligns a corpus; returns the exit status."""
    flags = parse(argv)
    extra.require("ser-tf align")
    output = progress.console()
    own = pronunciations.read(flags.dictionary) if flags.dictionary else {}
    corpus = load(flags)
    folder = Folder(flags.output)
    folder.begin(_made(flags))
    waiting = [each for each in corpus.utterances if not folder.has(each.id)]
    kept = [each for each in corpus.utterances if folder.has(each.id)]
    if kept:
        output.print(f"{len(kept):,} of {len(corpus.utterances):,} alignments are there already", markup=False)
    started = time.perf_counter()
    problems = align(folder, waiting, flags, own, output) if waiting else []
    seconds = time.perf_counter() - started
    if flags.recognise:
        problems += [Done(each.id, None, work.NOTHING_RECOGNISED) for each in kept if not heard_words(folder, each)]
    folder.write_problems(problems)
    aligned = _told(folder, corpus.utterances, problems, flags.recognise, output)
    if waiting:
        spoken = sum(each.duration_seconds or 0.0 for each in waiting)
        speed = f"{spoken / 60:.1f} minutes of speech in {seconds:.0f} s, {spoken / seconds:.1f} times real time"
        output.print(speed, markup=False)
    for line in recognition(folder, corpus.utterances) if flags.recognise else []:
        output.print(line, markup=False)
    if not aligned:
        return cli.BAD_INPUT
    return cli.FAILED if aligned < len(corpus.utterances) else cli.DONE


if __name__ == "__main__":
    cli.run(main)
