"""What every corpus owes, whatever its release looks like.

The tests run over `corpora.NAMES`: a corpus that is registered and has no tree builder in `trees.py` fails them.
"""

import ast
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ser_tf import corpora, labels
from ser_tf.corpora.base import ACTED, IMPROVISED, NO_MAJORITY, SCRIPTED, Corpus, Utterance, Word, spoken_word
from ser_tf.errors import CorpusError, SettingError
from tests.corpora import trees

KEYS = (*corpora.NAMES, *(key for key in trees.BUILDERS if ":" in key))
"""All registered corpora, and other layouts that some of them are also read from."""
NAMED_BY_ANNOTATIONS = ("iemocap", "crema_d", "synthetic", "table")
"""Corpora whose annotations name every recording, so that a missing file is noticed."""


@pytest.fixture(params=KEYS)
def corpus(request, corpus_trees) -> Corpus:
    return corpora.load(name_of(request.param), corpus_trees.shared(request.param))


def name_of(key: str) -> str:
    return key.partition(":")[0]


def test_ids_are_sorted_and_unique(corpus):
    ids = [utterance.id for utterance in corpus.utterances]
    assert ids
    assert ids == sorted(set(ids))


def test_fields_have_their_types(corpus):
    for utterance in corpus.utterances:
        assert isinstance(utterance.path, Path) and utterance.path.is_file()
        assert utterance.corpus == corpus.name
        for text in (utterance.id, utterance.speaker, utterance.session):
            assert isinstance(text, str) and text
        assert utterance.gender in ("female", "male")
        assert utterance.style in (IMPROVISED, SCRIPTED, ACTED) or corpus.name == "table"
        assert utterance.duration_seconds is not None and utterance.duration_seconds > 0
        assert utterance.transcript is None or utterance.transcript.strip()
        assert isinstance(utterance.votes, tuple)


def test_labels_are_canonical(corpus):
    for utterance in corpus.utterances:
        for label in (utterance.label, *(label for vote in utterance.votes for label in vote)):
            assert label is None or labels.canonical(label) == label
            assert label in (None, *labels.EMOTIONS) or corpus.name == "table"
        assert all(isinstance(vote, tuple) for vote in utterance.votes)


def test_words_follow_one_another(corpus):
    for utterance in corpus.utterances:
        before = 0.0
        for word in utterance.words or ():
            assert isinstance(word, Word)
            assert before <= word.start_seconds < word.end_seconds
            before = word.end_seconds


def test_a_speaker_has_one_gender_and_one_session(corpus):
    facts: dict[str, set] = {}
    for utterance in corpus.utterances:
        facts.setdefault(utterance.speaker, set()).add((utterance.gender, utterance.session))
    assert all(len(each) == 1 for each in facts.values())


def test_corpus_is_described(corpus):
    assert corpus.citation and corpus.licence
    assert corpus.expected["utterances"] > 0
    # Where the release's labels are all counted, they add up.
    names = {*labels.EMOTIONS, NO_MAJORITY, *(utterance.label for utterance in corpus.utterances)}
    by_label = [corpus.expected.get(label, 0) for label in names]
    assert sum(by_label) == corpus.expected["utterances"]


def test_pickles(corpus):
    assert pickle.loads(pickle.dumps(corpus)) == corpus


def test_validates_its_own_audio(corpus):
    calls = []
    report = corpus.validate(lambda done, total: calls.append((done, total)))
    assert report.missing == report.unreadable == ()
    assert report.counts["utterances"] == len(corpus.utterances)
    assert calls[-1] == (len(corpus.utterances), len(corpus.utterances))
    assert report.complete == corpus.is_full
    corpus.check_audio()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist"),
        (b"", "empty"),
        (trees.wav_bytes()[:1000], "truncated"),
        (b"\x00" * 2000, "not an audio file"),
    ],
)
@pytest.mark.parametrize("key", KEYS)
def test_broken_audio_is_loaded_and_then_named(key, content, reason, tmp_path, corpus_trees):
    name, root = name_of(key), corpus_trees.copy(key, tmp_path)
    victim = corpora.load(name, root).utterances[0]
    if content is None:
        victim.path.unlink()
    else:
        victim.path.write_bytes(content)
    broken = corpora.load(name, root)
    found = {utterance.id: utterance for utterance in broken.utterances}.get(victim.id)
    if found is None:
        # The file's name is the annotation: without the file nothing tells of the utterance.
        assert content is None and key not in NAMED_BY_ANNOTATIONS
        return
    assert found.duration_seconds is None
    with pytest.raises(CorpusError, match=reason) as raised:
        broken.check_audio()
    message = str(raised.value)
    assert str(victim.path) in message and "\n" not in message
    assert f"python -m ser_tf.corpora.validate {name} {root}" in message
    report = broken.validate()
    assert len(report.missing) + len(report.unreadable) == 1
    assert str(victim.path) in (report.missing + report.unreadable)[0]
    assert not report.complete


