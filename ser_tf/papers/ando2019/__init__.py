"""Ando, Masumura, Kamiyama, Kobashikawa and Aono, Interspeech 2019: multi-label emotion existence (MLEE)."""
