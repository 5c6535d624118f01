"""From a trained row to a user's audio: export to a SavedModel, prediction, a client for TensorFlow Serving."""
