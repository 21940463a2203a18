"""Compares positions with the ends of their topics: a position beyond the end means that the log was truncated."""

from collections.abc import Mapping

from aiokafka import TopicPartition


class Ahead(RuntimeError):
    """A stage's positions are ahead of the log: records appended before they are reset would never be read."""


def check(topology: str, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> None:
    """Raise ``Ahead`` if a topology's positions are beyond the ends of its inputs."""
    beyond = [
        f"{tp.topic}/{tp.partition} up to {position}, but it ends at {ends[tp]}"
        for tp, position in sorted(positions.items())
        if position > ends[tp]
    ]
    if beyond:
        raise Ahead(
            f"The topology {topology} has read {'; '.join(beyond)}: the broker lost records, as by a power failure, or"
            " it is another broker. Restore its data from a backup, or give these records up by `rondo"
            " reset-positions`: see docs/operating.md, After a power failure."
        )
