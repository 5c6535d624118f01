"""Table 1 of Ando et al. 2019: share of utterances in which each target emotion exists, by the annotators' votes.

On IEMOCAP, neutral exists in 58.2% of the utterances with a dominant target emotion and in 45.2% of all.

    python -m experiments.ando2019_table1 --corpus iemocap --corpus-root DIR

An emotion exists in an utterance when at least one outside evaluator gave it (eq. 5). `dominant` are the utterances
whose release label is a target emotion, `all` are all utterances, and `dominant by votes` those whose most frequent
vote is a target emotion, which differs where the release's label does not come from its annotators (CREMA-D's label is
the intended emotion). Only votes are read, no audio: nothing is trained and a run takes seconds. The flags are those of
all tables, but flags for training have no effect; the files are those of all tables except leaks.json and
manifest.json, since there are no folds.
"""

from ser_tf import cli
from ser_tf.papers.ando2019 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 1)

if __name__ == "__main__":
    cli.run(main)
