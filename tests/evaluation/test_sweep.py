import csv
import io
import json

import numpy as np
import pytest
from matplotlib import image
from matplotlib.colors import to_rgb
from rich.console import Console
from scipy import stats

from ser_tf.evaluation import sweep_forms, sweep_plot
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.predictions import FoldPredictions, Predictions
from ser_tf.evaluation.reproduction import seed_values
from ser_tf.evaluation.statistics import Statistics, difference_interval, interval
from ser_tf.evaluation.sweep import SweptAssumption, SweptRow, Variant, build_sweep
from ser_tf.evaluation.units import count_by_unit
from tests.evaluation.simulated import CLASSES, simulated_folds


def folds_of(skill, seed, seeds=(0, 1, 2), **settings):
    return simulated_folds(skill, seed, seeds=seeds, per_speaker=60, **settings)


DEFAULT = folds_of(0.7, 1)
WORSE, CLOSE = folds_of(0.4, 2), folds_of(0.71, 3)
C = SweptAssumption("svm_c", "1", (Variant("0.1", WORSE), Variant("10", CLOSE)))
GAMMA = SweptAssumption("svm_gamma", "scale", (Variant("auto", (), "failed: out of memory"),))
ROW = SweptRow("svm_full", "SVM, Full | all", DEFAULT, (GAMMA, C))


def sweep_of(*rows, **changes):
    settings = {"experiment": "mirsamadi2017_table2", "corpus": "emodb", "smoke": False, "classes": CLASSES}
    return build_sweep(**settings | changes, rows=rows or (ROW,))


def values_of(sweep, name, row=0):
    """The values of one assumption."""
    return next(swept["values"] for swept in sweep["rows"][row]["assumptions"] if swept["name"] == name)


@pytest.mark.parametrize("settings", [Statistics(), Statistics(unit="session"), Statistics(interval="bootstrap")])
def test_every_value_is_compared_with_the_default_over_speakers(settings):
    sweep = sweep_of(settings=settings)
    default = count_by_unit(DEFAULT, 4, settings.unit)
    for value, folds in zip(values_of(sweep, "svm_c"), (WORSE, CLOSE), strict=True):
        counts = count_by_unit(folds, 4, settings.unit)
        for key, metric in METRICS.items():
            effect = value["effects"][key]
            assert effect["pooled"] == float(metric.compute(counts.total))
            assert effect["difference"] == effect["pooled"] - float(metric.compute(default.total))
            assert effect["ci95"] == list(interval(metric, counts, settings))
            assert effect["difference_ci95"] == list(difference_interval(metric, counts, default, settings))
    shown = sweep["rows"][0]["default"]["ua"]
    assert shown["pooled"] == float(METRICS["ua"].compute(default.total))
    assert sweep["statistics"]["unit"] == settings.unit
    assert json.loads(json.dumps(sweep, allow_nan=False)) == sweep


def test_a_difference_is_held_against_what_another_seed_explains():
    worse, close = values_of(sweep_of(), "svm_c")
    values = list(seed_values(DEFAULT, 4, METRICS["ua"]).values())
    limit = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) * np.sqrt(2 / 3)
    assert worse["effects"]["ua"]["seed_limit"] == pytest.approx(limit)
    assert worse["effects"]["ua"]["beyond_seeds"] is True
    assert close["effects"]["ua"]["beyond_seeds"] is False


def test_that_limit_is_passed_in_5_of_100_cases_by_seeds_alone():
    random = np.random.default_rng(0)
    default, value = random.normal(0, 1, (2, 20_000, 4))
    limit = stats.t.ppf(0.975, 3) * default.std(1, ddof=1) * np.sqrt(2 / 4)
    assert np.mean(np.abs(value.mean(1) - default.mean(1)) > limit) == pytest.approx(0.05, abs=0.005)


