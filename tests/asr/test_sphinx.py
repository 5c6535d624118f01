"""PocketSphinx itself, on speech that eSpeak NG makes; skipped where the extra `asr` is not installed."""

import numpy as np
import pytest
import soxr

from ser_tf.asr import extra, word_errors

needs_jiwer = pytest.mark.skipif(not extra.is_installed("jiwer"), reason=f"jiwer is not installed: {extra.INSTALL}")
needs_sphinx = pytest.mark.skipif(not extra.is_installed(), reason=f"PocketSphinx is not installed: {extra.INSTALL}")
SENTENCES = ("kids are talking by the door", "the dogs are sitting", "yes")


@pytest.fixture(scope="module")
def sphinx():
    from ser_tf.asr.sphinx import Sphinx

    return Sphinx({"xyzzy": "Z IH Z IY"})


@pytest.fixture(scope="module")
def recordings():
    """Synthetic speech by its words, as 16-bit samples, with silence around it."""
    from ser_tf.asr.sphinx import pcm_of
    from ser_tf.corpora.synthetic import espeak

    found = {}
    for text in SENTENCES:
        said = espeak.say(text, "en-us+m3", 150, 50)
        spoken = soxr.resample(said.samples / 32_768, said.sample_rate, 16_000)
        quiet = 0.001 * np.random.default_rng(0).standard_normal(4800)
        found[text] = pcm_of(np.concatenate([quiet, spoken, quiet]).astype(np.float32))
    return found


@needs_sphinx
def test_words_are_found_in_order_and_in_time(sphinx, recordings):
    for text, pcm in recordings.items():
        tokens = sphinx.align(pcm, text.split())
        words = [token for token in tokens if not token.text.startswith("<")]
        assert [token.text.partition("(")[0].lower() for token in words] == text.split()
        assert words[0].first_frame >= 15 and tokens[-1].last_frame < len(pcm) / 2 / 160
        firsts, lasts = [token.first_frame for token in tokens], [token.last_frame for token in tokens]
        assert all(last < first for last, first in zip(lasts, firsts[1:], strict=False))
        assert all(token.score < 0 for token in tokens)


@needs_sphinx
def test_an_alignment_does_not_depend_on_what_came_before(sphinx, recordings):
    forward = {text: sphinx.align(pcm, text.split()) for text, pcm in recordings.items()}
    backward = {text: sphinx.align(recordings[text], text.split()) for text in reversed(SENTENCES)}
    assert forward == backward


@needs_sphinx
def test_what_was_not_said_does_not_align(sphinx, recordings):
    assert (
        sphinx.align(recordings["yes"], "a wholly different and much longer sentence about kangaroos".split()) is None
    )


@needs_sphinx
def test_the_dictionary_can_be_extended(sphinx):
    assert sphinx.knows("kids") and sphinx.knows("xyzzy") and not sphinx.knows("plugh")


@needs_jiwer
def test_word_errors():
    pairs = [
        ("kids are talking".split(), "kids were talking now".split()),
        (["yes"], ["yes"]),
        (["no"], []),
        ([], ["x"]),
    ]
    found = word_errors.count(pairs)
    assert (found.words, found.substitutions, found.deletions, found.insertions) == (5, 1, 1, 1)
    assert found.rate == pytest.approx(3 / 5) and (found.exact, found.recordings) == (1, 3)
    assert found.text.startswith("word error rate 60.0% over 5 words (1 substituted, 1 deleted, 1 inserted); 1 of 3")
    assert word_errors.count([([], ["x"])]).rate == 0.0
