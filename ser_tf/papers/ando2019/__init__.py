"""Ando, Masumura, Kamiyama, Kobashikawa and Aono, Interspeech 2019: multi-label emotion existence (MLEE).

Set-up (§4.1): IEMOCAP's 4,784 improvised utterances; neutral, happy, sad and angry; testing on one speaker, development
on another, training on the other eight with speed-perturbed copies at 0.9 and 1.1. Table 1 counts how often emotions
exist in the annotators' votes. Table 3 compares dominant emotion models, MLEE models, and classifiers on frozen
encoders of both, each trained on utterances with a dominant target emotion (`dominant`) and on all that its targets can
use (`all`).

Modules: `ledger` (assumptions where the paper is silent), `paper` (tables, claims and figures), `splits` (task,
training sets and folds), `table1` (table of votes), `systems` (training and testing a row on a fold), `networks` (Keras
models) with the layer of `step_weights`, `initialisation` (initial weights), `vote_targets`, `targets` and `objective`
(training targets and losses), `overlap` (overlap of attention), `fig3` (Figure 3).
"""

from ser_tf.papers.ando2019.paper import PAPER

__all__ = ["PAPER"]
