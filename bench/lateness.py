"""The lateness and cost of reminders that were due, and the printing of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from bench.meter import Usage
from bench.report import MIB, over, ratio


@dataclass(frozen=True)
class Load:
    """The reminders that are due: ``rate`` a second for some ``seconds``, and then ``burst`` at once."""

    rate: int
    seconds: float
    burst: int
    lead: float
    """Seconds until the first is due; the worker must be ready by then."""

    @property
    def even(self) -> int:
        """The number of those that are due one after another."""
        return int(self.rate * self.seconds)


@dataclass(frozen=True)
class Fired:
    """The lateness of reminders, in sorted ms until each was visible, and what the worker used meanwhile."""

    late: Sequence[float]
    used: Usage

    def percentile(self, of: int) -> float:
        """Return a percentile of the lateness."""
        return quantiles(self.late, n=100, method="inclusive")[of - 1]

    @property
    def rate(self) -> float:
        """Reminders a second, of those that were due at once."""
        return len(self.late) / self.late[-1] * 1000

    @property
    def us(self) -> float:
        """CPU microseconds of the worker per reminder."""
        return self.used.cpu / len(self.late) * 1e6


@dataclass(frozen=True)
class Measured:
    """The measurements with a number of pending reminders."""

    pending: int
    ready: float
    """Seconds from the start of the worker until it was ready."""
    even: Fired
    burst: Fired
    alone: float
    """CPU microseconds to fire one without a broker; 0 without pending ones."""

    @property
    def memory(self) -> int:
        """The worker's most resident bytes."""
        return max(self.even.used.memory, self.burst.used.memory)


def show(console: Console, load: Load, found: Sequence[Measured]) -> None:
    """Print the measurements."""
    table = Table(title=f"Reminders: {load.rate:,} a second, and {load.burst:,} due at once; CPU in µs a reminder")
    titles = ("p50 ms", "p99 ms", "max ms", "CPU", "all at once, s", "fired/s", "CPU", "no broker", "MiB", "ready, s")
    for column in ("pending", *titles):
        table.add_column(column, justify="right")
    for one in found:
        even, burst = one.even, one.burst
        late = (f"{even.percentile(50):.0f}", f"{even.percentile(99):.0f}", f"{even.late[-1]:.0f}", f"{even.us:.0f}")
        at_once = (f"{burst.late[-1] / 1000:.1f}", f"{burst.rate:,.0f}", f"{burst.us:.0f}", f"{one.alone:.0f}")
        table.add_row(f"{one.pending:,}", *late, *at_once, f"{one.memory / MIB:.0f}", f"{one.ready:.1f}")
    console.print(table)
    for one in found:
        ratio(console, f"timers-p99-ms@{one.pending}", one.even.percentile(99))
        ratio(console, f"timers-fired-per-second@{one.pending}", one.burst.rate)
        ratio(console, f"timers-cpu-us@{one.pending}", one.burst.us)
        ratio(console, f"timers-cpu-us-without-broker@{one.pending}", one.alone)
        ratio(console, f"timers-memory-mib@{one.pending}", one.memory / MIB)
        ratio(console, f"timers-ready-s@{one.pending}", one.ready)
    most = found[-1]
    for one in found[:-1]:
        ratio(console, f"timers-fired:{most.pending}/{one.pending}", over(most.burst.rate, one.burst.rate))
        ratio(console, f"timers-memory-mib:{most.pending}-{one.pending}", (most.memory - one.memory) / MIB)
