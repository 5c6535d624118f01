"""The set-up of lee2020: its classes and counts, folds, words, options, and what a table says of them."""

import dataclasses
import functools
import importlib
import json

import pytest

from ser_tf import cli, corpora
from ser_tf.corpora import iemocap
from ser_tf.corpora.base import Corpus, Utterance, Word
from ser_tf.errors import CorpusError, SettingError, UserError
from ser_tf.papers.lee2020 import paper, table1, words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.protocol import ledger as ledgers
from tests.checks import check_ledger
from tests.conftest import write_emodb

pytestmark = pytest.mark.slow  # it trains

LEDGER = Ledger()
COUNTS = {  # §4.1
    "angry": 1103,
    "excited": 1040,
    "happy": 595,
    "sad": 1084,
    "frustrated": 1849,
    "surprise": 107,
    "neutral": 1708,
}
WORDS = (Word("<s>", 0.0, 0.2), Word("YES(2)", 0.2, 0.5), Word("<sil>", 0.5, 0.7), Word("NO", 0.7, 1.0))


def utterance(number, label, tokens=WORDS, speaker=None):
    speaker = speaker or f"Ses0{number % 5 + 1}{'FM'[number % 2]}"
    return Utterance(
        f"u{number:05d}", "u.wav", "iemocap", speaker, speaker[:5], "female", "improvised", label, words=tokens,
        duration_seconds=1.0,
    )  # fmt: skip


def corpus_of(utterances, name="iemocap"):
    return Corpus(name, "root", tuple(utterances), "", "", {"utterances": len(utterances)})


@pytest.fixture(scope="module")
def full():
    """Utterances with the labels of the release, and the two without alignment."""
    labels = [label for label, number in iemocap.EXPECTED.items() if label in COUNTS for _ in range(number)]
    utterances = [utterance(number, label) for number, label in enumerate(labels)]
    place = labels.index("excited")
    utterances[place] = dataclasses.replace(utterances[place], id="Ses03M_impro03_M001", words=None)
    utterances.append(dataclasses.replace(utterance(99999, None, None), id="Ses03F_impro07_M030"))
    return corpus_of(utterances)


def test_the_papers_counts_follow_from_the_release(full):
    task = paper.task(LEDGER)
    chosen = task.select(full)
    assert len(chosen) == 7486 and task.check(full) is None
    assert {name: sum(one.label == name for one in chosen) for name in COUNTS} == COUNTS
    assert set(task.classes) == set(COUNTS)


def test_another_missing_alignment_is_an_error_that_names_both(full):
    broken = list(full.utterances)
    broken[0] = dataclasses.replace(broken[0], words=None)
    with pytest.raises(CorpusError, match="7,485 utterances of iemocap, not 7,486; without alignment: .*M001, u00000"):
        paper.task(LEDGER).check(corpus_of(broken))


def test_ten_folds_of_8_1_1_spread_every_class(full):
    chosen = paper.task(LEDGER).select(full)
    folds = paper.make_folds(chosen, LEDGER, 0)
    assert len(folds) == 10
    labels = {one.id: one.label for one in chosen}
    for fold in folds:
        assert len(fold.train) == pytest.approx(0.8 * 7486, abs=8)
        assert len(fold.validation) == pytest.approx(748.6, abs=4) and len(fold.test) == pytest.approx(748.6, abs=4)
        assert sum(labels[one] == "surprise" for one in fold.test) in (10, 11)
    assert sorted(one for fold in folds for one in fold.test) == [one.id for one in chosen]


def test_folds_by_speaker_keep_speakers_apart(full):
    chosen = paper.task(LEDGER).select(full)
    speakers = {one.id: one.speaker for one in chosen}
    for fold in paper.make_folds(chosen, dataclasses.replace(LEDGER, split="speaker"), 0):
        parts = [{speakers[one] for one in part} for part in (fold.train, fold.validation, fold.test)]
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


def test_a_class_with_fewer_utterances_than_folds_does_not_stop_the_table():
    labels = ["angry"] * 40 + ["surprise"] * 2 + ["excited"] * 9
    folds = paper.make_folds([utterance(*pair) for pair in enumerate(labels)], LEDGER, 0)
    assert len(folds) == 10 and sum(len(fold.test) for fold in folds) == 51


