"""Mirsamadi, Barsoum and Zhang, ICASSP 2017: recurrent networks with local attention."""
