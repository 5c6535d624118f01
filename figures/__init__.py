"""One module a figure: `python -m figures.<paper>_fig<N> --run DIR`; reads results and kept models, never trains."""
