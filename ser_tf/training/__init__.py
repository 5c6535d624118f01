"""Training a network on a fold: the recipe, the batches, and the one loop that compiles, fits and predicts."""
