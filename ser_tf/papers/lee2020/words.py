"""Words of lee2020's utterances: alignments and word vectors from the user's files, and a table's notes on them."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_tf.asr.transcripts import words_in
from ser_tf.corpora.base import Corpus, Utterance, Word
from ser_tf.corpora.task import Task
from ser_tf.errors import CorpusError
from ser_tf.papers.lee2020 import glove, recognised
from ser_tf.papers.lee2020.alignment import FORMATS, read_alignments, spoken_words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.protocol.paper import Material, Option
from ser_tf.protocol.record import UserInput

NO_WORD = "<no word>"
"""Stands for a whole utterance whose alignment has only special tokens (laughter, breath)."""
OPTIONS = (
    Option("alignment", "DIR", f"word alignments ({FORMATS}; ser-tf align makes them), in place of the corpus's own"),
    Option(
        "recognised", "DIR", "alignments of recognised words (ser-tf align --recognise), which can_asr is tested on"
    ),
    Option("glove", "FILE", "word vectors in GloVe's text format, plain or gzip (default: the embedding is random)"),
)
NO_GLOVE = "the word embedding started at random, not from GloVe as in §3.1.1 (no --glove)"
REMARKS = {
    "emodb": "words are the syllables of ten fixed sentences, whose text carries no emotion",
}
_NAMED = 3
_NAMED_MISSES = 5


def words_of(utterance: Utterance, fillers: str = "special") -> tuple[Word, ...]:
    """Returns the words that the networks see, at least one, with contiguous times (§4.2).

    Args:
        utterance: An utterance with an alignment.
        fillers: Whether laughter and the like are `special` tokens or `words`.

    Raises:
        ValueError: the utterance has no alignment; the task leaves such utterances out.
    """
    if utterance.words is None:
        raise ValueError(f"{utterance.id} has no alignment")
    words = spoken_words(utterance.words, utterance.duration_seconds, fillers)
    return words or (Word(NO_WORD, 0.0, utterance.duration_seconds or 0.0),)


def with_alignments(corpus: Corpus, folder: Path) -> Corpus:
    """Replaces a corpus's alignments by those of a folder; an utterance without a file has none.

    Raises:
        CorpusError: a file is malformed, or no file belongs to an utterance of the corpus.
    """
    alignments = read_alignments(folder)
    if not any(utterance.id in alignments for utterance in corpus.utterances):
        raise CorpusError(
            f"{folder}: none of its {len(alignments)} alignments (such as {min(alignments)}) belongs to an utterance of"
            f" {corpus.name} (such as {corpus.utterances[0].id})"
        )
    aligned = (dataclasses.replace(utterance, words=alignments.get(utterance.id)) for utterance in corpus.utterances)
    return dataclasses.replace(corpus, utterances=tuple(aligned))


def alignment_note(folder: Path) -> str:
    """Returns a table's note on `with_alignments`."""
    return f"alignments of the user's files in {folder.name}"


def prepare(corpus: Corpus, task: Task, ledger: Ledger, paths: Mapping[str, Path | None], num_folds: int) -> Material:
    """Reads the files named by the options; see `ser_tf.protocol.paper.Paper`.

    Args:
        corpus: The corpus with its own alignments.
        task: The task, which leaves out utterances without an alignment.
        ledger: The assumptions.
        paths: `alignment`, `recognised` and `glove`, each None if not given.
        num_folds: Folds of the cross-validation.

    Raises:
        UserError: a file cannot be read or is malformed. The message names it.
    """
    folder, vectors_file = paths.get("alignment"), paths.get("glove")
    if folder:
        corpus = with_alignments(corpus, folder)
    chosen = task.select(corpus)
    texts = {utterance.id: words_of(utterance, ledger.fillers) for utterance in chosen}
    notes = [*_remarks(corpus, task, texts, num_folds)]
    if folder:
        notes.append(alignment_note(folder))
    inputs = {}
    if heard_folder := paths.get("recognised"):
        inputs[recognised.INPUT] = recognised.read(heard_folder, chosen)
        notes.append(recognised.note(inputs[recognised.INPUT].value, chosen))
    if not vectors_file:
        return Material(corpus, inputs, (*notes, NO_GLOVE))
    tokens = Counter(word.text for words in texts.values() for word in words if word.text != NO_WORD)
    vectors = glove.read(vectors_file, tokens)
    notes.append(f"word vectors of {vectors_file.name} {_coverage(vectors, tokens, ledger.contractions)}")
    inputs["glove"] = UserInput(vectors, vectors.digest())
    return Material(corpus, inputs, tuple(notes))


