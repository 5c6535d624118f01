"""Runs of seconds with kept models on the tiny corpus, and one of them exported; TensorFlow is loaded when needed."""

import importlib

import pytest

from ser_tf import cli, papers


class Runs:
    """Smoke runs of one fold, each row trained once in a session."""

    def __init__(self, folder, corpus):
        self._folder, self._corpus = folder, corpus
        self._ran = set()
        self._served = {}

    def table(self, name, *rows):
        """The folder of a table that has these rows."""
        main = importlib.import_module(f"experiments.{name}").main
        folder = self._folder / name / "emodb"
        wanted = {(name, row) for row in rows}
        if not wanted <= self._ran:
            self._ran |= wanted
            every = sorted(row for table, row in self._ran if table == name)
            corpus = ["--corpus", "emodb", "--corpus-root", str(self._corpus.root), "--output", str(self._folder)]
            paper = papers.load(name.partition("_")[0])
            fold = paper.folds(paper.task(paper.ledger).select(self._corpus), paper.ledger, 0)[0].name
            flags = ["--smoke", "--keep-models", "--workers", "1", "--folds", fold, "--rows", *every]
            assert cli.status_of(main, [*corpus, *flags]) == 0
        return folder

    def model(self, name, row):
        """The row's kept model, of the first fold."""
        from ser_tf.protocol import models

        return models.kept_model(papers.load, self.table(name, row), row)

    def served(self, name, row):
        """The row's model with its functions; these are traced once."""
        from ser_tf.serving.served import ServedModel

        if (name, row) not in self._served:
            self._served[name, row] = ServedModel(self.model(name, row))
        return self._served[name, row]


def ask(served, signature, inputs):
    """The outputs of a served model as NumPy arrays."""
    import tensorflow as tf

    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return {name: value.numpy() for name, value in served.answer(signature, **tensors).items()}


@pytest.fixture(scope="session")
def runs(tmp_path_factory, emodb):
    return Runs(tmp_path_factory.mktemp("served_runs"), emodb)


@pytest.fixture(scope="session")
def exported(runs, emodb, tmp_path_factory):
    """An exported model: its folder, the kept model, and how well they agree."""
    from ser_tf.serving import export

    model = runs.model("mirsamadi2017_table3", "lld_weighted_pool")
    folder = tmp_path_factory.mktemp("exported") / "lld" / "1"
    return folder, model, export.export(model, emodb, folder, max_seconds=20.0)
