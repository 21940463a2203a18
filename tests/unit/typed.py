"""What typing a command comes to."""

from collections.abc import Callable

Ended = tuple[int, str, str]
"""Its status and both outputs."""
Type = Callable[..., Ended]
