"""Keeps the timestamps of a stage's records monotonic in each partition of its topics.

A derived record has the time of its cause, from a clock that may have been set back since. If that is earlier than the
time of the previous record on the same topic, the record is produced with that one's timestamp. The time within the
record, which decisions use, is not changed.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from schemas.envelope import Envelope

_EARLIEST = -(2**63)


class Latest:
    """The latest time in a partition by topic, in milliseconds since 1970."""

    def __init__(self, times: Mapping[str, int] | None = None) -> None:
        self._times = {**(times or {})}

    def stamp(self, topic: str, at: int) -> int:
        """Return the timestamp of a topic's next record, whose own time is ``at``."""
        self._times[topic] = max(at, self._times.get(topic, at))
        return self._times[topic]

    def stamped(self, topic: str, outputs: Iterable[Envelope]) -> list[Envelope]:
        """Return a topic's next records, with monotonic timestamps."""
        latest, stamped = self._times.get(topic, _EARLIEST), []
        for out in outputs:
            if out.at >= latest:
                latest = out.at
                stamped.append(out)
            else:
                stamped.append(replace(out, at=latest))
        self._times[topic] = latest
        return stamped
