"""Generates a corpus of synthetic speech to run and test the software with."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ser_tf import cli
from ser_tf.corpora.synthetic.description import LAYOUTS, read_description
from ser_tf.corpora.synthetic.generation import SCALES, generate, is_there


def main(argv: list[str]) -> int:
    """Generates a corpus; returns the exit status."""
    parser = cli.ArgumentParser(prog="python -m ser_tf.corpora.synthetic", description=__doc__)
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of the corpus; must not exist yet")
    parser.add_argument("--layout", default="iemocap", choices=LAYOUTS, help="layout on disk (default: %(default)s)")
    parser.add_argument(
        "--scale", default="small", choices=SCALES, help="small: seconds; full: the release's size (default: small)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seeds everything that is drawn (default: 0)")
    settings = parser.parse_args(argv)
    if is_there(settings.output, settings.layout, settings.scale, settings.seed):
        print(f"{settings.output}: already there, with the same settings")
        return cli.DONE
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("utterances", total=None)
        generate(
            settings.output,
            settings.layout,
            settings.scale,
            settings.seed,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    number = read_description(settings.output)["counts"]["utterances"]
    print(f"{settings.output}: {number:,} utterances written in {time.monotonic() - started:.0f} s")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
