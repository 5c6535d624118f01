"""Table 4 of Lee et al. 2020: the cross attention network without stop-gradient, L_align, or cross attention.

The paper on IEMOCAP: CAN 57.9% WA and 48.7% UA, every ablation below it.

    python -m experiments.lee2020_table4 --corpus iemocap --corpus-root DIR --glove glove.840B.300d.txt

Five rows in ten folds; the first is CAN, which Tables 2 and 3 have trained already if they were run with the same
settings and output.
"""

from ser_tf import cli
from ser_tf.papers.lee2020 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 4)

if __name__ == "__main__":
    cli.run(main)
