"""Alignments in the SPHINX form of the IEMOCAP release, as `ser_tf.corpora.iemocap_format.parse_wdseg` reads them."""

import dataclasses
from collections.abc import Sequence

HEADER = " SFrm  EFrm    SegAScr Word"


@dataclasses.dataclass(frozen=True)
class Token:
    """A word, a silence or a noise of an alignment.

    Attributes:
        text: In IEMOCAP's spelling: `KIDS`, `ARE(2)`, `<sil>`, `++NOISE++`.
        first_frame: Where it begins; frames last 10 ms.
        last_frame: Its last frame, inclusive.
        score: Acoustic score, a logarithm to SPHINX's base.
    """

    text: str
    first_frame: int
    last_frame: int
    score: int = 0


def render(tokens: Sequence[Token]) -> str:
    """The content of a `.wdseg` file.

    >>> print(render([Token("<sil>", 0, 41, -7), Token("YES", 42, 80, -20)]), end="")
     SFrm  EFrm    SegAScr Word
        0    41         -7 <sil>
       42    80        -20 YES
     Total score: -27
    """
    rows = [f"{token.first_frame:5d} {token.last_frame:5d} {token.score:10d} {token.text}" for token in tokens]
    total = sum(token.score for token in tokens)
    return "\n".join([HEADER, *rows, f" Total score: {total}"]) + "\n"
