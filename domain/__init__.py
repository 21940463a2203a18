"""Rondo's rules, pure: no clock, no chance, no input or output. Time and ids come with the records."""