def sentences_note(task: Task, utterances: Sequence[Utterance]) -> str:
    """Says when text tells nothing of the emotion: every sentence is read in every class that occurs; else "".

    Args:
        task: Its classes.
        utterances: With transcripts; without one the words of the alignment are the sentence.
    """
    classes_of: dict[str, set[str]] = {}
    for utterance in utterances:
        said = utterance.transcript or " ".join(word.text for word in words_of(utterance))
        sentence = " ".join(words_in(said).words)
        classes_of.setdefault(sentence, set()).add(task.label_of(utterance))
    present = set().union(*classes_of.values())
    if len(present) < 2 or any(classes != present for classes in classes_of.values()):
        return ""
    number = len(classes_of)
    sentences = "the only sentence is" if number == 1 else f"each of the {number} sentences is"
    return (
        f"text carries no information: {sentences} read in each of the {len(present)} emotions, and a model of text can"
        " do no better than chance"
    )


def _coverage(vectors: glove.WordVectors, tokens: Mapping[str, int], contractions: str) -> str:
    """Describes the share of tokens that have a vector, and the most frequent ones without."""
    found = glove.vectors_of(vectors, contractions)
    number, covered = sum(tokens.values()), sum(tokens[word] for word in found)
    by_parts = sum(count for word, count in tokens.items() if word in found and word not in vectors.words)
    text = (
        f"({vectors.matrix.shape[1]}-d) for {100 * covered / max(number, 1):.1f}% of {number:,} tokens and"
        f" {len(found):,} of {len(tokens):,} words"
    )
    if by_parts:
        text += f", {by_parts:,} of the tokens by the parts of a contraction"
    misses = sorted((word for word in tokens if word not in found), key=lambda word: (-tokens[word], word))
    if misses:
        shown = ", ".join(f"{word} ({tokens[word]:,})" for word in misses[:_NAMED_MISSES])
        text += f"; most frequent without one: {shown}"
    return text


def _remarks(corpus: Corpus, task: Task, texts: Mapping[str, Sequence[Word]], num_folds: int) -> list[str]:
    """Lists how the corpus differs from the paper's: left out, without words, classes that are rare or absent."""
    remark = REMARKS.get(corpus.name) or sentences_note(task, task.select(corpus))
    notes = [remark] if remark else []
    everything = dataclasses.replace(task, needs_alignment=False).select(corpus)
    left_out = [utterance.id for utterance in everything if utterance.id not in texts]
    wordless = [utterance_id for utterance_id, words in texts.items() if words[0].text == NO_WORD]
    for ids, what in ((left_out, "without a word alignment left out"), (wordless, "with no word in their alignment")):
        if ids:
            notes.append(f"{len(ids)} of {len(everything):,} utterances {what}: {_some(ids)}")
    counts = Counter(task.label_of(utterance) for utterance in everything if utterance.id in texts)
    if absent := [name for name in task.classes if not counts[name]]:
        notes.append(f"no utterance of {', '.join(absent)}")
    if rare := [f"{name} ({counts[name]})" for name in task.classes if 0 < counts[name] < num_folds]:
        notes.append(f"fewer utterances than folds, so that some folds test none: {', '.join(rare)}")
    return notes


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(sorted(ids)[:_NAMED]) + more
