"""Rondo's rules, pure: no clock, no randomness, no input or output. Time and ids come with the records."""
