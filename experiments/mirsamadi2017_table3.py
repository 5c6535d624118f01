"""Table 3 of Mirsamadi et al. 2017: temporal aggregation with recurrent networks, with and without local attention.

The paper's best row on IEMOCAP: LLDs with attention-weighted pooling, 63.5% WA and 58.8% UA.

    python -m experiments.mirsamadi2017_table3 --corpus iemocap --corpus-root DIR

Eight rows, the deeper attention of Fig. 1(f) and the SVM that the paper compares with, in five folds. On two cores a
row of LLDs takes ten to twelve minutes on EmoDB (339 recordings) and the SVM seconds; IEMOCAP has twenty times as much
audio: some four hours a row, and more for spectra, which pass two dense layers first. Attention on silence is measured.
"""

from ser_tf import cli
from ser_tf.papers.mirsamadi2017 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 3)

if __name__ == "__main__":
    cli.run(main)