def test_check_audio_counts_the_others(tmp_path):
    corpus = corpora.load("emodb", trees.emodb(tmp_path))
    for utterance in corpus.utterances[:3]:
        utterance.path.write_bytes(b"")
    with pytest.raises(CorpusError, match=r"03a01Fa\.wav: the file is empty .* \(2 more files cannot be used\)"):
        corpus.check_audio()


def test_nan_is_found_by_validation(tmp_path):
    corpus = corpora.load("emodb", trees.emodb(tmp_path))
    corpus.utterances[0].path.write_bytes(trees.nan_wav_bytes())
    assert "samples that are not finite (NaN or infinite)" in corpus.validate().unreadable[0]


def test_nan_is_found_before_a_run(tmp_path):
    corpus = corpora.load("emodb", trees.BUILDERS["emodb"](tmp_path / "corpus"))
    corpus.utterances[0].path.write_bytes(trees.nan_wav_bytes())
    with pytest.raises(CorpusError, match="NaN") as raised:
        corpus.check_audio()
    assert str(corpus.utterances[0].path) in str(raised.value)


@pytest.mark.parametrize("name", corpora.NAMES)
def test_another_folder_is_refused_in_one_line(name, tmp_path):
    (tmp_path / "something").mkdir()
    with pytest.raises(CorpusError) as raised:
        corpora.load(name, tmp_path)
    assert str(tmp_path) in str(raised.value) and "\n" not in str(raised.value)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no such folder"):
        corpora.load("emodb", tmp_path / "nothing")


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path, monkeypatch):
    root = trees.emodb(tmp_path)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(CorpusError, match=r"wav: cannot be read \(Permission denied\)"):
        corpora.load("emodb", root)


def test_an_unknown_corpus_is_refused():
    with pytest.raises(SettingError, match="'timit' does not exist; there are iemocap, casia"):
        corpora.load("timit", ".")


def test_an_id_that_comes_twice_is_refused(tmp_path):
    root = trees.casia(tmp_path)
    trees.write_wav(root / "liuchanhg/angry/201.WAV")
    with pytest.raises(CorpusError, match="liuchanhg-angry-201 comes twice"):
        corpora.load("casia", root)


def test_a_corpus_without_a_tree_builder_fails_the_contract():
    code = (
        "import sys, pytest; from ser_tf import corpora; corpora.NAMES += ('unheard_of',);"
        "sys.exit(pytest.main(['-n', '0', '-p', 'no:cacheprovider', '-k', 'unheard_of', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, __file__], capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "corpus unheard_of has no tree builder" in done.stdout and " passed" not in done.stdout


def test_every_corpus_of_the_package_is_registered():
    found = set()
    for path in Path(corpora.__file__).parent.glob("*.py"):
        functions = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
        if "load" in functions and path.stem != "__init__":
            found.add(path.stem)
    assert found == set(corpora.NAMES) - {"synthetic"}, "add the corpus to ser_tf.corpora.NAMES"


def test_tensorflow_is_not_imported():
    modules = ["ser_tf.corpora.validate", *(f"ser_tf.corpora.{name}" for name in corpora.NAMES)]
    code = f"import sys, {', '.join(modules)}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("LIKE(2)", "LIKE"), ("ME", "ME"), ("<s>", None), ("<sil>", None), ("++LAUGHTER++", None), ("DON'T", "DON'T")],
)
def test_spoken_word(text, expected):
    assert spoken_word(text) == expected


@pytest.mark.skipif("SER_TF_EMODB" not in os.environ, reason="SER_TF_EMODB does not name EmoDB's folder")
def test_real_emodb():
    corpus = corpora.load("emodb", os.environ["SER_TF_EMODB"])
    corpus.check_audio()
    report = corpus.validate()
    assert report.missing == report.unreadable == ()
    for label in ("angry", "happy", "neutral", "sad"):
        assert report.counts[label] == corpus.expected[label]
    recognition = {utterance.id: utterance.listener_recognition for utterance in corpus.utterances}
    if (corpus.root / "erkennung.txt").is_file():
        assert None not in recognition.values()
        assert (recognition["03a01Fa"], recognition["16b10Wb"], recognition["16b10Td"]) == (0.9, 1.0, 0.95)
    aligned = [utterance for utterance in corpus.utterances if utterance.words]
    assert len(aligned) > 300
    assert all(utterance.words[-1].end_seconds <= utterance.duration_seconds for utterance in aligned)


def test_utterance_is_frozen():
    with pytest.raises(AttributeError):
        Utterance("a", Path("a"), "c", "s", "1", "male", ACTED, None).label = "sad"
