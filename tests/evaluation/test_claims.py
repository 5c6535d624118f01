import itertools

import numpy as np
import pytest
from scipy import stats

from ser_tf.evaluation.claims import Claim, Measurement, judge_claims
from ser_tf.evaluation.comparison import compare_rows, holm
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.statistics import Statistics
from tests.evaluation.simulated import simulated_folds

ROWS = {
    key: RowResult(key, key, None, simulated_folds(skill, seed))
    for seed, (key, skill) in enumerate({"low": 0.4, "high": 0.7, "middle": 0.62, "alike": 0.63}.items())
}
CLAIMS = (Claim("a", "high", "low"), Claim("b", "low", "high", "wa"), Claim("c", "alike", "middle", "macro_f1"))
SPEAKERS = tuple(f"S{number:02d}" for number in range(10) for _ in range(8))


def measured(mean, seed=0, spread=0.05, **changes):
    """Values of 80 utterances around a mean, compared with others around 0.3."""
    random = np.random.default_rng(seed)
    effects = np.repeat(random.normal(0, spread, 10), 8)
    settings = {
        "name": "attention on silence",
        "text": "less attention on silence than time",
        "values": mean + effects + random.normal(0, 0.02, 80),
        "speakers": SPEAKERS,
        "compared_with": 0.3 + random.normal(0, 0.02, 80),
        "direction": "less",
    }
    return Measurement(**settings | changes)


def judge(claims=(), measurements=(), settings=None, smoke=False, kind="papers"):
    return judge_claims(claims, measurements, ROWS, 4, settings or Statistics(), smoke=smoke, kind=kind)


def test_claims_are_the_comparisons_of_their_rows():
    for claim, entry in zip(CLAIMS, judge(CLAIMS), strict=True):
        found = compare_rows(ROWS[claim.better].folds, ROWS[claim.worse].folds, 4, METRICS[claim.metric])
        assert (entry["difference"], entry["p_value"], entry["p_reversed"]) == (
            found.difference, found.p_value, found.p_reversed
        )  # fmt: skip
        assert entry["ci95"] == list(found.interval)
        assert (entry["text"], entry["better"], entry["worse"]) == (claim.text, claim.better, claim.worse)
        assert (entry["speakers"], entry["trainings"], entry["kind"]) == (10, 5, "rows")


def test_claims_and_measurements_are_one_family():
    entries = judge(CLAIMS, [measured(0.2), measured(0.28, seed=1)])
    for raw, adjusted in (("p_value", "p_holm"), ("p_reversed", "p_reversed_holm")):
        assert [entry[adjusted] for entry in entries] == holm([entry[raw] for entry in entries])
    assert [entry["verdict"] for entry in entries[:4]] == ["supported", "contradicted", "not significant", "supported"]


def test_a_claim_that_only_passes_uncorrected_is_not_significant():
    claim = next(
        claim
        for seed in range(50)
        if (claim := measured(0.29, seed=seed)) and 0.02 < judge(measurements=[claim])[0]["p_value"] < 0.05
    )
    assert judge(measurements=[claim])[0]["verdict"] == "supported"
    assert judge(measurements=[claim, measured(0.29, seed=77), measured(0.3, seed=78)])[0]["verdict"] == (
        "not significant"
    )


@pytest.mark.parametrize("kind", ["part", "other"])
def test_elsewhere_a_claim_holds_or_not_only_here(kind):
    verdicts = [entry["verdict"] for entry in judge(CLAIMS, kind=kind)]
    assert verdicts == ["holds here", "reversed here", "open here"]


def test_what_did_not_run_is_not_counted():
    missing = Claim("absent", "high", "absent")
    entries = judge([missing, *CLAIMS])
    assert entries[0]["verdict"] == "not run" and entries[0]["difference"] is entries[0]["p_holm"] is None
    assert entries[0]["ci95"] == [None, None]
    assert entries[1:] == judge(CLAIMS)
    assert [entry["verdict"] for entry in judge([missing, *CLAIMS], [measured(0.2)], smoke=True)] == [
        "not run", "smoke", "smoke", "smoke", "smoke"
    ]  # fmt: skip


@pytest.mark.parametrize(("direction", "verdict"), [("less", "supported"), ("greater", "contradicted")])
def test_a_measurement_is_a_mean_over_utterances_judged_over_speakers(direction, verdict):
    claim = measured(0.2, direction=direction)
    (entry,) = judge(measurements=[claim])
    assert entry["value"] == claim.values.mean() and entry["compared_with"] == claim.compared_with.mean()
    differences = claim.values - claim.compared_with
    assert entry["difference"] == differences.mean()
    by_speaker = differences.reshape(10, 8).mean(axis=1)
    expected = stats.t.interval(0.95, 9, loc=by_speaker.mean(), scale=stats.sem(by_speaker))
    assert entry["ci95"] == pytest.approx(list(expected))
    assert (entry["verdict"], entry["kind"], entry["metric"]) == (verdict, "measurement", "attention on silence")
    assert entry["better"] is entry["worse"] is None and entry["speakers"] == 10


def test_its_test_turns_the_signs_of_speakers():
    claim = measured(0.29, seed=3, speakers=SPEAKERS[:40] + ("S04",) * 40)
    (entry,) = judge(measurements=[claim])
    differences = claim.compared_with - claim.values
    groups = [differences[np.array(claim.speakers) == f"S{number:02d}"].sum() for number in range(5)]
    signed = [np.dot(signs, groups) for signs in itertools.product([1, -1], repeat=5)]
    assert entry["p_value"] == np.mean(np.array(signed) >= signed[0] - 1e-9)
    assert entry["p_reversed"] == np.mean(np.array(signed) <= signed[0] + 1e-9)


def test_a_measurement_without_comparison_is_only_measured():
    entropy = measured(1.2, compared_with=None, direction=None, form="number")
    (entry,) = judge(measurements=[entropy])
    assert entry["value"] == entropy.values.mean() and entry["difference"] is entry["p_value"] is None
    assert entry["ci95"][0] < entry["value"] < entry["ci95"][1]
    assert (entry["verdict"], entry["form"]) == ("measured", "number")
    assert judge([CLAIMS[0]], [entropy])[0]["p_holm"] == judge([CLAIMS[0]])[0]["p_holm"]


def test_a_measurement_by_sessions_and_by_bootstrap():
    claim = measured(0.2, sessions=tuple(f"Ses{number}" for number in range(5) for _ in range(16)))
    assert judge(measurements=[claim], settings=Statistics(unit="session"))[0]["speakers"] == 5
    jackknife, bootstrap = (
        judge(measurements=[claim], settings=Statistics(interval=interval))[0]["ci95"]
        for interval in ("jackknife", "bootstrap")
    )
    assert jackknife[0] < bootstrap[0] < bootstrap[1] < jackknife[1]


def test_one_speaker_gives_no_interval():
    (entry,) = judge(measurements=[measured(0.2, speakers=("S",) * 80)])
    assert entry["ci95"] == [None, None] and entry["p_value"] == 0.5 and entry["verdict"] == "not significant"


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="metric 'f2' is none of wa, ua, macro_f1"):
        Claim("a > b", "a", "b", "f2")
    with pytest.raises(ValueError, match="with itself"):
        Claim("a > a", "a", "a")
    with pytest.raises(ValueError, match="needs a value, a comparison and a speaker"):
        measured(0.2, speakers=("S",))
    with pytest.raises(ValueError, match="not finite"):
        measured(np.nan)
    with pytest.raises(ValueError, match="claimed to be less than nothing"):
        measured(0.2, compared_with=None)
