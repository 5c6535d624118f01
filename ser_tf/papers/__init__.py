"""One module a paper: its set-up, its systems (table rows), published numbers, claims and assumptions."""
