"""Mirsamadi, Barsoum and Zhang, ICASSP 2017: recurrent networks with local attention.

Set-up (§3): IEMOCAP, happy, sad, neutral and angry; four sessions train and one is tested; features are normalised by
mean and standard deviation of the neutral speech in the training set. Table 2 compares fixed functionals on learned
and on hand-crafted descriptors, Table 3 ways from a recurrent network's frames to one decision.

`ledger` what the paper does not state; `paper` task, folds, tables and claims; `systems` what a row does on a fold;
`networks` the Keras models; `lld` (with `pitch`, `energy`, `contours`) and `spectral` the features; `functionals`
(as a layer: `functionals_pooling`) the statistics over time; `fig2` Figure 2.
"""

from ser_tf.papers.mirsamadi2017.paper import PAPER

__all__ = ["PAPER"]
