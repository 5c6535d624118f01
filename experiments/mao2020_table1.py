"""Table 1 of Mao et al. 2020: multiple-instance learning with attention over segments, on CASIA.

The paper's best row on CASIA: feature-level attention, 95.32% UA.

    python -m experiments.mao2020_table1 --corpus casia --corpus-root DIR

Seven rows that share one SegCNN for each fold and seed, which takes nearly all the time; one more row costs only its
own second stage. The second cross-validation trains four more SegCNNs a fold on EmoDB, nine on CASIA. On two cores
EmoDB's four classes take an hour with `--set second_cv=outer`, some four hours as the paper has it;
CASIA has 7,200 recordings in ten folds: days. Rows of other papers are shown as published.
"""

from ser_tf import cli
from ser_tf.papers.mao2020 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 1)

if __name__ == "__main__":
    cli.run(main)
