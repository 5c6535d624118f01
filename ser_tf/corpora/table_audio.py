"""Where the recordings lie that a user's table names: below one folder, with or without their suffix."""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from ser_tf.corpora.base import is_hidden
from ser_tf.corpora.plain_text import shown

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".caf", ".w64", ".sph")
"""Suffixes of recordings that are completed where a table leaves them out."""
_MAX_NAME_BYTES = 255


class AudioFolder:
    """A folder of recordings; nothing outside of it is ever opened.

    Attributes:
        root: The folder.
    """

    def __init__(self, root: Path, search_below: bool) -> None:
        """Sets up a folder; nothing is read yet.

        Args:
            root: The folder.
            search_below: Also look for a bare name in all folders below.
        """
        self.root = root
        self._search_below = search_below
        self._listings: dict[Path, dict[str, list[Path]]] = {}
        self._below: dict[str, list[Path]] | None = None

    def find(self, written: str) -> Path:
        """The recording that a table means.

        Args:
            written: A path relative to the folder, or an absolute one that lies in it, with or without the suffix; with
                `search_below` also the bare name of a recording anywhere below.

        Returns:
            The recording, or where it should be if it is missing.

        Raises:
            ValueError: not a path, outside of the folder, or several recordings have that name; says which.
        """
        place = self._inside(written)
        if place.is_file():
            return place
        found = _matching(place.name, self._listing(place.parent))
        if not found and self._search_below and place.parent == self.root:
            found = _matching(place.name, self._all_below())
        if len(found) > 1:
            raise ValueError(
                f"{shown(written)} may be {found[0]} or {found[1]}; write the suffix or the folder with it"
            )
        return found[0] if found else place

    def _inside(self, written: str) -> Path:
        if "\\" in written and "/" not in written:
            written = written.replace("\\", "/")
        parts = written.split("/")
        if re.search(r"[\x00-\x1f\x7f]", written) or any(len(os.fsencode(part)) > _MAX_NAME_BYTES for part in parts):
            raise ValueError(f"{shown(written)} is not the path of a file")
        is_absolute = Path(written).is_absolute() or bool(PureWindowsPath(written).drive)
        path = Path(os.path.normpath(written if is_absolute else self.root / written))
        roots = (self.root, self.root.absolute(), self.root.resolve())
        inside = any(path.is_relative_to(os.path.normpath(root)) and path != root for root in roots)
        if not inside:
            where = "the folder of the recordings; --audio-root DIR names another one"
            raise ValueError(f"{shown(written)} lies outside of {self.root}, {where}")
        return path

    def _listing(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._listings:
            self._listings[folder] = _by_stem(folder.iterdir()) if folder.is_dir() else {}
        return self._listings[folder]

    def _all_below(self) -> dict[str, list[Path]]:
        if self._below is None:
            self._below = _by_stem(self.root.rglob("*"))
        return self._below


def _by_stem(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Recordings by their name without suffix."""
    found: dict[str, list[Path]] = {}
    for path in sorted(paths):
        if path.suffix.lower() in SUFFIXES and not is_hidden(path):
            found.setdefault(path.stem, []).append(path)
    return found


def _matching(name: str, recordings: dict[str, list[Path]]) -> list[Path]:
    """Recordings of a name without suffix, or with a suffix in other letters (`.WAV`)."""
    if name in recordings:
        return recordings[name]
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - of a name, which is no path yet
    return [path for path in recordings.get(stem, []) if path.suffix.lower() == suffix.lower()]
