"""Notices a part that runs but answers nothing: stopped, or hanging in itself."""

from collections.abc import Callable
from concurrent.futures import Executor, Future

EVERY = 15.0  # seconds from one question to the next
MISSES = 4  # questions in a row without an answer: a busy machine, or one that slept, may owe one or two


class Probe:
    """Asks a part again and again whether it ``answers``; each question has its own time, and holds up nobody.

    What counts is questions, not time: while the machine sleeps none is asked.
    """

    def __init__(self, answers: Callable[[], bool] | None, every: float = EVERY) -> None:
        self._answers = answers
        self._every = every
        self._asked: Future[bool] | None = None
        self._next = 0.0
        self._misses = 0

    def hangs(self, now: float, pool: Executor) -> bool:
        """Ask, if it is time; return whether so many questions in a row had no answer. ``now`` is monotonic."""
        if self._answers is None:
            return False
        if self._asked is not None and self._asked.done():
            self._misses = 0 if self._heard(self._asked) else self._misses + 1
            self._asked = None
        if self._asked is None and now >= self._next:
            self._next = now + self._every
            self._asked = pool.submit(self._answers)
        return self._misses >= MISSES

    def _heard(self, asked: "Future[bool]") -> bool:
        return asked.exception() is None and asked.result()
