"""Which column of a user's table holds what: common names of columns, and names that the user gives instead."""

import re
from collections.abc import Iterable, Mapping, Sequence

from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError, SettingError

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "file": (
        *("path", "file", "filename", "file_name", "filepath", "file_path", "audio", "audio_path", "audio_file"),
        *("audio_filepath", "wav", "wav_path", "wav_file", "recording", "file_id"),
    ),
    "id": ("id", "utterance_id", "utt_id", "utterance", "segment_id", "clip_id"),
    "speaker": ("speaker", "speaker_id", "spk", "spk_id", "actor", "actor_id", "subject", "participant", "client_id"),
    "label": ("emotion", "label", "emotion_label", "emotion_class", "emo", "primary_emotion"),
    "gender": ("gender", "sex", "speaker_gender", "geschlecht"),
    "session": ("session", "session_id"),
    "style": ("style", "speaking_style", "speech_style"),
    "transcript": ("transcript", "text", "transcription", "raw_text", "normalized_text"),
    "sentence": ("sentence", "sentence_id", "prompt_id", "statement", "text_id"),
    "split": ("split", "partition", "subset", "split_set"),
    "start": ("start", "start_time", "start_seconds", "start_sec", "begin", "onset"),
    "end": ("end", "end_time", "end_seconds", "end_sec", "stop"),
    "votes": ("votes", "annotations"),
    "annotator": ("annotator", "annotator_id", "rater", "rater_id", "evaluator", "worker", "worker_id"),
}
"""What a column holds -> its common names, the first one that the table has being taken."""
REQUIRED = ("file", "speaker", "label")


def normalised(name: str) -> str:
    """A column's name in lower case with underscores: `Speaker ID` is `speaker_id`."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in (*names, field)}


def parse_mapping(items: Iterable[str]) -> dict[str, str]:
    """Takes `speaker=spk` and `label=emo`, as a command line has them, apart.

    Args:
        items: `OURS=THEIRS` each; ours is any common name of the column. An empty `THEIRS` leaves the column unread.

    Returns:
        The user's columns by the keys of `COLUMNS`.

    Raises:
        SettingError: an item of another form, an unknown name of ours, or one that comes twice.
    """
    mapping: dict[str, str] = {}
    for item in items:
        ours, separator, theirs = item.partition("=")
        if not separator:
            raise SettingError(f"--columns {shown(item)}: expected OURS=THEIRS, such as speaker=spk")
        field = field_of(ours)
        if field in mapping:
            raise SettingError(f"--columns {shown(item)}: {field} comes twice")
        mapping[field] = theirs.strip()
    return mapping


def field_of(ours: str) -> str:
    """The key of `COLUMNS` for one of its common names.

    Raises:
        SettingError: the name is unknown.
    """
    field = _FIELD_OF.get(normalised(ours))
    if field is None:
        raise SettingError(f"--columns {shown(ours)}: no such column; there are {', '.join(COLUMNS)}")
    return field


def recognised(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """The columns of a header that are understood, by the keys of `COLUMNS`.

    Args:
        header: Names of the columns.
        mapping: The user's own names, as from `parse_mapping`.
    """
    by_name: dict[str, str] = {}
    for column in header:
        by_name.setdefault(normalised(column), column)
    taken = {normalised(theirs) for theirs in mapping.values()}
    found: dict[str, str] = {}
    for field, names in COLUMNS.items():
        if field in mapping:
            candidates: tuple[str, ...] = (normalised(mapping[field]),) if mapping[field] else ()
        else:
            candidates = tuple(name for name in names if name not in taken)
        for name in candidates:
            if name in by_name:
                found[field] = by_name[name]
                break
    return found


def resolve(header: Sequence[str], place: str, mapping: Mapping[str, str]) -> dict[str, str]:
    """The columns of a table, by the keys of `COLUMNS`.

    Args:
        header: Names of the columns.
        place: File and line of the header, for messages.
        mapping: The user's own names, as from `parse_mapping`.

    Raises:
        CorpusError: a column that the user names is not there, or one of `REQUIRED` is missing; a table with votes
            needs no label.
    """
    found = recognised(header, mapping)
    there = f"its columns are {shown(', '.join(header))}"
    for field, theirs in mapping.items():
        if theirs and field not in found:
            raise CorpusError(f"{place}: has no column {shown(theirs)} for the {field}; {there}")
    for field in REQUIRED:
        if field not in found and not (field == "label" and "votes" in found and "annotator" not in found):
            names = ", ".join(COLUMNS[field][:4])
            raise CorpusError(
                f"{place}: has no column for the {field} ({names}, ...); {there}; name it with --columns {field}=NAME"
            )
    return found
