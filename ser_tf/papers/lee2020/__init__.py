"""Lee, Yoon and Jung, Interspeech 2020: cross attention with aligned audio and text.

Set-up (§4.1-4.2): IEMOCAP, seven classes, 7,486 utterances with a word alignment; ten folds of 8:1:1. Words start from
GloVe vectors; the audio under each word is cut out and becomes a segment of 40 MFCC. Table 1 is an alignment, Table 2
compares systems, Table 3 ways to segment the audio, Table 4 leaves out parts of the network. The cross attention
network (`can`) is trained once for all tables.

`ledger` what the paper does not state; `paper` task, folds, tables and claims; `systems` what a row does on a fold.
Words: `alignment` reads TextGrid, CTM and wdseg files and `whisper` Whisper's JSON, `words` what the networks are given
of them and what a table says, `glove` word vectors, `vocabulary` numbers and first embedding, `aligned` segments under
words and batches of both.
Networks: `networks` the cross attention network and the single modalities, `yoon2019` and `xu2019` the systems that it
is compared with, built of `text_audio` (inputs and encoders), `cross_attention`, `segment_mfcc` and `packed_segments`.
`recognised` words that a recogniser heard, for a row beyond the paper; `table1` Table 1; `attention` the figure beyond
the paper; `served` words inside a served graph; `client_words` words that training lacked, for export.
"""

from ser_tf.papers.lee2020.paper import PAPER

__all__ = ["PAPER"]
