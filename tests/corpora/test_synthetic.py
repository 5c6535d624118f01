import functools
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ser_tf import cli, corpora
from ser_tf.corpora import iemocap, synthetic
from ser_tf.corpora.base import spoken_word
from ser_tf.corpora.iemocap_format import CODES
from ser_tf.corpora.synthetic import __main__ as command
from ser_tf.corpora.synthetic import espeak, generation, votes
from ser_tf.corpora.synthetic.casia_layout import plan_casia, stretch
from ser_tf.corpora.synthetic.mandarin import NUM_SENTENCES, sentence
from ser_tf.corpora.synthetic.plan import plan_iemocap
from ser_tf.corpora.task import Task
from ser_tf.corpora.wav_header import read_wav_header
from ser_tf.errors import CorpusError, SettingError

FOUR = ("angry", "happy", "sad", "neutral")


@pytest.fixture(scope="module")
def corpus(synthetic_root):
    return corpora.load("synthetic", synthetic_root)


@pytest.fixture(scope="module")
def full():
    return plan_iemocap("full", seed=0)


def hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("layout", generation.LAYOUTS)
def test_the_same_seed_gives_the_same_bytes(layout, tmp_path, request):
    once = request.getfixturevalue("synthetic_root" if layout == "iemocap" else "synthetic_casia_root")
    espeak.say("other words before", "en-us+m2", 150, 40)
    again = synthetic.generate(tmp_path / "again", layout)
    assert hashes(again) == hashes(once)


def test_another_seed_gives_another_corpus(synthetic_root, tmp_path):
    other = synthetic.generate(tmp_path / "other", seed=1)
    mine, others = hashes(synthetic_root), hashes(other)
    wavs = [name for name in mine if name.endswith(".wav")]
    assert set(wavs) == {name for name in others if name.endswith(".wav")}
    assert sum(mine[name] == others[name] for name in wavs) == 0


def test_small_scale_is_balanced(corpus):
    counts = Counter((utterance.speaker, utterance.label) for utterance in corpus.utterances)
    assert len({utterance.speaker for utterance in corpus.utterances}) == 10
    assert all(counts[speaker, label] == 4 for speaker in {key for key, _ in counts} for label in FOUR)
    assert {None, "excited", "frustrated", "surprise"} <= {label for _, label in counts}
    durations = [utterance.duration_seconds for utterance in corpus.utterances]
    assert 2.0 < np.mean(durations) < 3.2


def test_audio_is_16_khz_16_bit_mono_speech(corpus):
    for utterance in corpus.utterances[::20]:
        header = read_wav_header(utterance.path)
        assert (header.sample_rate, header.bits, header.channels) == (16000, 16, 1)
        samples = np.fromfile(utterance.path, "<i2", offset=header.data_offset)
        assert 0.01 < np.std(samples / 32768) < 0.3


def test_iemocap_parser_reads_the_tree_itself(synthetic_root, corpus):
    plain = iemocap.load(synthetic_root)
    assert [utterance.id for utterance in plain.utterances] == [utterance.id for utterance in corpus.utterances]
    assert plain.stray == plain.absent == ()
    for utterance in corpus.utterances:
        assert utterance.label == votes.majority(utterance.votes)
        assert len(utterance.votes) == 3
        spoken = [word.text for word in utterance.words if spoken_word(word.text)]
        assert [spoken_word(text) for text in spoken] == utterance.transcript.rstrip(".").upper().split()
        assert utterance.words[-1].end_seconds <= utterance.duration_seconds + 0.005
    assert any("(2)" in word.text for utterance in corpus.utterances for word in utterance.words)


def test_scripted_sentences_repeat_across_speakers_and_improvised_ones_do_not(corpus):
    speakers: dict[tuple[str, str], set[str]] = {}
    for utterance in corpus.utterances:
        speakers.setdefault((utterance.style, utterance.transcript), set()).add(utterance.speaker)
    scripted = [len(each) for (style, _), each in speakers.items() if style == "scripted"]
    improvised = [len(each) for (style, _), each in speakers.items() if style == "improvised"]
    assert np.mean(np.array(scripted) > 1) > 0.8
    assert np.mean(np.array(improvised) > 1) < 0.1


@pytest.mark.parametrize("fixture", ["synthetic_root", "synthetic_casia_root"])
def test_salience_lies_inside_the_utterance_and_is_short(fixture, request):
    corpus = corpora.load("synthetic", request.getfixturevalue(fixture))
    salience = synthetic.read_salience(corpus.root)
    assert set(salience) == {utterance.id for utterance in corpus.utterances}
    shares = []
    for utterance in corpus.utterances:
        if utterance.label == "neutral":
            assert salience[utterance.id] == ()
            continue
        ((start, end),) = salience[utterance.id]
        assert 0 <= start < end <= utterance.duration_seconds
        shares.append((end - start) / utterance.duration_seconds)
    assert np.mean(np.array(shares) < 0.4) > 0.8


