from pathlib import Path

import pytest

from ser_tf.corpora import synthetic


@pytest.fixture(scope="session")
def synthetic_root(tmp_path_factory) -> Path:
    return synthetic.generate(tmp_path_factory.mktemp("synthetic") / "corpus")


@pytest.fixture(scope="session")
def synthetic_casia_root(tmp_path_factory) -> Path:
    return synthetic.generate(tmp_path_factory.mktemp("synthetic") / "corpus", layout="casia")
