"""What figures of recordings share: panels over time, and the choice of the recordings that are shown."""
