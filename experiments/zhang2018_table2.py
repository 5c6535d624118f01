"""Table II of Zhang et al. 2018: the attention based fully convolutional network against CNN+LSTM.

The paper's best row on IEMOCAP: FCN+Attention, pretrained on ImageNet, 70.4% WA and 63.9% UA.

    python -m experiments.zhang2018_table2 --corpus iemocap --corpus-root DIR --alexnet-weights FILE

Ten trainings a row: five sessions, both actors. On two cores a row takes half an hour on EmoDB (339 recordings); the
improvised speech of IEMOCAP has eleven times as much audio: five to six hours a row. Attention on silence and above
2 kHz is measured.
"""

from ser_tf import cli
from ser_tf.papers.zhang2018 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 2)

if __name__ == "__main__":
    cli.run(main)
