"""Mao, Ching, Kuo and Lee, Interspeech 2020: multiple-instance learning with attention over segments.

Set-up (§3, §4.1): CASIA, six classes, ten folds; IEMOCAP, four classes with excited counted as happy, one session
left out. SegCNN learns segments that inherit their utterance's label; seven systems decide on the utterance from its
segments' embeddings: two random forests on pooled embeddings, two networks that pool decisions, three with attention.
They learn from embeddings by SegCNNs that were not trained on them (the second cross-validation).

`ledger` what the paper does not state; `paper` tables, claims and figures; `splits` task and folds, outer and inner;
`segmenting` how frames become segments, `segments` batches of them; `segcnn` the first stage, trained once for all
rows; `second_cv` which SegCNN embeds which utterance; `systems` the second stage, where the rows differ; `networks`
the Keras models with the layers of `mil_attention` and `fused_batch_norm`; `served` where attention lies in time;
`fig2` and `fig4` the figures.
"""

from ser_tf.papers.mao2020.paper import PAPER

__all__ = ["PAPER"]
