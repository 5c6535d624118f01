"""Attention of lee2020 over the words of utterances, from text and from audio; a figure beyond the paper.

python -m experiments.lee2020_table3 --keep-models
python -m figures.lee2020_attention --run runs/lee2020_table3/synthetic
"""

from ser_tf import cli
from ser_tf.papers.lee2020 import PAPER

if __name__ == "__main__":
    cli.run(lambda argv: PAPER.figure("attention").draw("python -m figures.lee2020_attention", argv))
