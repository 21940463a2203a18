"""Keeps what was computed of moments that can be computed only from the first one on, so that it is done once."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime


class Kept:
    """Moments in order, kept as they are computed; and where those that were moved were planned."""

    def __init__(self, found: Iterator[datetime], planned: dict[datetime, datetime]) -> None:
        self._found, self._planned = found, planned
        self._moments: list[datetime] = []
        self._moved: dict[datetime, datetime] = {}
        self._is_over = False

    def since(self, floor: datetime, planned: dict[datetime, datetime]) -> Iterator[datetime]:
        """Yield the moments from ``floor`` on; ``planned`` gets what was moved, by where it is now."""
        while self._is_before(floor):
            pass
        place = bisect_left(self._moments, floor)
        while place < len(self._moments) or self._computes():
            moment = self._moments[place]
            if moment in self._moved:
                planned[moment] = self._moved[moment]
            yield moment
            place += 1

    @property
    def bound(self) -> datetime:
        """The last moment; the greatest of all until it was computed."""
        return self._moments[-1] if self._is_over and self._moments else datetime.max  # noqa: DTZ901 - local

    def _is_before(self, floor: datetime) -> bool:
        """Compute one more moment if none is at ``floor`` or later; return whether there was one."""
        return (not self._moments or self._moments[-1] < floor) and self._computes()

    def _computes(self) -> bool:
        """Compute one more moment; return whether there is one."""
        moment = next(self._found, None)
        if moment is None:
            self._is_over = True
            return False
        self._moments.append(moment)
        if moment in self._planned:
            self._moved[moment] = self._planned.pop(moment)
        return True
