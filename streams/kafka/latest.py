"""The times of the last records that a stage has put into a partition of its topics: those that follow go not back.

A derived record has the time of what caused it, and that was said by a clock which may have been set back since. Where
it is earlier than the record before it on the same topic, it is put there with that one's time. What the record says of
its time stays: that is what is decided by.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from schemas.envelope import Envelope


class Latest:
    """The latest time in a partition by topic, in milliseconds since 1970."""

    def __init__(self, times: Mapping[str, int] | None = None) -> None:
        self._times = {**(times or {})}

    def stamp(self, topic: str, at: int) -> int:
        """Return the time of the next record of a topic whose own is ``at``."""
        self._times[topic] = max(at, self._times.get(topic, at))
        return self._times[topic]

    def stamped(self, topic: str, outputs: Iterable[Envelope]) -> list[Envelope]:
        """Return a topic's next records, each with a time that goes not back."""
        stamps = ((out, self.stamp(topic, out.at)) for out in outputs)
        return [out if out.at == at else replace(out, at=at) for out, at in stamps]
