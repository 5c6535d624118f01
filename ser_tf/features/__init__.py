"""Features as pure TensorFlow functions of a waveform, each with a specification of its settings and dimensions.

A feature function has the signature `f(waveform, params, num_samples=None) -> features`: float32 `(..., samples)` in
[-1, 1] at 16 kHz to float32 `(..., frames, dims)`. It uses core TensorFlow operations only, keeps no state, and takes
right-padded batches: the first `num_frames(num_samples)` frames depend only on the utterance and the others are zero.
"""
