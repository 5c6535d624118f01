"""`corpus.json` of a generated corpus: its settings, and the counts that its validation expects."""

import json
from pathlib import Path
from typing import TypedDict

from ser_tf.errors import CorpusError

DESCRIPTION = "corpus.json"
LAYOUTS = ("iemocap", "casia")


class Description(TypedDict, total=False):
    """Content of `corpus.json`; `existence_improvised` and `confusion` describe the votes of IEMOCAP's layout."""

    generator_version: int
    layout: str
    scale: str
    seed: int
    espeak_ng: str
    counts: dict[str, int]
    existence_improvised: dict[str, dict[str, float]]
    confusion: dict[str, dict[str, int]]


def read_description(root: Path | str) -> Description:
    """Reads the `corpus.json` of a generated corpus.

    Raises:
        CorpusError: it is not there or is not what the generator writes.
    """
    path = Path(root) / DESCRIPTION
    try:
        description = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CorpusError(f"{root}: not a generated corpus, it has no {DESCRIPTION}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}); generate the corpus anew") from None
    if not isinstance(description, dict) or description.get("layout") not in LAYOUTS:
        raise CorpusError(f"{path}: does not name a layout; generate the corpus anew")
    counts = description.get("counts")
    if not isinstance(counts, dict) or not all(type(number) is int and number >= 0 for number in counts.values()):
        raise CorpusError(f"{path}: does not give counts; generate the corpus anew")
    if not counts.get("utterances"):
        raise CorpusError(f"{path}: does not give the number of utterances; generate the corpus anew")
    found: Description = description  # type: ignore[assignment]  # other keys are only shown
    return found
