"""Operators' tools: show and check the log, its topics, stages and dead letters."""
