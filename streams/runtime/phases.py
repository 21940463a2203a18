"""The phases of a task, and their transitions.

::

                  ┌───────────────── error ─────────────────┐
                  ▼                                         │
    OPENING ──▶ SEEKING ──▶ RUNNING ◀──▶ REWINDING          │
       ▲  │        │           │             │              │
       │  └────────┴── error ──┴─────────────┴──▶ FAILED ───┘ (once the group confirms the worker)

    from each of them: CLOSING ──▶ CLOSED

A task *opens*: it fences former owners and brings its state up to date. Then it *seeks*: it waits until the fetch loop
reads from its positions, so that it buffers no record from elsewhere. While it *runs*, it buffers and folds fetched
records. It *rewinds* to read records from further back again, and runs on. An error in any phase discards everything
uncommitted, and the task opens again. When the partition is revoked, the task closes: from then on no other phase may
follow, even if the current one attempts it. Only a bug, or cancellation, ends a task otherwise.
"""

from collections.abc import Mapping
from enum import Enum, auto


class Phase(Enum):
    """What a task is doing."""

    OPENING = auto()
    SEEKING = auto()
    RUNNING = auto()
    REWINDING = auto()
    FAILED = auto()
    CLOSING = auto()
    CLOSED = auto()


ENDING = frozenset({Phase.CLOSING, Phase.CLOSED})
"""The phases in which a task ends, or has ended: they may follow any other, and no other follows them."""
FOLLOWS: Mapping[Phase, frozenset[Phase]] = {
    Phase.OPENING: frozenset({Phase.SEEKING, Phase.FAILED, *ENDING}),
    Phase.SEEKING: frozenset({Phase.RUNNING, Phase.FAILED, *ENDING}),
    Phase.RUNNING: frozenset({Phase.REWINDING, Phase.FAILED, *ENDING}),
    Phase.REWINDING: frozenset({Phase.RUNNING, Phase.FAILED, *ENDING}),
    Phase.FAILED: frozenset({Phase.OPENING, *ENDING}),
    Phase.CLOSING: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}
"""The phases that may follow each."""
OPEN = frozenset({Phase.RUNNING, Phase.REWINDING})
"""The phases in which a partition is open: its state is current."""


class WrongPhase(RuntimeError):
    """An invalid transition between phases: a bug of the runtime."""


def follow(now: Phase, then: Phase) -> Phase:
    """Return the phase after ``now``: ``then``, unless the task is closing. Raises ``WrongPhase``."""
    if then in FOLLOWS[now]:
        return then
    if now in ENDING:
        return now
    raise WrongPhase(f"{then.name} does not follow {now.name}.")
