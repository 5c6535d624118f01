"""Emotion classes: canonical names, their other spellings, and a fixed order.

The order is fixed here because it is the order of every model's outputs and of every confusion matrix.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

EMOTIONS = (
    "angry",
    "happy",
    "excited",
    "sad",
    "neutral",
    "frustrated",
    "surprise",
    "fear",
    "disgust",
    "boredom",
    "calm",
    "other",
)
"""Canonical names, in the order in which a task's classes are listed."""

ORDER: Mapping[str, int] = {name: position for position, name in enumerate(EMOTIONS)}

# Codes of corpora and English; German; French; Spanish, Italian, Portuguese; Dutch, Polish, Turkish; Russian; Chinese,
# Japanese, Korean. Only words for the class itself: irritation, anxiety and contempt stay separate classes, as do
# single letters, which differ between corpora (A is fear in EmoDB and anger in SAVEE).
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "angry": (
        "ang, angry, anger, wut, wütend, ärger, ärgerlich, verärgert, zorn, zornig, colère, en colère",
        "enojo, enojado, enfado, enfadado, ira, rabbia, arrabbiato, raiva, boos, boosheid, woede, złość, gniew, kızgın",
        "kızgınlık, öfke, гнев, злость, 生气, 愤怒, 怒り, 怒, 분노, 화남",
    ),
    "happy": (
        "hap, happy, happiness, joy, joyful, freude, freudig, fröhlich, froh, glücklich, joie, joyeux",
        "bonheur, heureux, alegría, alegre, felicidad, feliz, gioia, felice, felicità, felicidade, blij, blijdschap",
        "radość, mutlu, mutluluk, радость, счастье, 高兴, 快乐, 开心, 喜び, 喜, 기쁨, 행복",
    ),
    "excited": (
        "exc, excited, excitement, aufgeregt, aufregung, excité, excitation, emocionado, opgewonden, 兴奋, 흥분",
    ),
    "sad": (
        "sad, sadness, trauer, traurig, traurigkeit, tristesse, triste, tristeza, tristezza, verdriet, verdrietig",
        "smutek, smutny, üzgün, üzüntü, грусть, печаль, 悲伤, 难过, 伤心, 悲しみ, 哀, 슬픔",
    ),
    "neutral": (
        "neu, neutral, neutral state, neutrality, normal, neutralität, neutre, neutralité, neutro, neutra, neutrale",
        "neutraal, neutralny, nötr, нейтральный, нейтрально, 中性, 中立, 중립",
    ),
    "frustrated": (
        "fru, frustrated, frustration, frustriert, frustré, frustración, frustrado, frustrazione, 沮丧, 좌절",
    ),
    "surprise": (
        "sur, ps, surprise, surprised, pleasant surprise, überraschung, überrascht, surpris, sorpresa, sorprendido",
        "sorpreso, surpresa, verrassing, verrast, zaskoczenie, şaşkın, şaşkınlık, удивление, 惊讶, 惊奇, 驚き, 놀람",
    ),
    "fear": (
        "fea, fear, fearful, afraid, scared, angst, ängstlich, furcht, peur, miedo, temor, paura, medo, strach, korku",
        "страх, 害怕, 恐惧, 恐れ, 恐怖, 공포, 두려움",
    ),
    "disgust": (
        "dis, disgust, disgusted, ekel, angeekelt, dégoût, dégoûté, asco, disgusto, nojo, walging, wstręt, iğrenme",
        "tiksinti, отвращение, 厌恶, 嫌悪, 혐오",
    ),
    "boredom": (
        "bor, bored, boredom, langeweile, gelangweilt, ennui, ennuyé, aburrimiento, aburrido, noia, annoiato, tédio",
        "verveling, verveeld, nuda, can sıkıntısı, скука, 无聊, 退屈, 지루함",
    ),
    "calm": ("calm, calmness, ruhig, gelassen, calme, calma, tranquilo, kalm, rustig, spokój, sakin, 平静, 차분함",),
    "other": ("oth, other, others, andere, sonstige, autre, otro, altro, outro, anders, diğer, другое, 其他, その他",),
}
"""Words for each canonical name in common languages and corpora."""
UNLABELLED = ("", "-", "?", "na", "n/a", "nan", "none", "null", "xxx", "no agreement", "no majority", "unknown")
"""Entries that mean no label, or no majority among the evaluators."""

_UNDECOMPOSED = str.maketrans({"ı": "i", "ł": "l"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def in_fixed_order(classes: Sequence[str]) -> tuple[str, ...]:
    """Sorts class names by their position in `EMOTIONS`; other names follow in alphabetical order."""
    return tuple(sorted(classes, key=lambda name: (ORDER.get(name, len(ORDER)), name)))


def canonical(written: str) -> str | None:
    """Returns the class that a label means, in any language, case and accentuation.

    >>> [canonical(label) for label in ("Anger", "WUT", "colere", "neutral_state", "Cold-Anger", "xxx")]
    ['angry', 'angry', 'angry', 'neutral', 'cold anger', None]

    Args:
        written: The label as written.

    Returns:
        A name in `EMOTIONS`; for an unknown label, its own name in lower case with single spaces; None if there is no
        label (`UNLABELLED`).
    """
    name = _spaced(written)
    if name in UNLABELLED:
        return None
    return _CANONICAL.get(_plain(name), name)


def _spaced(written: str) -> str:
    """Converts to lower case, with single spaces in place of hyphens and underscores between words."""
    lowered = unicodedata.normalize("NFKC", written).casefold().strip()
    return " ".join(re.sub(r"(?<=\w)[-_]+(?=\w)|_+", " ", lowered).split())


def _plain(name: str) -> str:
    """Removes accents."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_UNDECOMPOSED))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _by_spelling() -> dict[str, str]:
    table: dict[str, str] = {}
    for emotion, lists in SPELLINGS.items():
        for word in ", ".join(lists).split(", "):
            name = _spaced(word)
            table[_plain(name)] = table[_plain(name.translate(_UMLAUTS))] = emotion
    return table


_CANONICAL = _by_spelling()
