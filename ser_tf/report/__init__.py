"""One self-contained page of everything in a folder of results: `ser-tf report RUNS --output report.html`.

`folder` reads what lies there and says what is damaged; `entries`, with `grids`, `confusions`, `assumptions`,
`provenance` and `rerun`, lays each table out as the plain records of `document`; `rendering` turns them into HTML.
Nothing here imports TensorFlow.
"""
