"""When a task's next block of records goes: at once while little happens, after a gap while much does.

A block costs broker, Postgres and worker a fixed amount, however few records it has. While records come faster than
blocks are committed, a gap after each lets some more of them share the next block. The gap is as long as the last block
took, so a task works at most half of the time; a busy machine takes longer for a block, and so gets longer gaps.
"""

from dataclasses import dataclass
from math import inf

LEAST = 0.001
"""The shortest gap in seconds: a timer of the event loop is no more precise."""
MOST = 0.03
"""The longest gap in seconds."""
QUIET = 0.25
"""Seconds after a commit until records go that no stage folds: their block only moves the position."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace after a block that ended at a time of the steady clock, in seconds; without one, the next goes at once.

    ``gap`` is how long the next block waits from then on, if it has anything to fold.
    """

    ended: float = -inf
    gap: float = 0.0

    @classmethod
    def after(cls, began: float, ended: float, *, behind: bool, rest: bool = False) -> "Pace":
        """Return the pace after a block; ``behind`` if more records came while it was folded and committed.

        ``rest`` if some of its own did not fit into it: then the next one is full, too.
        """
        if rest:
            return cls()
        gap = min(ended - began, MOST) if behind else 0.0
        return cls(ended, gap if gap >= LEAST else 0.0)

    def wait(self, now: float, *, full: bool, folded: bool) -> float:
        """Return the seconds until the next block goes, 0 for at once.

        It is ``full`` if it can take no more than what waits already, and ``folded`` if a stage folds any of that.
        """
        if full:
            return 0.0
        return max(0.0, self.ended + (self.gap if folded else QUIET) - now)
