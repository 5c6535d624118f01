"""One module per table: `python -m experiments.<paper>_table<N>`."""
