"""The model that comes with the package, for predicting without training first; and the command that makes it.

    python -m experiments.mirsamadi2017_table3 --corpus emodb --corpus-root DIR --keep-models --rows lld_weighted_pool
    python -m ser_tf.serving.packaged --run runs/mirsamadi2017_table3/emodb

It is the network of one fold of that table, as it was trained; CARD.md beside it says what it is, how good it was on
speakers that it did not hear, and what it must not be used for. EmoDB may be used for anything with attribution (CC BY
4.0 / CC0), which allows to pass the model on.
"""

import argparse
import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from ser_tf import __version__, cli, files, papers
from ser_tf.corpora import emodb
from ser_tf.errors import SettingError, UserError
from ser_tf.evaluation import older
from ser_tf.evaluation.schema import Summary
from ser_tf.protocol import kept_models, models, results
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.models import TrainedModel

FOLDER = Path(__file__).with_name("emodb_model")
MODEL, KEPT, RESULT, CARD = "model.keras", "model.json", "result.json", "CARD.md"
ROW = "lld_weighted_pool"
MAX_BYTES = 3_000_000
"""Largest size of the folder: everyone who installs the package carries it."""
CORPUS = emodb.NAME
_LOCAL = ("corpus_root", "audio_root", "columns")
"""Fields of a kept model's card that say where the corpus lay on the machine that trained it."""


def load(folder: Path = FOLDER) -> TrainedModel:
    """Loads the packaged model.

    Raises:
        UserError: it is not there or damaged.
    """
    if not (folder / MODEL).exists():
        raise UserError(f"{folder}: the model of the package is not there; install it again, or give one with --model")
    card = kept_models.read_card(folder / KEPT)
    return models.assemble(papers.load(card["paper"]), folder / MODEL, card, results.load(folder / RESULT))


def card_text(folder: Path = FOLDER) -> str:
    """The card for people, in Markdown.

    Raises:
        UserError: it is not there.
    """
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{folder / CARD}: cannot be read ({error.strerror}); install the package again") from None


def summary_line(folder: Path = FOLDER) -> str:
    """One line that says whose answers these are."""
    card = kept_models.read_card(folder / KEPT)
    measured = card["measured"]
    low, high = measured["ua_ci95"]
    return (
        f"the packaged model ({card['paper']} {card['row']}, {', '.join(card['classes'])}; trained on acted German,"
        f" {measured['corpus']}: UA {100 * measured['ua']:.0f}% on other speakers, 95% interval {100 * low:.0f} to"
        f" {100 * high:.0f}%); ser-tf predict --about says what it is good for, --model takes another"
    )


def make(run: Path, row: str, fold: str | None, seed: int | None, folder: Path = FOLDER) -> TrainedModel:
    """Puts a kept model of a run on EmoDB into the package.

    Args:
        run: The table's folder.
        row: Whose model.
        fold: Which fold's; None for the first.
        seed: Of which seed; None for the first.
        folder: Where it goes.

    Returns:
        The model as it is packaged.

    Raises:
        UserError: there is no such model, it is of a smoke run or of another corpus, or too large.
    """
    trained = models.kept_model(papers.load, run, row, fold, seed)
    result = trained.result
    if result.corpus != CORPUS or result.smoke:
        what = "a smoke run" if result.smoke else result.corpus
        raise SettingError(f"--run {run}: is of {what}; the package holds a model that was really trained on {CORPUS}")
    measured = _measured(cast(Summary, older.read_summary(run / "summary.json")), row)
    if None in (*measured["ua_ci95"], *measured["wa_ci95"]):
        raise SettingError(f"--run {run}: has no interval of its accuracies, which the card states; run all folds")
    card = {key: value for key, value in trained.card.items() if key not in _LOCAL}
    card |= {"corpus_root": "", "measured": measured}
    source = Layout(run.resolve().parent.parent, result.paper, result.corpus).model_of(models.place_of(run, result))
    if source.stat().st_size > MAX_BYTES:
        raise SettingError(f"{source}: has {source.stat().st_size:,} bytes; a packaged model has {MAX_BYTES:,} at most")
    files.require_writable(folder)
    shutil.copyfile(source, folder / MODEL)
    files.atomic_write_text(folder / KEPT, json.dumps(card, indent=1) + "\n")
    files.atomic_write_text(folder / RESULT, dataclasses.replace(result, uses={}, peak_memory_mb=0.0).to_json())
    packaged = load(folder)
    files.atomic_write_text(folder / CARD, _card(packaged, measured))
    return packaged


