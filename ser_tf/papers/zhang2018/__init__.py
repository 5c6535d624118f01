"""Zhang, Du, Wang, Zhang and Tu, APSIPA 2018: a fully convolutional network with attention over time and frequency.

Set-up (§III-A): IEMOCAP's improvised speech, happy, sad, angry and neutral, 2,280 utterances; four sessions train, of
the remaining one an actor validates and the other is tested. Table I compares AlexNet and VGGNet-16 with random and
pretrained weights, Table II the attention network with CNN+LSTM.

`ledger` what the paper does not state; `paper` task, folds, tables and claims; `systems` what a row does on a fold;
`networks` the Keras models, with `alexnet` (`caffe`, `images`, `receptive_field`) and `satt2017`; `subutterances` and
`pieces` cut utterances into pieces of 3 s; `pretrained`, `convert_alexnet` (`caffemodel`, `numpy_pickle`) ImageNet's
weights; `served` where its attention lies; `fig4` Figure 4.
"""

from ser_tf.papers.zhang2018.paper import PAPER

__all__ = ["PAPER"]
