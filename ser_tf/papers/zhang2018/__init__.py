"""Zhang, Du, Wang, Zhang and Tu, APSIPA 2018: a fully convolutional network with attention over time and frequency.

Set-up (§III-A): IEMOCAP's improvised speech, happy, sad, angry and neutral, 2,280 utterances; training on four
sessions, validation on one actor of the fifth, testing on the other. Table I compares AlexNet and VGGNet-16 with random
and pretrained weights; Table II compares the attention network with CNN+LSTM.

Modules: `ledger` (assumptions where the paper is silent), `paper` (task, folds, tables and claims), `systems` (training
and testing a row on a fold), `networks` (Keras models) with `alexnet` (`caffe`, `images`, `receptive_field`) and
`satt2017`, `subutterances` and `pieces` (pieces of 3 s), `pretrained` and `convert_alexnet` with `caffemodel` and
`numpy_pickle` (ImageNet weights), `served` (coordinates of the attention), `fig4` (Figure 4).
"""

from ser_tf.papers.zhang2018.paper import PAPER

__all__ = ["PAPER"]
