"""Reads and shows how far behind the topologies are."""

from collections.abc import Iterable, Sequence

import msgspec

from common import clock
from rondo.location import Place
from rondo.operator import grouping
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from streams.progress.lag import Lag, lags

HIDDEN = "More records are hidden by a transaction that does not end: see docs/operating.md, Transactions."
AHEAD = "The broker lost records, or it is another one: see docs/operating.md, After a power failure."


async def read(place: Place, names: Iterable[str]) -> list[Lag]:
    """Return the current lags of these topologies, or of those with these stages."""
    topologies = grouping.of(place, names)
    postgres = place.postgres if any(not one.keeps_state for one in topologies) else ""
    return await lags(place.kafka, place.registry, postgres, topologies, clock.now())


COLUMNS = (
    Column("topology"),
    Column("topic", drop=3),
    Column("partition", right=True),
    Column("position", drop=4, right=True),
    Column("end", drop=5, right=True),
    Column("lag", right=True),
    Column("age", drop=1, right=True),
)


def table(lags: Sequence[Lag]) -> Fitted:
    """Return lags as a table."""
    return Fitted(COLUMNS, [*map(_row, lags)], _caption(lags))


def _row(lag: Lag) -> list[Cell]:
    end = f"{lag.end} …" if lag.hidden else str(lag.end)
    position = f"{lag.position} …" if lag.outdated else str(lag.position)
    texts = (lag.topology, lag.topic, str(lag.partition), position, end, str(lag.lag), age(lag.age))
    style = "bold" if lag.lag or lag.hidden or lag.outdated else ""
    return [Cell.of(text, style) for text in texts]


def _caption(lags: Sequence[Lag]) -> str:
    if any(lag.lag < 0 for lag in lags):
        return AHEAD
    return HIDDEN if any(lag.hidden or lag.outdated for lag in lags) else ""


def json(lags: Iterable[Lag]) -> Iterable[str]:
    """Return lags as JSON, one object per line; there the name of a topology is ``stage``, as in metrics."""
    plain = (msgspec.to_builtins(lag) for lag in lags)
    return (msgspec.json.encode({"stage": lag.pop("topology"), **lag}).decode() for lag in plain)


def age(seconds: float | None) -> str:
    """Return a duration for people: 0.4 s, 12 s, 3 min, 5 h, 9 d."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
