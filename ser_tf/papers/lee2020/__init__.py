"""Lee, Yoon and Jung, Interspeech 2020: cross attention with aligned audio and text."""
