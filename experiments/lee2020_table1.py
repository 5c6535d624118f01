"""Table 1 of Lee et al. 2020: the word alignment of one utterance, in units of 10 ms.

The paper's example says "i like apple" with a pause of 0.52 s before the last word; it does not name the utterance.

    python -m experiments.lee2020_table1 --corpus iemocap --corpus-root DIR --utterance Ses01F_impro01_F000

Shows the alignment as released, as in the paper, and the words that the networks see, with special tokens removed and
their time divided between the neighbours (§4.2). `--alignment DIR` shows other alignments in place of the corpus's own.
Nothing is trained and a run takes seconds. The flags are those of all tables, but flags for training have no effect;
the files are those of all tables except leaks.json and manifest.json, since there are no folds.
"""

from ser_tf import cli
from ser_tf.papers.lee2020 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 1)

if __name__ == "__main__":
    cli.run(main)
