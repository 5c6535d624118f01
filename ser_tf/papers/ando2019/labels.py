"""Names of label types and training sets, and the speeds of training copies."""

HARD, SOFT, EXISTENCE = "hard", "soft", "mlee"  # eq. 3, 4, 5
LABELS = (HARD, SOFT, EXISTENCE)
DOMINANT, ALL = "dominant", "all"  # §4.1
TRAINING_SETS = (DOMINANT, ALL)
SPEEDS = (0.9, 1.1)  # §4.1: copies of training utterances