def test_random_folds_do_not_stratify(full):
    chosen = paper.task(LEDGER).select(full)
    folds = paper.make_folds(chosen, Ledger(split="random"), 0)
    labels = {one.id: one.label for one in chosen}
    counts = [sum(labels[one] == "surprise" for one in fold.test) for fold in folds]
    assert sum(counts) == 107 and max(counts) - min(counts) > 3
    assert len(folds) == 10 and {len(fold.test) for fold in folds} == {748, 749}


def test_every_assumption_has_a_reason_and_a_switch():
    check_ledger(LEDGER)


@pytest.mark.parametrize(
    "assignment",
    [
        "max_epochs=0",
        "vocabulary_min_count=0",
        "embedding_dims=0",
        "mfcc_mel_bands=39",
        "mfcc_high_hz=9000",
        "baseline_lstm_units=1",
        "mfcc_log_floor=0",
        "mfcc_pre_emphasis=1",
        "mfcc_lifter=-1",
    ],
)
def test_impossible_numbers_are_refused(assignment):
    with pytest.raises(SettingError, match=f"--set {assignment}: expected at"):
        ledgers.override(LEDGER, [assignment])


def test_words_are_those_that_were_spoken():
    spoken = words.words_of(utterance(0, "angry"))
    assert [word.text for word in spoken] == ["yes", "no"]
    assert spoken[0] == Word("yes", 0.0, 0.6)


def test_an_utterance_of_laughter_is_one_unknown_word_or_the_laughter():
    laughing = utterance(0, "happy", (Word("<s>", 0, 0.1), Word("++LAUGHTER++", 0.1, 1.0)))
    assert words.words_of(laughing) == (Word(words.NO_WORD, 0.0, 1.0),)
    assert words.words_of(laughing, "words") == (Word("++laughter++", 0.0, 1.0),)


def prepared(corpus, ledger=LEDGER, **paths):
    return paper.prepare(corpus, paper.task(ledger), ledger, {"alignment": None, "glove": None, **paths})


def test_what_is_left_out_and_what_is_rare_is_said():
    utterances = [utterance(number, "angry") for number in range(12)]
    utterances += [utterance(20, "sad", None), utterance(21, "sad", None), utterance(22, "sad")]
    utterances += [utterance(30, "happy", (Word("<sil>", 0, 1),))]
    notes = prepared(corpus_of(utterances)).notes
    text = "\n".join(notes)
    assert "2 of 16 utterances without a word alignment left out: u00020, u00021" in text
    assert "1 of 16 utterances with no word in their alignment: u00030" in text
    assert "no utterance of excited, neutral, frustrated, surprise" in text
    assert "some folds test none: happy (1), sad (1)" in text
    assert words.NO_GLOVE in notes


def test_emodbs_text_is_said_to_carry_no_emotion(emodb):
    assert any("syllables" in note and "no emotion" in note for note in prepared(emodb).notes)


def test_glove_vectors_reach_the_systems_and_the_record(tmp_path):
    corpus = corpus_of([utterance(number, "angry") for number in range(3)])
    (tmp_path / "vectors.txt").write_text("yes 1 2\nother 3 4\n")
    given = prepared(corpus, glove=tmp_path / "vectors.txt")
    assert given.inputs["glove"].value.words == ("yes",) and given.inputs["glove"].value.asked == ("no", "yes")
    assert words.NO_GLOVE not in given.notes
    assert prepared(corpus).inputs == {}
    (tmp_path / "vectors.txt").write_text("yes 1 3\n")
    assert prepared(corpus, glove=tmp_path / "vectors.txt").inputs["glove"].digest != given.inputs["glove"].digest


