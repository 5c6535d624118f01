"""Mao, Ching, Kuo and Lee, Interspeech 2020: multiple-instance learning with attention over segments.

Set-up (§3, §4.1): CASIA, six classes, ten folds; IEMOCAP, four classes with excited counted as happy, leave one session
out. SegCNN is trained on segments that inherit their utterance's label; seven systems classify an utterance from its
segments' embeddings: two random forests on pooled embeddings, two networks that pool decisions, and three with
attention. They are trained on embeddings from SegCNNs that were not trained on the same utterances (the second
cross-validation).

Modules: `ledger` (assumptions where the paper is silent), `paper` (tables, claims and figures), `splits` (task, outer
and inner folds), `segmenting` (cutting frames into segments), `segments` (batches of segments), `segcnn` (the first
stage, trained once for all rows), `second_cv` (assigning utterances to the SegCNNs that embed them), `systems` (the
second stage, where the rows differ), `networks` (Keras models) with the layers of `mil_attention` and
`fused_batch_norm`, `served` (times of the attention), `fig2` and `fig4` (figures).
"""

from ser_tf.papers.mao2020.paper import PAPER

__all__ = ["PAPER"]
