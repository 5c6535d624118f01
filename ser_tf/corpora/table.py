"""The user's own labelled recordings: one row of a CSV, TSV or Parquet file for each of them.

The table needs columns for the file, the speaker and the emotion; `ser_tf.corpora.table_columns` lists their common
names and those of all others that are read. Recordings lie beside the table or below `audio_root`, and only there: an
absolute path is accepted when it leads into that folder, and `..` may not lead out of it. Start and end cut utterances
out of longer recordings. Votes are written as `angry;angry|sad;neutral`, or there is one row for each annotator. Labels
in common languages get canonical names (`ser_tf.labels`), others stay classes of the user's own.

A table without sessions gets groups of speakers in their place: pairs of one male and one female speaker where genders
are given and the numbers allow it, and at most ten groups. What is not understood is an error that names row and
column.
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_tf import labels
from ser_tf.corpora import table_columns, table_files
from ser_tf.corpora.base import Corpus, Utterance, count, duration_or_none, part_seconds, sorted_by_id
from ser_tf.corpora.delimited import Delimited
from ser_tf.corpora.plain_text import shown
from ser_tf.corpora.table_audio import AudioFolder
from ser_tf.corpora.table_fields import GENDERS, STYLES, Fields, majority, usable_name
from ser_tf.corpora.table_speakers import gender_of_speakers, session_of_speakers
from ser_tf.errors import CorpusError

NAME = "table"
CITATION = "the user's own recordings; they stand for themselves, and no publication's numbers apply to them"
LICENCE = "the user's own"
MAX_CLASSES = 100
END_TOLERANCE_SECONDS = 0.05
"""By how much a part may end after its recording; it then ends with it."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row, or the rows of all annotators of one recording; see `Utterance`.

    Attributes:
        place: File and line, for messages.
        written: The file as the table has it.
        utterance: The utterance. Its id may be empty; session, gender and duration are not final.
        annotator: Who gave the label, in a table with one row for each annotator.
    """

    place: str
    written: str
    utterance: Utterance
    annotator: str

    @property
    def part(self) -> tuple[Path, float, float | None]:
        """What of which file is meant; the same for two rows only if they mean the same recording."""
        return self.utterance.path, self.utterance.start_seconds, self.utterance.end_seconds


def load(root: Path | str, audio_root: Path | str | None = None, columns: Mapping[str, str] | None = None) -> Corpus:
    """Loads a table of recordings.

    Args:
        root: The table.
        audio_root: The folder that its paths are relative to; None for the table's own.
        columns: The table's name of a column by a common name of it (`{"speaker": "spk"}`), where it has none of the
            common names; an empty name leaves a column unread.

    Raises:
        SettingError: `columns` has an unknown name.
        CorpusError: the table cannot be read, lacks a column, or has a row that is not understood; names row and
            column.
    """
    root = Path(root)
    folder = AudioFolder(root.parent if audio_root is None else Path(audio_root), search_below=audio_root is not None)
    if not folder.root.is_dir():
        raise CorpusError(f"{folder.root}: no such folder; --audio-root takes the one that holds the recordings")
    mapping = {table_columns.field_of(ours): theirs for ours, theirs in (columns or {}).items()}
    content = table_files.read(root, mapping)
    found = table_columns.resolve(content.header, content.place, mapping)
    entries = _entries(content, found, folder)
    if not any(entry.utterance.path.is_file() for entry in entries):
        where = f"none of its {len(entries):,} recordings is there, such as {entries[0].utterance.path}"
        raise CorpusError(f"{root}: {where}; give their folder with --audio-root DIR")
    utterances, session_note = _completed(entries)
    return Corpus(
        name=NAME,
        root=root,
        utterances=sorted_by_id(utterances),
        citation=CITATION,
        licence=LICENCE,
        expected=count(utterances),
        notes=(*_notes(content.header, found, utterances), *session_note),
        audio_root=None if audio_root is None else Path(audio_root),
        columns=mapping,
    )


def _entries(content: Delimited, found: Mapping[str, str], folder: AudioFolder) -> list[Entry]:
    """All recordings of a table, each once.

    Raises:
        CorpusError: there is none, one comes twice, or a row is not understood.
    """
    entries = [_entry(Fields(row, found), folder) for row in content.rows]
    if not entries:
        raise CorpusError(f"{content.place}: the table has a header and no rows")
    if "annotator" in found:
        entries = _joined(entries)
    _refuse_twice(entries)
    if len(classes := {entry.utterance.label for entry in entries} - {None}) > MAX_CLASSES:
        column = shown(found.get("label", found.get("votes", "")))
        raise CorpusError(
            f"{content.place}: column {column} has {len(classes):,} different labels; is it the right one?"
        )
    return entries


def _entry(fields: Fields, folder: AudioFolder) -> Entry:
    written = fields.text("file")
    if not written:
        raise fields.fail("file", "is empty")
    try:
        path = folder.find(written)
    except ValueError as error:
        raise fields.fail("file", str(error)) from None
    votes: tuple[tuple[str, ...], ...]
    if fields.has("annotator"):
        label, votes = None, (fields.vote("label", fields.text("label")),)
    else:
        votes = fields.votes()
        label = fields.label() if fields.has("label") else majority(votes)
    start_seconds, end_seconds = fields.part()
    utterance = Utterance(
        id=fields.name("id"),
        path=path,
        corpus=NAME,
        speaker=fields.required_name("speaker"),
        session=fields.required_name("session") if fields.has("session") else "",
        gender=fields.one_of("gender", GENDERS),
        style=fields.one_of("style", STYLES),
        label=label,
        votes=votes,
        transcript=fields.text("transcript") or None,
        sentence=fields.text("sentence") or None,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        split=fields.split(),
    )
    return Entry(fields.place, written, utterance, fields.text("annotator"))


def _joined(entries: Sequence[Entry]) -> list[Entry]:
    """One entry for each recording, whose votes are those of all its annotators and whose label is their majority.

    Raises:
        CorpusError: rows of one recording disagree about anything else, or an annotator judges it twice.
    """
    joined: dict[tuple[Path, float, float | None], list[Entry]] = {}
    for entry in entries:
        rows = joined.setdefault(entry.part, [])
        if rows and dataclasses.replace(entry.utterance, votes=()) != dataclasses.replace(rows[0].utterance, votes=()):
            raise CorpusError(f"{entry.place}: differs from {rows[0].place} in more than the annotator and the label")
        if entry.annotator in {row.annotator for row in rows}:
            raise CorpusError(f"{entry.place}: annotator {shown(entry.annotator)} judges {shown(entry.written)} twice")
        rows.append(entry)
    whole = []
    for first, *others in joined.values():
        votes = tuple(row.utterance.votes[0] for row in (first, *others))
        utterance = dataclasses.replace(first.utterance, label=majority(votes), votes=votes)
        whole.append(dataclasses.replace(first, utterance=utterance))
    return whole


def _refuse_twice(entries: Sequence[Entry]) -> None:
    """Raises CorpusError for a recording, or a part of one, or an id that comes twice."""
    parts: dict[tuple[Path, float, float | None], Entry] = {}
    ids: dict[str, Entry] = {}
    for entry in entries:
        first = parts.setdefault(entry.part, entry)
        if first is not entry:
            advice = "give start and end for parts, or a column annotator for several opinions"
            raise CorpusError(f"{entry.place}: {shown(entry.written)} comes twice, first in {first.place}; {advice}")
        if entry.utterance.id:
            first = ids.setdefault(entry.utterance.id, entry)
            if first is not entry:
                raise CorpusError(f"{entry.place}: id {shown(entry.utterance.id)} comes twice, first in {first.place}")


def _completed(entries: Sequence[Entry]) -> tuple[list[Utterance], tuple[str, ...]]:
    """The utterances with ids, genders, sessions and durations, and a note on what takes the place of sessions."""
    speakers = [(entry.place, entry.utterance) for entry in entries]
    genders = gender_of_speakers(speakers)
    sessions, note = session_of_speakers(speakers, genders)
    lengths = {path: duration_or_none(path) for path in {entry.utterance.path for entry in entries}}
    utterances = []
    for entry, utterance_id in zip(entries, _ids(entries), strict=True):
        utterance, file_seconds = entry.utterance, lengths[entry.utterance.path]
        end_seconds = utterance.end_seconds
        if file_seconds is not None and end_seconds is not None and end_seconds > file_seconds:
            # Tables round times, so a part may seem to end a little after its recording.
            end_seconds = end_seconds if end_seconds > file_seconds + END_TOLERANCE_SECONDS else None
        part = dataclasses.replace(
            utterance,
            id=utterance_id,
            gender=genders[utterance.speaker],
            session=sessions[utterance.speaker],
            end_seconds=end_seconds,
        )
        utterances.append(dataclasses.replace(part, duration_seconds=part_seconds(part, file_seconds)))
    return utterances, note


def _ids(entries: Sequence[Entry]) -> list[str]:
    """The ids of the table, and where it has none names made from the files.

    A name is that of the file without its suffix, with its folders when files of different folders share names, and
    with start and end when several parts of the file are used.
    """
    paths = {entry.utterance.path for entry in entries}
    with_folders = len({path.stem for path in paths}) < len(paths)
    top = os.path.commonpath([path.parent for path in paths])
    parts = Counter(entry.utterance.path for entry in entries)
    ids = []
    for entry in entries:
        utterance = entry.utterance
        name = utterance.path.with_suffix("").relative_to(top).as_posix() if with_folders else utterance.path.stem
        if parts[utterance.path] > 1:
            end = "" if utterance.end_seconds is None else f"{utterance.end_seconds:g}"
            name = f"{name}_{utterance.start_seconds:g}-{end}"
        ids.append(utterance.id or usable_name(name))
    return ids


def _notes(header: Sequence[str], found: Mapping[str, str], utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """What was read as what, and what is missing or unusual."""
    read = ", ".join(f"{column} as {field}" for field, column in found.items())
    unread = [column for column in header if column and column not in found.values()]
    notes = [f"columns read: {read}" + (f"; not read: {shown(', '.join(unread))}" if unread else "")]
    classes = {utterance.label for utterance in utterances} - {None}
    if own := sorted(str(name) for name in classes - set(labels.EMOTIONS)):
        notes.append(f"classes of the table's own: {', '.join(own)}")
    if unlabelled := sum(utterance.label is None for utterance in utterances):
        notes.append(f"{unlabelled:,} of {len(utterances):,} recordings have no label")
    return tuple(notes)
