"""Shared parts of figures of recordings: panels over time, and the choice of recordings to show."""
