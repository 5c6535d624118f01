"""Figure 2 of Mirsamadi et al. 2017: the waveform above, the local attention weights below.

    python -m experiments.mirsamadi2017_table3 --keep-models
    python -m figures.mirsamadi2017_fig2 --run runs/mirsamadi2017_table3/synthetic

Each example is shown with the model of the fold that tested it. Without `--utterances` the examples are the most
confident correct predictions of two classes, as the title says; the paper does not say how it chose its two.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from ser_tf import cli
from ser_tf.drawing import examples, panels
from ser_tf.errors import SettingError
from ser_tf.papers.mirsamadi2017.paper import PAPER

EXAMPLES = 2  # Figure 2 has two


def draw(shown: Sequence[examples.Example]) -> Figure:
    """One column an example: the waveform above, the attention weights below, the posteriors named.

    Raises:
        SettingError: the row's model has no attention.
    """
    figure = Figure(figsize=(panels.COLUMN_INCHES * len(shown), 3.2), layout="constrained")
    columns = figure.subplots(2, len(shown), squeeze=False, sharex="col")
    for example, (top, bottom) in zip(shown, columns.T, strict=True):
        model = example.model
        outputs = model.outputs(example.waveform)
        if "attention" not in outputs:
            raise SettingError(f"--row {model.card['row']}: its model has no attention; take lld_weighted_pool")
        panels.draw_waveform(top, example.waveform)
        panels.draw_attention(bottom, model.frame_seconds(len(outputs["attention"])), outputs["attention"])
        posteriors = panels.posteriors_in_words(model.classes, outputs["probabilities"])
        top.set_title(f"{example.title}\n{posteriors}", fontsize=7)
    if shown[0].model.card["smoke"]:
        figure.suptitle("smoke run: shows that the software runs, nothing else", fontsize=7)
    return figure


def main(program: str, argv: list[str]) -> int:
    """Draws the figure.

    Args:
        program: How the command is called.
        argv: The arguments.

    Returns:
        The exit status.
    """
    flags = examples.parser_of(program, __doc__, "lld_weighted_pool", "fig2.png").parse_args(argv)
    shown = examples.of_run(flags, PAPER, EXAMPLES)
    path = panels.save(draw(shown), flags.output or flags.run / "fig2.png")
    print(f"written to {path}")
    return cli.DONE
