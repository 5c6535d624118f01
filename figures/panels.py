"""Panels that several figures share; those that predictions of a user's recordings are drawn with, too."""

from ser_tf.serving.panels import COLUMN_INCHES, draw_attention, draw_waveform, posteriors_in_words, save

__all__ = ["COLUMN_INCHES", "draw_attention", "draw_waveform", "posteriors_in_words", "save"]
