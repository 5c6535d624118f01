"""Ando, Masumura, Kamiyama, Kobashikawa and Aono, Interspeech 2019: multi-label emotion existence (MLEE).

Set-up (§4.1): IEMOCAP's 4,784 improvised utterances; neutral, happy, sad and angry; leave one speaker out, one other
develops, eight train; copies at speeds 0.9 and 1.1 of what trains. Table 1 is how often emotions exist in the
annotators' votes, Table 3 compares dominant emotion models, MLEE models, and classifiers on frozen encoders of both,
each trained on utterances with a dominant target emotion (`dominant`) and on all that its targets can use (`all`).

`ledger` what the paper does not state; `paper` task, folds, tables and claims; `table1` the votes' table; `systems`
what a row does on a fold; `networks` the Keras models (`step_weights`, `initialisation`); `vote_targets`, `targets` and
`objective` what is learned; `fig3` Figure 3.
"""

from ser_tf.papers.ando2019.paper import PAPER

__all__ = ["PAPER"]