def test_few_seeds_tell_nothing_unless_the_row_was_run_with_more():
    single = [fold for fold in DEFAULT if fold.seed == 0]
    value = SweptAssumption("svm_c", "1", (Variant("0.1", WORSE),))
    alone = SweptRow("svm", "SVM", tuple(single), (value,))
    effect = values_of(sweep_of(alone), "svm_c")[0]["effects"]["ua"]
    assert effect["seed_limit"] is effect["beyond_seeds"] is None
    known = SweptRow("svm", "SVM", tuple(single), (value,), seed_folds=DEFAULT)
    effect = values_of(sweep_of(known), "svm_c")[0]["effects"]["ua"]
    values = list(seed_values(DEFAULT, 4, METRICS["ua"]).values())
    assert effect["seed_limit"] == pytest.approx(stats.t.ppf(0.975, 2) * np.std(values, ddof=1) * np.sqrt(2))
    assert effect["beyond_seeds"] is True


def test_only_shared_seeds_are_compared():
    second = folds_of(0.4, 2, seeds=(1, 2, 3))
    row = SweptRow("svm", "SVM", DEFAULT, (SweptAssumption("svm_c", "1", (Variant("0.1", second),)),))
    value = values_of(sweep_of(row), "svm_c")[0]
    assert value["seeds"] == [1, 2]
    ours, default = (count_by_unit([fold for fold in folds if fold.seed in (1, 2)], 4) for folds in (second, DEFAULT))
    expected = METRICS["ua"].compute(ours.total) - METRICS["ua"].compute(default.total)
    assert value["effects"]["ua"]["difference"] == float(expected)
    with pytest.raises(ValueError, match="row svm, svm_c=0.1: no seed in common"):
        sweep_of(SweptRow("svm", "SVM", DEFAULT[:1], (SweptAssumption("svm_c", "1", (Variant("0.1", second),)),)))


def test_other_utterances_of_the_same_speakers_are_compared_and_marked():
    more = simulated_folds(0.7, 4, seeds=(0, 1, 2), per_speaker=80)
    row = SweptRow("svm", "SVM", DEFAULT, (SweptAssumption("excited", "false", (Variant("true", more),)), C))
    sweep = sweep_of(row)
    value = values_of(sweep, "excited")[0]
    assert value["same_utterances"] is False and value["effects"]["ua"]["difference_ci95"][0] is not None
    assert values_of(sweep, "svm_c")[0]["same_utterances"] is True
    text = sweep_forms.to_markdown(sweep)
    assert r"| excited = true \* |" in text and "tests other utterances than the default" in text
    assert "other utterances" not in sweep_forms.to_markdown(sweep_of())


def test_a_value_that_failed_is_shown_without_numbers():
    (value,) = values_of(sweep_of(), "svm_gamma")
    assert value["effects"] == {} and value["seeds"] == [] and value["same_utterances"] is None
    text = sweep_forms.to_markdown(sweep_of())
    assert "| svm_gamma = auto | – | – |" in text and "svm_gamma = auto: failed: out of memory" in text


def test_sessions_fall_back_to_speakers():
    first = DEFAULT[0].predictions
    old = FoldPredictions("Ses01", 0, Predictions(first.ids, first.speakers, first.truth, first.posteriors))
    sweep = sweep_of(SweptRow("svm", "SVM", (old, *DEFAULT[3:]), (C,)), settings=Statistics(unit="session"))
    assert sweep["statistics"]["unit"] == "speaker"


def test_markdown_has_value_wa_ua_difference_and_seeds():
    sweep = sweep_of(unread={"window": ["svm_full", "svm_mean"]})
    text = sweep_forms.to_markdown(sweep)
    effect = values_of(sweep, "svm_c")[0]["effects"]["ua"]
    line = next(line for line in text.splitlines() if line.startswith("| svm_c = 0.1 |"))
    low, high = effect["difference_ci95"]
    assert f"| {100 * effect['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}] |" in line
    assert f"| {100 * effect['pooled']:.1f} [" in line and line.endswith("| WA UA Macro-F1 |")
    assert next(line for line in text.splitlines() if line.startswith("| svm_c = 10 |")).endswith("| no |")
    assert r"## SVM, Full \| all" in text and "Default: svm_gamma = scale, svm_c = 1." in text
    assert "window is not read by svm_full, svm_mean: nothing was trained for it." in text


