"""Audio decoding, the feature store on disk, tf.data pipelines, and normalisation fitted on the training set."""
