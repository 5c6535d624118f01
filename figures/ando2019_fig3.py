"""Figure 3 of Ando et al. 2019: the waveform above, the attention of the hard, soft and MLEE models below.

python -m experiments.ando2019_table3 --keep-models
python -m figures.ando2019_fig3 --run runs/ando2019_table3/synthetic
"""

from ser_tf import cli
from ser_tf.papers.ando2019 import PAPER

if __name__ == "__main__":
    cli.run(lambda argv: PAPER.figure("fig3").draw("python -m figures.ando2019_fig3", argv))
