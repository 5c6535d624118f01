"""Figure 4 of Mao et al. 2020: confusion matrices of feature-level attention, one corpus beside the other.

python -m experiments.mao2020_table1 --corpus casia --corpus-root DIR
python -m experiments.mao2020_table2 --corpus iemocap --corpus-root DIR
python -m figures.mao2020_fig4 --run runs/mao2020_table1/casia runs/mao2020_table2/iemocap
"""

from ser_tf import cli
from ser_tf.papers.mao2020 import PAPER

if __name__ == "__main__":
    cli.run(lambda argv: PAPER.figure("fig4").draw("python -m figures.mao2020_fig4", argv))
