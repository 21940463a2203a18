"""What operators use: the log, its topics, stages and dead letters, checked and shown."""