def _measured(summary: Summary, row: str) -> dict[str, Any]:
    """What the table of all folds found for the row."""
    (found,) = [entry for entry in summary["rows"] if entry["key"] == row]
    return {
        "corpus": f"{CORPUS} ({sum(summary['class_counts'].values())} recordings, {len(found['folds'])} folds)",
        "folds": found["folds"],
        "seeds": summary["seeds"],
        "ua": found["ua"]["pooled"],
        "ua_ci95": found["ua"]["ci95"],
        "wa": found["wa"]["pooled"],
        "wa_ci95": found["wa"]["ci95"],
        "recalls": {name: value["pooled"] for name, value in found["recalls"].items()},
        "code": (summary["code"]["digest"] if summary["code"] else None) or "not recorded",
    }


def _card(model: TrainedModel, measured: dict[str, Any]) -> str:
    """CARD.md."""
    card, result = model.card, model.result
    (ua_low, ua_high), (wa_low, wa_high) = measured["ua_ci95"], measured["wa_ci95"]
    recalls = ", ".join(f"{name} {100 * value:.0f}%" for name, value in measured["recalls"].items())
    tested = ", ".join(sorted(set(result.speakers)))
    seeds = " ".join(map(str, measured["seeds"]))
    packing = f"python -m ser_tf.serving.packaged --run runs/{card['paper']}_table3/emodb"
    return f"""# The model in this package

**What it is.** {card["label"]}, row `{card["row"]}` of `{card["paper"]}`:
{papers.load(card["paper"]).citation}.
It hears mono audio at 16 kHz and gives posteriors of {len(model.classes)} classes: {", ".join(model.classes)}.

**What it was trained on.** The Berlin database of emotional speech (EmoDB): actors who read ten fixed German sentences
in emotions that they were told to act. {measured["corpus"]}.
{emodb.CITATION}
Licence of the corpus: {emodb.LICENCE}. Licence of this model: Apache-2.0, with the attribution above.
This is the network of fold `{card["fold"]}`, seed {card["seed"]}: speakers {tested} were not in its training set.

**How good it was** on speakers that were not trained on, over {len(measured["folds"])} folds and
{len(measured["seeds"])} seed(s), with 95% intervals for other speakers (delete-one-speaker jackknife):
unweighted accuracy {100 * measured["ua"]:.1f}% ({100 * ua_low:.1f} to {100 * ua_high:.1f}), weighted accuracy
{100 * measured["wa"]:.1f}% ({100 * wa_low:.1f} to {100 * wa_high:.1f}); recalls {recalls}. Chance is
{100 / len(model.classes):.0f}%. All of it is acted German speech of a studio; expect much less on anything else.

**What it must not be used for.** Not to decide anything about people: no hiring, schooling, insurance, policing,
border control, health or workplace monitoring. It recognises how ten actors expressed four emotions in one language;
it does not know what anyone feels, and in many places inferring emotions of people at work or at school is forbidden
(in the European Union by Article 5 of the AI Act). It is here to try the software, to compare with, and to teach.

**What it cannot do.** Other languages and spontaneous speech were never tested. It listens up to 8 kHz and refuses
recordings of telephones. It always names one of its classes, also for music, noise or silence.

**How it is remade.** `python -m experiments.{card["paper"]}_table3 --corpus emodb --corpus-root DIR --keep-models
--rows {card["row"]} --seeds {seeds}`, then `{packing}`. Made by ser_tf
{__version__}; digest of the code that the table names: `{measured["code"][:16]}`.
"""


def main(argv: Sequence[str]) -> int:
    """Makes the packaged model; returns the exit status."""
    parser = cli.ArgumentParser(prog="python -m ser_tf.serving.packaged", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run with --keep-models")
    parser.add_argument("--row", default=ROW, metavar="KEY", help=f"which row (default: {ROW})")
    parser.add_argument("--fold", metavar="NAME", help="which fold's model (default: the first)")
    parser.add_argument("--seed", type=int, metavar="N", help="which seed (default: the first)")
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="DIR", help=argparse.SUPPRESS)
    flags = parser.parse_args(argv)
    model = make(flags.run, flags.row, flags.fold, flags.seed, flags.output)
    size = sum(path.stat().st_size for path in flags.output.iterdir())
    print(
        f"{model.card['row']}, fold {model.card['fold']}, seed {model.card['seed']}: {size:,} bytes in {flags.output}"
    )
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
