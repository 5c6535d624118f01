"""Figure 2 of Mao et al. 2020: the class posteriors that SegCNN gives the segments of one utterance.

python -m experiments.mao2020_table1 --keep-models
python -m figures.mao2020_fig2 --run runs/mao2020_table1/synthetic
"""

from ser_tf import cli
from ser_tf.papers.mao2020 import PAPER

if __name__ == "__main__":
    cli.run(lambda argv: PAPER.figure("fig2").draw("python -m figures.mao2020_fig2", argv))
