"""The phases of a partition's turn, and which may follow which.

::

                  ┌───────────────── error ─────────────────┐
                  ▼                                         │
    OPENING ──▶ SEEKING ──▶ RUNNING ◀──▶ REWINDING          │
       ▲  │        │           │             │              │
       │  └────────┴── error ──┴─────────────┴──▶ FAILED ───┘ (anew, once the group still has the worker)

    from each of them: CLOSING ──▶ CLOSED

A partition is opened: former owners are kept out, and its state is brought up to date. Then it *seeks*: it waits until
the fetch loop reads from its positions, so that no record is held that lies elsewhere. While it runs, fetched records
are held and folded. It seeks again, and runs on, where records are to be read from further back. An error in any phase
discards what is not committed, and it is opened anew. Whoever takes the partition away closes it: from then on nothing
but its end may follow, whatever the phase that was under way leads to. Only a bug, or a task that is cancelled, ends a
turn without that.
"""

from collections.abc import Mapping
from enum import Enum, auto


class Phase(Enum):
    """What a partition does just now."""

    OPENING = auto()
    SEEKING = auto()
    RUNNING = auto()
    REWINDING = auto()
    FAILED = auto()
    CLOSING = auto()
    CLOSED = auto()


_ANY = {Phase.CLOSING, Phase.CLOSED}
FOLLOWS: Mapping[Phase, frozenset[Phase]] = {
    Phase.OPENING: frozenset({Phase.SEEKING, Phase.FAILED, *_ANY}),
    Phase.SEEKING: frozenset({Phase.RUNNING, Phase.FAILED, *_ANY}),
    Phase.RUNNING: frozenset({Phase.REWINDING, Phase.FAILED, *_ANY}),
    Phase.REWINDING: frozenset({Phase.RUNNING, Phase.FAILED, *_ANY}),
    Phase.FAILED: frozenset({Phase.OPENING, *_ANY}),
    Phase.CLOSING: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}
"""The phases that may follow each."""
OPEN = frozenset({Phase.RUNNING, Phase.REWINDING})
"""The phases in which a partition is open: what it holds is true."""


class WrongPhase(RuntimeError):
    """A phase was to follow one that it never does: a bug of the runtime."""


def follow(now: Phase, then: Phase) -> Phase:
    """Return the phase after ``now``: ``then``, unless the partition is being closed. Raises ``WrongPhase``."""
    if then in FOLLOWS[now]:
        return then
    if now in _ANY:
        return now
    raise WrongPhase(f"{then.name} does not follow {now.name}.")
