"""Figure 4 of Zhang et al. 2018: the spectrogram above, the attention over time and frequency below.

python -m experiments.zhang2018_table2 --rows fcn_attention_random --keep-models
python -m figures.zhang2018_fig4 --run runs/zhang2018_table2/synthetic
"""

from ser_tf import cli
from ser_tf.papers.zhang2018 import PAPER

if __name__ == "__main__":
    cli.run(lambda argv: PAPER.figure("fig4").draw("python -m figures.zhang2018_fig4", argv))
