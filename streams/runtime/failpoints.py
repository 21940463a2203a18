"""Named points, from a fetch to the effects after a commit, at which a test makes a worker fail.

Random kills alone are not enough: a run without any fencing passed 50 s of them. An unarmed point costs one look-up in
an empty dict; a block passes a dozen.
"""

import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

import structlog

Action = Callable[[], Awaitable[None]]

_SPEC = re.compile(r"(?P<stage>[^:]+):(?P<point>[a-z-]+):(?P<action>kill|raise|hang)(@(?P<nth>\d+))?")

log = structlog.get_logger()


class Point(StrEnum):
    """The points, in the order in which a task and its blocks pass them."""

    FENCING = "fencing"  # the first producer is initialised, the second is not
    FENCED = "fenced"  # both are; the end of the changelog is not read
    RESTORED = "restored"  # the state is restored; nothing is read yet
    FETCHED = "fetched"  # a block has its records; nothing is folded
    FOLDED = "folded"  # folded, in memory only
    BEGUN = "begun"  # the transaction is open and empty
    PRODUCED = "produced"  # output is sent, the changelog is not
    CHANGELOGGED = "changelogged"  # all is sent and acknowledged; not committed
    COMMITTED = "committed"  # Kafka has committed, RocksDB has nothing yet; also the case of a lost answer
    WRITTEN = "written"  # RocksDB has it; the task's position has not moved
    STATED = "stated"  # Postgres has run every statement and committed nothing
    ROWS_COMMITTED = "rows-committed"  # Postgres has committed; the task's position has not moved
    ACKNOWLEDGED = "acknowledged"  # the task's position has moved; effects have not begun
    DELIVERED = "delivered"  # an effect took place outside; its outcome is on no topic
    REVOKED = "revoked"  # the partition is being revoked; the running block is not finished


class Failed(RuntimeError):
    """A failpoint raised."""


_armed: dict[tuple[str, Point], Action] = {}


async def reach(stage: str, point: Point) -> None:
    """Run the action of an armed point."""
    if action := _armed.get((stage, point)):
        await action()


@contextmanager
def armed(stage: str, point: Point, action: Action) -> Iterator[None]:
    """Arm a point of a stage in this process while the body runs."""
    _armed[stage, point] = action
    try:
        yield
    finally:
        del _armed[stage, point]


def arm(spec: str) -> None:
    """Arm a point once, by ``STAGE:POINT:ACTION[@NTH]``.

    ``ACTION`` is ``kill`` (SIGKILL), ``raise``, or ``hang``, which suspends the whole process (SIGSTOP) until SIGCONT.
    It happens the ``NTH`` time, by default the first. Raises ValueError.
    """
    if not (read := _SPEC.fullmatch(spec)):
        raise ValueError(f"{spec!r} is no failpoint: STAGE:POINT:ACTION[@NTH], where ACTION is kill, raise or hang.")
    stage, point, nth = read["stage"], Point(read["point"]), int(read["nth"] or 1)
    left = iter(range(nth - 1, -1, -1))

    async def action() -> None:
        if next(left) == 0:
            del _armed[stage, point]
            log.warning("failpoint reached", stage=stage, point=point.value, action=read["action"])
            _fail(read["action"])

    _armed[stage, point] = action


def _fail(action: str) -> None:
    if action == "raise":
        raise Failed("A failpoint raised.")
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
