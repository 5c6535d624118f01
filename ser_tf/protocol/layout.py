"""Layout of a run's files under `--output`."""

import dataclasses
from pathlib import Path

from ser_tf import corpora
from ser_tf.corpora.base import Corpus
from ser_tf.corpora.table_fields import usable_name


def folder_of(corpus: Corpus) -> str:
    """Returns the name of a corpus's folders: its own, or `table-<stem of the file>` for the user's recordings."""
    return f"{corpora.TABLE}-{usable_name(corpus.root.stem)}" if corpus.name == corpora.TABLE else corpus.name


@dataclasses.dataclass(frozen=True)
class Layout:
    """Paths of the results of one paper on one corpus.

    Attributes:
        output: The folder given by `--output`.
        paper: The paper's key.
        corpus: The corpus's name.
        folder: What its folders are called, where that is not the name: each table of the user's own recordings has
            folders of its own (`folder_of`).
    """

    output: Path
    paper: str
    corpus: str
    folder: str = ""

    @property
    def place(self) -> str:
        """The name of the corpus's folders."""
        return self.folder or self.corpus

    @property
    def root(self) -> Path:
        """The folder shared by all tables of the paper for this corpus."""
        return self.output / self.paper / self.place

    @property
    def stages(self) -> Path:
        """The folder of first-stage artefacts."""
        return self.root / "stages"

    @property
    def features(self) -> Path:
        """The folder of feature stores, shared by all papers for this corpus."""
        return self.output / "features" / self.place

    def fold_result(self, row: str, fold: str, seed: int) -> Path:
        """Returns the result file of one row, fold and seed."""
        return self.root / "folds" / row / f"{fold}-seed{seed}.json"

    def model_of(self, fold_result: Path) -> Path:
        """Returns the path of a fold result's kept model; its card has the suffix `.json`."""
        name = fold_result.name.removesuffix(".json")
        return self.root / "models" / fold_result.parent.name / f"{name}.keras"

    def experiment(self, name: str) -> Path:
        """Returns the folder of one table, with the summary, the table files and the manifest."""
        return self.output / name / self.place
