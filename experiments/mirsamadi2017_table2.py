"""Table 2 of Mirsamadi et al. 2017: fixed functionals on learned and on hand-crafted low-level descriptors.

The paper's best row on IEMOCAP: learned descriptors with mean, min and max, 59.3% WA and 54.9% UA.

    python -m experiments.mirsamadi2017_table2 --corpus iemocap --corpus-root DIR

Six rows in five folds; on EmoDB's four classes all take seven minutes on two cores, on IEMOCAP two to three hours.
"""

from ser_tf import cli
from ser_tf.papers.mirsamadi2017 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 2)

if __name__ == "__main__":
    cli.run(main)