def test_emotion_is_acted_inside_the_salient_seconds_alone(corpus):
    """Angry is louder and sad is softer than the rest of the same utterance; neutral has no such place."""
    salience = synthetic.read_salience(corpus.root)
    differences = {"angry": [], "sad": []}
    for utterance in corpus.utterances:
        if utterance.label not in differences:
            continue
        header = read_wav_header(utterance.path)
        samples = np.fromfile(utterance.path, "<i2", offset=header.data_offset) / 32768
        ((start, end),) = salience[utterance.id]
        words = [word for word in utterance.words if spoken_word(word.text)]
        times = np.arange(len(samples)) / 16000
        spoken = (times >= words[0].start_seconds) & (times < words[-1].end_seconds)
        inside = (times >= start) & (times < end)
        if (spoken & ~inside).sum() > 1600:
            power = [np.mean(samples[mask] ** 2) for mask in (inside, spoken & ~inside)]
            differences[utterance.label].append(10 * np.log10(power[0] / power[1]))
    assert np.median(differences["angry"]) > 4
    assert np.median(differences["sad"]) < -3


def test_words_are_where_the_sound_is():
    spoken = espeak.say("one <prosody rate='60%'>two</prosody> three", "en-us+f1", 180, 50)
    plain = espeak.say("one <prosody rate='100%'>two</prosody> three", "en-us+f1", 180, 50)
    assert [position for position, _ in spoken.word_starts] == [0, 24, 38]
    slow, normal = (np.diff([sample for _, sample in each.word_starts]) for each in (spoken, plain))
    assert slow[1] > 1.3 * normal[1]
    assert slow[0] < 1.2 * normal[0]


def test_full_scale_has_the_releases_counts(full):
    assert len(full) == len({turn.id for turn in full}) == 10039
    counts = Counter({"utterances": len(full)})
    styles = {"impro": "improvised", "script": "scripted"}
    for turn in full:
        counts.update((turn.session, styles[turn.style], CODES[turn.code] or "no majority"))
    assert dict(counts) == iemocap.EXPECTED
    classes = [turn for turn in full if turn.code in ("neu", "hap", "sad", "ang", "exc")]
    assert Counter(turn.session for turn in classes) == {
        "Ses01": 1085,
        "Ses02": 1023,
        "Ses03": 1151,
        "Ses04": 1031,
        "Ses05": 1241,
    }
    improvised = Counter(turn.code for turn in classes if turn.style == "impro")
    assert improvised == {"neu": 1099, "hap": 284, "sad": 608, "ang": 289, "exc": 663}


def test_full_scale_has_the_two_utterances_without_alignment(full):
    codes = {turn.id: turn.code for turn in full}
    assert codes["Ses03M_impro03_M001"] == "exc"
    assert codes["Ses03F_impro07_M030"] == "xxx"


@pytest.mark.parametrize("seed", [0, 1])
def test_votes_agree_with_the_majority_and_with_the_published_shares(seed):
    """Table 1 of Ando et al. 2019, to a tenth of a percent."""
    plan = plan_iemocap("full", seed)
    assert all(votes.majority(turn.judged.outside) == CODES[turn.code] for turn in plan)
    improvised = [turn for turn in plan if turn.style == "impro"]
    dominant = [turn for turn in improvised if CODES[turn.code] in FOUR]
    published = {"neutral": 0.582, "happy": 0.154, "sad": 0.305, "angry": 0.159}
    assert votes.existence([turn.judged.outside for turn in dominant]) == pytest.approx(published, abs=0.0006)
    published = {"neutral": 0.452, "happy": 0.240, "sad": 0.198, "angry": 0.178}
    assert votes.existence([turn.judged.outside for turn in improvised]) == pytest.approx(published, abs=0.0006)
    assert any(len(vote) > 1 for turn in plan for vote in turn.judged.outside)


def test_full_plan_is_a_function_of_the_seed(full):
    assert plan_iemocap("full", 0) == full
    assert plan_iemocap("full", 1) != full


