"""Tells how far the stages are behind."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from rich.table import Table

from rondo.place import Place
from schemas import clock
from streams import worker
from streams.lag import Lag, lags

HIDDEN = "More is hidden by a transaction that does not end: see docs/operating.md, Transactions."
AHEAD = "The broker lost records, or it is another one: see docs/operating.md, After a power failure."


async def found(place: Place, names: Iterable[str]) -> list[Lag]:
    """Return where these stages stand now."""
    stages = [worker.find(name) for name in names]
    postgres = place.postgres if any(not stage.keeps_state for stage in stages) else ""
    return await lags(place.kafka, place.registry, postgres, stages, clock.now())


def table(lags: Sequence[Lag]) -> Table:
    """Return them as a table."""
    shown = Table("stage", "topic", caption=_caption(lags))
    for column in ("partition", "position", "end", "lag", "age"):
        shown.add_column(column, justify="right")
    for lag in lags:
        end = f"{lag.end} …" if lag.hidden else str(lag.end)
        position = f"{lag.position} …" if lag.outdated else str(lag.position)
        numbers = (str(lag.partition), position, end, str(lag.lag))
        bold = lag.lag or lag.hidden or lag.outdated
        shown.add_row(lag.stage, lag.topic, *numbers, age(lag.age), style="bold" if bold else "")
    return shown


def _caption(lags: Sequence[Lag]) -> str | None:
    if any(lag.lag < 0 for lag in lags):
        return AHEAD
    return HIDDEN if any(lag.hidden or lag.outdated for lag in lags) else None


def json(lags: Iterable[Lag]) -> Iterable[str]:
    """Return them as JSON, one object a line."""
    return (msgspec.json.encode(_plain(lag)).decode() for lag in lags)


def _plain(lag: Lag) -> dict[str, Any]:
    return asdict(lag)


def age(seconds: float | None) -> str:
    """Return a time for people: 0.4 s, 12 s, 3 min, 5 h, 9 d."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
