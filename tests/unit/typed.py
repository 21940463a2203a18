"""What typing a command comes to."""

from collections.abc import Callable

Ended = tuple[int, str, str]
"""Its status, and what it told on both outputs."""
Type = Callable[..., Ended]
