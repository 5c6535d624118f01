"""Features as pure TensorFlow functions of a waveform, and what others need to know about each.

A feature function has the signature `f(waveform, params, num_samples=None) -> features`: float32 `(..., samples)` at
16 kHz in [-1, 1] to float32 `(..., frames, dims)`. It uses core TensorFlow operations only, keeps no state, and takes
right-padded batches: the first `num_frames(num_samples)` frames are those of the utterance alone and the others are
zero.
"""
