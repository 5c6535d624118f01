"""Words from speech: forced alignment and recognition of English by PocketSphinx (the extra `asr`).

`extra` says how to install it, `transcripts` turns transcripts into words of the dictionary, `sphinx` aligns and
recognises one recording, `wdseg` writes alignments in IEMOCAP's SPHINX form, `work` does many recordings in processes,
`word_errors` counts what recognition gets wrong, and `command` is `ser-tf align`. TensorFlow is imported only to read
recordings; the processes that align do without.
"""
