"""One module a table: `python -m experiments.<paper>_table<N>`."""
