"""Running experiments: folds, leak checks, the runner, executors, and results on disk.

Nothing here knows any paper or model; both are passed in.
"""
