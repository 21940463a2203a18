"""The broker as clients see it that are no stage: topics and committed records."""
