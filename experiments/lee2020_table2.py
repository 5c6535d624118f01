"""Table 2 of Lee et al. 2020: single modalities, other systems, and the cross attention network.

The paper's row of the cross attention network (CAN) on IEMOCAP: 57.9% WA and 48.7% UA.

    python -m experiments.lee2020_table2 --corpus iemocap --corpus-root DIR --glove glove.840B.300d.txt

Five rows in ten folds. Without --glove the word embedding starts at random, and the table says so; `--alignment DIR`
takes word alignments for corpora without their own, which `ser-tf align` makes for English:

    ser-tf align --corpus ravdess --corpus-root DIR --output alignments
    python -m experiments.lee2020_table2 --corpus ravdess --corpus-root DIR --alignment alignments

On one core CAN takes about 4 seconds an epoch on EmoDB (321 recordings, ten folds in a quarter of an hour); IEMOCAP has
forty times as much audio: two to three minutes an epoch and some eight hours for ten folds. The other rows with audio
take about as long, TextModel minutes.
"""

from ser_tf import cli
from ser_tf.papers.lee2020 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 2)

if __name__ == "__main__":
    cli.run(main)
