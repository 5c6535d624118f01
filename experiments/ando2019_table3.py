"""Table 3 of Ando et al. 2019: multi-label emotion existence for dominant emotion recognition.

The paper's best row on IEMOCAP: MLEE pre-training fusion with soft targets on all utterances, 66.1% WA and 65.4% UA.

    python -m experiments.ando2019_table3 --corpus iemocap --corpus-root DIR

Seven kinds of systems, each with both training sets, in ten folds. Five encoders per fold take nearly all of the time;
the rows share them. On two idle cores the small generated corpus takes less than an hour, EmoDB about as long, IEMOCAP
more than a day. On a corpus without the votes of individual annotators only the rows with hard targets run.
"""

from ser_tf import cli
from ser_tf.papers.ando2019 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 3)

if __name__ == "__main__":
    cli.run(main)
