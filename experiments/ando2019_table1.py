"""Table 1 of Ando et al. 2019: in how many utterances each target emotion exists, by the annotators' votes.

On IEMOCAP, neutral exists in 58.2% of the utterances with a dominant target emotion and in 45.2% of all.

    python -m experiments.ando2019_table1 --corpus iemocap --corpus-root DIR

An emotion exists in an utterance when at least one outside evaluator gave it (eq. 5). `dominant` are the utterances
whose release label is a target emotion, `all` are all; `dominant by votes` are those whose most frequent vote is a
target emotion, which tells the two apart where a release's label is not its annotators' (CREMA-D's is the emotion that
was to be acted). Only votes are read, no audio: nothing is trained and a run takes seconds. The flags are those of all
tables, and what concerns training changes nothing; the files are those of all tables but leaks.json and manifest.json,
since there are no folds.
"""

from ser_tf import cli
from ser_tf.papers.ando2019 import PAPER
from ser_tf.protocol.command import main_of

main = main_of(PAPER, 1)

if __name__ == "__main__":
    cli.run(main)
