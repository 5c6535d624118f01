"""Table 2 of Mao et al. 2020: multiple-instance learning with attention over segments, on IEMOCAP.

The paper's best row on IEMOCAP: feature-level attention, 66.74% UA.

    python -m experiments.mao2020_table2 --corpus iemocap --corpus-root DIR

Seven rows that share one SegCNN for each fold and seed, which takes nearly all the time; one more row costs only its
own second stage. The second cross-validation trains four more SegCNNs a fold on EmoDB, nine on CASIA. On two cores
EmoDB's four classes take an hour with `--set second_cv=outer`, some four hours as the paper has it;
IEMOCAP has twenty times as much audio: days. Rows of other papers are shown as published.
"""

from ser_tf import cli
from ser_tf.papers.mao2020 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 2)

if __name__ == "__main__":
    cli.run(main)
