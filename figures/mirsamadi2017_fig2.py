"""Figure 2 of Mirsamadi et al. 2017: the waveform above, the local attention weights below.

python -m experiments.mirsamadi2017_table3 --keep-models
python -m figures.mirsamadi2017_fig2 --run runs/mirsamadi2017_table3/synthetic
"""

from ser_tf import cli
from ser_tf.papers.mirsamadi2017 import PAPER

if __name__ == "__main__":
    cli.run(lambda argv: PAPER.figure("fig2").draw("python -m figures.mirsamadi2017_fig2", argv))
