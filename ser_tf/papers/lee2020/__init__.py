"""Lee, Yoon and Jung, Interspeech 2020: cross attention with aligned audio and text.

Set-up (§4.1-4.2): IEMOCAP, seven classes, 7,486 utterances with a word alignment; ten folds of 8:1:1. The word
embedding starts from GloVe vectors; the audio under each word is cut into a segment of 40 MFCC. Table 1 shows an
alignment, Table 2 compares systems, Table 3 compares segmentations of the audio, and Table 4 ablates the network. The
cross attention network (`can`) is trained once for all tables.

Modules: `ledger` (assumptions where the paper is silent), `paper` (task, folds, tables and claims), `systems` (training
and testing a row on a fold). Words: `alignment` (TextGrid, CTM and wdseg files), `whisper` (Whisper's JSON), `words`
(input of the networks and notes of the tables), `glove` (word vectors), `vocabulary` (encoding and initial embedding),
`aligned` (segments under words, and batches of both). Networks: `networks` (the cross attention network and the single
modalities), `yoon2019` and `xu2019` (comparison systems), built from `text_audio` (inputs and encoders),
`cross_attention`, `segment_mfcc` and `packed_segments`. Others: `recognised` (words that a recogniser heard, for a row
beyond the paper), `table1` (Table 1), `attention` (a figure beyond the paper), `head_entropy` (sharpness of the heads),
`served` (words inside a served graph), `client_words` (words unknown in training, for export).
"""

from ser_tf.papers.lee2020.paper import PAPER

__all__ = ["PAPER"]
