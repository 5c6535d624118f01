"""Builders of Keras functional models, one module a paper; no data and no files."""
