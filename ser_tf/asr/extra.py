"""The extra `asr`: PocketSphinx, with an English model in its wheel, and jiwer. Everything else runs without it."""

import importlib.util

from ser_tf.errors import SettingError

INSTALL = 'pip install "ser_tf[asr]", or pip install pocketsphinx jiwer'


def is_installed(package: str = "pocketsphinx") -> bool:
    """Whether a package of the extra can be imported."""
    return importlib.util.find_spec(package) is not None


def require(what: str, package: str = "pocketsphinx") -> None:
    """Checks that a package of the extra is there.

    Args:
        what: What needs it, as the subject of a sentence.
        package: The package.

    Raises:
        SettingError: it is not installed; says how to install it.
    """
    if not is_installed(package):
        raise SettingError(f"{what} needs {package}, which is not installed: {INSTALL}")
