"""Mao, Ching, Kuo and Lee, Interspeech 2020: multiple-instance learning with attention over segments."""