def test_full_plan_lasts_about_twelve_hours(full):
    # 200 utterances at small scale say how long a word lasts.
    small = plan_iemocap("small", 0)
    assert 12 < sum(len(turn.line.words) for turn in full) / len(small) / 10.5 * 0.157 < 15


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([["sad"], ["sad"], ["angry"]], "sad"),
        ([["sad"], ["angry"], ["happy"]], None),
        ([["sad", "angry"], ["sad"], ["angry"]], None),
        ([["sad"]], None),
        ([], None),
    ],
)
def test_majority(given, expected):
    assert votes.majority(given) == expected


def test_description_records_what_was_drawn(synthetic_root, corpus):
    description = json.loads((synthetic_root / "corpus.json").read_text())
    assert (description["layout"], description["scale"], description["seed"]) == ("iemocap", "small", 0)
    improvised = [utterance for utterance in corpus.utterances if utterance.style == "improvised"]
    assert description["existence_improvised"]["all"] == votes.existence([each.votes for each in improvised])
    assert description["confusion"]["angry"]["angry"] >= 80
    assert corpus.is_full and corpus.expected == description["counts"]
    assert Task("t", FOUR).check(corpus) is None


def test_casia_layout_full_scale_plan():
    plan = plan_casia("full", 0)
    assert sum(len(group.numbers) for group in plan) == 7200
    assert len(plan) == 24 and all(group.folder.startswith("相同文本300/") for group in plan)
    assert len({sentence(number) for number in range(1, NUM_SENTENCES + 1)}) == 300
    assert stretch(7, 9, seed=0) == stretch(7, 9, seed=0)


def test_generating_again_is_nothing_to_do(synthetic_root):
    before = (synthetic_root / "corpus.json").stat().st_mtime_ns
    assert synthetic.generate(synthetic_root) == synthetic_root
    assert (synthetic_root / "corpus.json").stat().st_mtime_ns == before
    with pytest.raises(SettingError, match=r"other settings, seed 0 \(not 3\)"):
        synthetic.generate(synthetic_root, seed=3)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(SettingError, match="not a generated corpus"):
        synthetic.generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("settings", [{"layout": "timit"}, {"scale": "huge"}, {"seed": -1}])
def test_wrong_settings_are_refused(settings, tmp_path):
    with pytest.raises(SettingError):
        synthetic.generate(tmp_path / "corpus", **settings)
    assert not (tmp_path / "corpus").exists()


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def interrupt(done: int, total: int) -> None:
        assert done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthetic.generate(tmp_path / "corpus", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_processes_write_the_same_as_one_process(tmp_path):
    turns = plan_iemocap("small", 0)
    results = []
    for parallel in (False, True):
        root = tmp_path / f"parallel-{parallel}"
        tasks = [
            functools.partial(generation.write_dialog, root, [turn for turn in turns if turn.dialog == dialog], 0)
            for dialog in ("Ses01F_impro01", "Ses04M_script01_1")
        ]
        salience = {}
        for part in generation._run(tasks, parallel):
            salience |= part
        results.append((salience, hashes(root)))
    assert results[0] == results[1]
    assert len(results[0][0]) == 20


def test_a_worker_that_is_killed_is_one_line(tmp_path):
    with pytest.raises(CorpusError, match="was killed"):
        list(generation._run([functools.partial(os._exit, 1)], parallel=True))


def test_what_a_killed_run_left_is_removed(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    abandoned = tmp_path / f".corpus.partial-{generation.socket.gethostname()}-{done.pid}"
    in_use = tmp_path / f".corpus.partial-{generation.socket.gethostname()}-{os.getppid()}"
    for folder in (abandoned, in_use):
        folder.mkdir()
    generation._remove_abandoned(tmp_path / "corpus")
    assert [path.name for path in tmp_path.iterdir()] == [in_use.name]


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="cannot be (written|read)"):
        synthetic.generate(tmp_path / "file" / "corpus")


def test_broken_descriptions_are_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"it has no corpus\.json"):
        corpora.load("synthetic", tmp_path)
    for content in ("{", "[]", '{"layout": "timit", "counts": {}}'):
        (tmp_path / "corpus.json").write_text(content)
        with pytest.raises(CorpusError, match=r"corpus\.json: "):
            corpora.load("synthetic", tmp_path)
    with pytest.raises(CorpusError, match=r"salience\.json"):
        synthetic.read_salience(tmp_path)


def test_command(synthetic_root, tmp_path, capsys):
    assert cli.status_of(command.main, ["--output", str(synthetic_root)]) == 0
    assert "already there" in capsys.readouterr().out
    assert cli.status_of(command.main, ["--output", str(synthetic_root), "--scale", "full"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert cli.status_of(command.main, ["--output", str(tmp_path / "c"), "--layout", "casia"]) == 0
    assert "192 utterances written" in capsys.readouterr().out
