"""The progress of stages: their positions on the log and their lag, and resetting positions that are ahead of it."""
