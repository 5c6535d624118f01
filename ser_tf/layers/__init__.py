"""Keras layers that the papers' models share; each says in its docstring what it does with a mask."""
