"""The progress of topologies: their positions on the log, their lag, and resetting positions that are ahead of it."""
