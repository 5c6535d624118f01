"""How an experiment is run: folds, leak checks, the runner, executors, and results on disk.

Nothing here knows a paper or a model; both are handed in.
"""
