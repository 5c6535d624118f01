"""Systems of different papers on the same recordings, classes and folds: a table that no publication has.

Each system keeps its own recipe and ledger. Its fold results lie with those of its paper, under `<paper>/<corpus>/`,
and are shared with the paper's own tables where they were made from the same; those of the baselines and the table
itself lie in `compare/<corpus>/`.
"""
