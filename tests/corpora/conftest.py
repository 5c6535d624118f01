import shutil
from pathlib import Path

import pytest

from tests.corpora import trees


class Trees:
    """Corpora on disk, each written once for all tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots: dict[str, Path] = {}

    def shared(self, key: str) -> Path:
        """The corpus's root; not to be written to."""
        if key not in self.roots:
            self.roots[key] = trees.build(key, self._home(key))
        return self.roots[key]

    def copy(self, key: str, folder: Path) -> Path:
        """The root of a copy in `folder`, for a test that damages it."""
        root = self.shared(key)
        shutil.copytree(self._home(key), folder / "copy")
        return folder / "copy" / root.relative_to(self._home(key))

    def _home(self, key: str) -> Path:
        return self.folder / key.replace(":", "-")


@pytest.fixture(scope="session")
def corpus_trees(tmp_path_factory) -> Trees:
    return Trees(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="session")
def synthetic_root(corpus_trees) -> Path:
    return corpus_trees.shared("synthetic")


@pytest.fixture(scope="session")
def synthetic_casia_root(corpus_trees) -> Path:
    return corpus_trees.shared("synthetic:casia")
