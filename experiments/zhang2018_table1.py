r"""Table I of Zhang et al. 2018: AlexNet and VGGNet-16 with random initialisation and finetuned from ImageNet.

The paper's best row on IEMOCAP: AlexNet finetuned, 67.9% WA and 57.3% UA.

    python -m experiments.zhang2018_table1 --corpus iemocap --corpus-root DIR --alexnet-weights FILE \
        --vgg16-weights FILE

Ten trainings a row: five sessions, both actors. AlexNet costs about as much as in Table II: on two cores half an hour
on EmoDB, five to six hours on IEMOCAP. VGGNet-16 has twenty times as many operations: take a GPU, or days.
"""

from ser_tf import cli
from ser_tf.papers.zhang2018 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 1)

if __name__ == "__main__":
    cli.run(main)
