"""Keras layers shared by the papers' models; each docstring says how the layer treats a mask."""
