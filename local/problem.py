"""What stops the local stack, told to the person who started it."""


class Problem(Exception):
    """Something is missing or wrong. The text is one sentence (more lines only quote a log) that says what to do."""


class Stopped(Exception):
    """The stack was asked to stop while it was starting."""