def test_the_table_says_which_share_of_the_tokens_has_a_vector(tmp_path):
    said = ["DON'T", "GO", "GO", "MM-HMM", "MM-HMM", "MM-HMM", "UH"]
    tokens = [(Word(word, 0, 0.5), Word("<sil>", 0.5, 1)) for word in said]
    corpus = corpus_of([utterance(number, "angry", each) for number, each in enumerate(tokens)])
    (tmp_path / "vectors.txt").write_text("go 1 2\ndo 3 4\nn't 5 6\n")

    def note(**changes):
        notes = prepared(corpus, Ledger(**changes), glove=tmp_path / "vectors.txt").notes
        return next(note for note in notes if note.startswith("word vectors"))

    assert note() == (
        "word vectors of vectors.txt (2-d) for 42.9% of 7 tokens and 2 of 4 words, 1 of the tokens by the parts of a"
        " contraction; most frequent without one: mm-hmm (3), uh (1)"
    )
    assert "28.6% of 7 tokens and 1 of 4 words; most frequent without one: mm-hmm (3), don't (1)" in note(
        contractions="whole"
    )


def test_a_malformed_glove_line_is_named(tmp_path):
    (tmp_path / "vectors.txt").write_text("yes 1 2\nno 1\n")
    with pytest.raises(UserError, match="vectors.txt:2: "):
        prepared(corpus_of([utterance(0, "angry")]), glove=tmp_path / "vectors.txt")


def test_alignments_from_elsewhere_take_the_place_of_the_corpus_own(tmp_path):
    corpus = corpus_of([utterance(number, "angry") for number in range(3)])
    (tmp_path / "a.ctm").write_text("u00001 1 0.1 0.4 well\n")
    result = prepared(corpus, alignment=tmp_path)
    assert "alignments of the user's files in" in "\n".join(result.notes)
    assert [one.words for one in result.corpus.utterances] == [None, (Word("well", 0.1, 0.5),), None]
    assert "2 of 3 utterances without a word alignment left out: u00000, u00002" in result.notes


def test_alignments_of_another_corpus_are_refused(tmp_path):
    (tmp_path / "a.ctm").write_text("nobody 1 0.1 0.4 well\n")
    with pytest.raises(CorpusError, match="none of its 1 alignments .such as nobody. belongs to an utterance"):
        prepared(corpus_of([utterance(0, "angry")]), alignment=tmp_path)


def test_without_alignments_the_user_is_told_how_to_give_them(tmp_path, capsys):
    """Labels are there; it must not say that they are missing."""
    root = write_emodb(tmp_path / "emodb", ("03", "08"))
    for path in (root / "labsilb").iterdir():
        path.unlink()
    main = importlib.import_module("experiments.lee2020_table2").main
    argv = ["--corpus", "emodb", "--corpus-root", str(root), "--output", str(tmp_path / "out"), "--smoke"]
    assert cli.status_of(main, argv) == cli.BAD_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "no word times for any of its" in error and "--alignment DIR" in error


def test_published_values_and_shared_rows():
    tables = {table.number: [row for row in table.rows if row.origin == "paper"] for table in paper.PAPER.tables}
    assert [len(tables[number]) for number in (1, 2, 3, 4)] == [3, 5, 2, 5]
    cans = [next(row for row in tables[number] if row.key == "can") for number in (2, 3, 4)]
    assert cans[0].published == {"wa": 0.579, "wa_std": 0.019, "ua": 0.487, "ua_std": 0.017}
    assert all(row.fit is cans[0].fit for row in cans)
    assert sum(system.origin == "paper" for system in paper.PAPER.systems.values()) == 10
    assert "without the original's vector of prosodic features" in paper.PAPER.systems["yoon2019"].note


def test_claims_are_those_of_the_paper():
    claims = {table.number: [(claim.better, claim.worse) for claim in table.claims] for table in paper.PAPER.tables}
    assert claims[2] == [("can", key) for key in ("text", "audio", "yoon2019", "xu2019")]
    assert claims[3] == [("can", "can_equal")]
    ablations = ["no_stop_gradient", "no_align_loss", "no_stop_gradient_no_align_loss"]
    assert claims[4] == [
        *(("can", key) for key in (*ablations, "no_cross_attention")),
        *((key, "no_cross_attention") for key in ablations),  # "decreases even more compared to the other variants"
    ]


def run_can(emodb_root, output):
    """A smoke run of one row with word vectors."""
    (output / "vectors.txt").write_text("der 0.1 0.2 0.3\nlap 0.3 0.2 0.1\n")
    main = importlib.import_module("experiments.lee2020_table3").main
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output)]
    argv += ["--rows", "can", "--folds", "fold01", "--workers", "1", "--keep-models"]
    assert cli.status_of(main, [*argv, "--glove", str(output / "vectors.txt")]) == 0
    return output