def test_csv_gives_back_the_numbers():
    sweep = sweep_of()
    lines = list(csv.DictReader(io.StringIO(sweep_forms.to_csv(sweep))))
    assert [(line["assumption"], line["value"], line["is_default"]) for line in lines] == [
        ("svm_gamma", "scale", "true"), ("svm_gamma", "auto", "false"),
        ("svm_c", "1", "true"), ("svm_c", "0.1", "false"), ("svm_c", "10", "false"),
    ]  # fmt: skip
    effect = values_of(sweep, "svm_c")[0]["effects"]["macro_f1"]
    assert lines[3]["macro_f1_difference"] == f"{100 * effect['difference']:.2f}"
    assert lines[3]["macro_f1_difference_low"] == f"{100 * effect['difference_ci95'][0]:.2f}"
    assert (lines[3]["ua_beyond_seeds"], lines[4]["ua_beyond_seeds"], lines[1]["ua_beyond_seeds"]) == (
        "true", "false", ""
    )  # fmt: skip
    assert lines[2]["ua_pooled"] == f"{100 * sweep['rows'][0]['default']['ua']['pooled']:.2f}"
    assert lines[1]["note"] == "failed: out of memory"


def test_the_terminal_fits_80_columns():
    console = Console(width=80, file=io.StringIO(), color_system=None)
    console.print(sweep_forms.to_rich(sweep_of()))
    text = console.file.getvalue()
    effect = values_of(sweep_of(), "svm_c")[1]["effects"]["wa"]
    assert f"{100 * effect['difference']:+.1f}" in text and "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def test_a_smoke_sweep_says_so():
    assert "**Smoke run" in sweep_forms.to_markdown(sweep_of(smoke=True))
    assert "Smoke run" not in sweep_forms.to_markdown(sweep_of())


def test_the_largest_effects_stand_above():
    none = SweptAssumption("seedless", "1", (Variant("2", CLOSE),))
    lines = sweep_plot.ordered(sweep_of(SweptRow("svm", "SVM", DEFAULT, (none, GAMMA, C)))["rows"][0])
    assert [setting for setting, _ in lines] == ["svm_c = 10", "svm_c = 0.1", "seedless = 2"]


def test_bars_reach_the_differences_in_colours_that_everybody_tells_apart():
    figure = sweep_plot.draw(sweep_of())
    (axes,) = figure.axes
    close, worse = (effect["difference"] for _, effect in sweep_plot.ordered(sweep_of()["rows"][0]))
    bars = [bar for container in axes.containers for bar in container]
    assert [bar.get_width() for bar in bars] == pytest.approx([100 * close, 100 * worse])
    assert close > 0 > worse
    colours = [to_rgb(sweep_plot.BETTER), to_rgb(sweep_plot.WORSE)]
    np.testing.assert_allclose([bar.get_facecolor()[:3] for bar in bars], colours)
    assert [bar.get_facecolor()[3] for bar in bars] == [sweep_plot.PALE, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["svm_c = 10", "svm_c = 0.1"]


def test_files_are_written_and_the_same_sweep_gives_the_same_picture(tmp_path):
    paths = sweep_forms.write_sweep(tmp_path / "new", sweep_of(ROW, SweptRow("b", "B", DEFAULT, (C,))))
    assert [path.name for path in paths] == ["sweep.md", "sweep.csv", "sweep.png", "sweep.json"]
    assert json.loads(paths[3].read_text())["rows"][1]["key"] == "b"
    again = sweep_forms.write_sweep(tmp_path / "again", sweep_of(ROW, SweptRow("b", "B", DEFAULT, (C,))))
    assert paths[2].read_bytes() == again[2].read_bytes()
    assert image.imread(paths[2]).shape[1] == round(sweep_plot.WIDTH_INCHES * sweep_plot.DOTS_PER_INCH)


def test_a_sweep_in_which_everything_failed_still_has_its_files(tmp_path):
    paths = sweep_forms.write_sweep(tmp_path, sweep_of(SweptRow("svm", "SVM", DEFAULT, (GAMMA,))))
    assert all(path.stat().st_size > 0 for path in paths)
