"""Table 3 of Lee et al. 2020: audio segments aligned with the words, and as many segments of equal length.

The paper on IEMOCAP: aligned 57.9% WA and 48.7% UA, equal 56.8% and 46.7%.

    python -m experiments.lee2020_table3 --corpus iemocap --corpus-root DIR --glove glove.840B.300d.txt

Two rows in ten folds; the first is CAN, which Tables 2 and 4 have trained already if they were run with the same
settings and output.
"""

from ser_tf import cli
from ser_tf.papers.lee2020 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 3)

if __name__ == "__main__":
    cli.run(main)