@pytest.fixture(scope="module")
def ran(emodb_root, tmp_path_factory):
    """The output folder of a smoke run."""
    return run_can(emodb_root, tmp_path_factory.mktemp("runs"))


def test_the_same_seed_gives_the_same_bits(ran, emodb_root, tmp_path):
    again = run_can(emodb_root, tmp_path)
    results = [
        json.loads((output / "lee2020" / "emodb" / "folds" / "can" / "fold01-seed0.json").read_text())
        for output in (ran, again)
    ]
    assert results[0]["utterances"] == results[1]["utterances"]
    assert results[0]["record"] == results[1]["record"]
    assert results[0]["record"]["inputs"]["glove"]


def test_can_runs_on_emodb_and_its_table_says_what_the_words_are(ran):
    summary = json.loads((ran / "lee2020_table3" / "emodb" / "summary.json").read_text())
    assert "syllables of ten fixed sentences" in summary["corpus_note"]
    assert "vectors.txt (3-d) for 100.0% of 166 tokens and 2 of 2 words" in summary["corpus_note"]
    assert summary["rows"][0]["status"] == "run"


def test_vocabulary_and_normaliser_are_fitted_only_on_the_training_set(ran):
    (path,) = (ran / "lee2020" / "emodb" / "folds" / "can").glob("fold01-seed0.json")
    uses = json.loads(path.read_text())["uses"]
    assert uses.keys() == {"normaliser", "predict", "selection", "train", "vocabulary"}
    assert uses["vocabulary"]["sha256"] == uses["train"]["sha256"] == uses["normaliser"]["sha256"]
    assert uses["vocabulary"]["in_test_part"] == 0


def test_figure_of_both_attentions(ran, capsys):
    from matplotlib import image

    draw = paper.PAPER.figure("attention").draw
    run = ran / "lee2020_table3" / "emodb"
    result = json.loads((ran / "lee2020" / "emodb" / "folds" / "can" / "fold01-seed0.json").read_text())
    test_id = result["utterances"][0]["id"]
    assert cli.status_of(functools.partial(draw, "figure"), ["--run", str(run), "--utterances", test_id]) == 0
    assert min(image.imread(run / "attention.png").shape[:2]) > 300
    for argv, problem in ((["--row", "text"], "not a cross attention"), (["--utterances", "x"], "not tested")):
        assert cli.status_of(functools.partial(draw, "figure"), ["--run", str(run), *argv]) == cli.BAD_INPUT
        assert problem in capsys.readouterr().err


def test_table1_prints_an_alignment(emodb_root, tmp_path, capsys):
    main = importlib.import_module("experiments.lee2020_table1").main
    assert table1.lines_of(WORDS)[:2] == [(0, 19, "<s>"), (20, 49, "yes(2)")]
    one = corpora.load("emodb", emodb_root).utterances[0].id
    argv = ["--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(tmp_path)]
    assert cli.status_of(main, [*argv, "--utterance", one]) == 0
    assert "der" in capsys.readouterr().out
    folder = tmp_path / "lee2020_table1" / "emodb"
    assert (folder / "table.csv").read_text().startswith("key,label,start,end,word,verdict,")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["corpus_note"].startswith(f"utterance {one}; words are the syllables")
    example, written, spoken = (row["words"] for row in summary["rows"])
    assert [one["word"] for one in example] == ["<s>", "i", "like", "<sil>", "apple", "</s>"]  # Table 1
    assert [one["word"] for one in written] == [one["word"] for one in spoken] == ["der", "lap"]
    assert example[-1] == {"start": 144, "end": 177, "word": "</s>"} and written[0]["start"] == 0
    assert cli.status_of(main, [*argv, "--utterance", "nobody"]) == cli.BAD_INPUT
    assert "nobody: not in emodb" in capsys.readouterr().err
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.ctm").write_text(f"{one} 1 0.1 0.4 well\n")
    assert cli.status_of(main, [*argv, "--alignment", str(tmp_path / "own")]) == 0
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["rows"][1]["words"] == [{"start": 10, "end": 49, "word": "well"}]
    assert "alignments of the user's files in own" in summary["corpus_note"]
