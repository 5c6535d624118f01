"""Mirsamadi, Barsoum and Zhang, ICASSP 2017: recurrent networks with local attention.

Set-up (§3): IEMOCAP, happy, sad, neutral and angry; training on four sessions, testing on the fifth; features are
normalised by the mean and standard deviation of the neutral speech in the training set. Table 2 compares fixed
functionals of learned and of hand-crafted descriptors; Table 3 compares ways from a recurrent network's frames to one
decision.

Modules: `ledger` (assumptions where the paper is silent), `paper` (task, folds, tables and claims), `systems` (training
and testing a row on a fold), `networks` (Keras models), `lld` (with `pitch`, `energy`, `contours`) and `spectral`
(features), `functionals` and its layer `functionals_pooling` (statistics over time), `fig2` (Figure 2).
"""

from ser_tf.papers.mirsamadi2017.paper import PAPER

__all__ = ["PAPER"]
