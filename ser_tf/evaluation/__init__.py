"""Metrics, statistics and tables: from posteriors to a summary with honest intervals and verdicts."""
