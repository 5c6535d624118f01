"""The user's own pronunciations: a dictionary in CMU's form, `WORD PH ON EM` a line, for words that the model lacks."""

from pathlib import Path

from ser_tf.corpora import plain_text
from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError

PHONES = frozenset(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()
)


def read(path: Path) -> dict[str, str]:
    """Reads a dictionary.

    Stress marks (`AH0`) are dropped; empty lines and lines that begin with `;;;` or `#` are passed over.

    Returns:
        Phones, separated by spaces, by word in lower case.

    Raises:
        CorpusError: a line of another form, or a phone that is not CMU's; names the file and the line.
    """
    found: dict[str, str] = {}
    for number, line in plain_text.numbered_lines(plain_text.read(path)):
        if not line.strip() or line.startswith((";;;", "#")):
            continue
        word, *phones = line.split()
        phones = [phone.upper().rstrip("012") for phone in phones]
        if not phones:
            raise CorpusError(f"{path}:{number}: not a word and its phones: {shown(line)}")
        if unknown := [phone for phone in phones if phone not in PHONES]:
            raise CorpusError(
                f"{path}:{number}: {shown(unknown[0])} is none of CMU's phones ({' '.join(sorted(PHONES))})"
            )
        found[word.lower()] = " ".join(phones)
    return found
