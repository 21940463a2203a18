"""Shows which parts are starting and ready: a live table on a terminal, elsewhere a line per part."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_PATIENT = 15.0  # seconds between reports of a part that takes long to start
_WIDTH = 100  # characters of a report


@dataclass
class _Part:
    note: str = ""
    began: float | None = None
    took: float | None = None
    failed: bool = False
    reported: float = 0.0


class Progress:
    """The state of each named part. Parts may report from several threads."""

    def __init__(self, names: Sequence[str], console: Console) -> None:
        self._parts = {name: _Part() for name in names}
        self._console = console
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=8)

    @contextmanager
    def display(self) -> Iterator[None]:
        """Show the parts within."""
        if not self._console.is_terminal:
            yield
            return
        with self._live:
            yield

    @contextmanager
    def starting(self, name: str) -> Iterator[None]:
        """Show the part as starting within, and as ready or failed afterwards."""
        part = self._parts[name]
        part.began = time.monotonic()
        try:
            yield
        except BaseException:
            part.failed = True
            raise
        part.took = time.monotonic() - part.began
        if not self._console.is_terminal:
            self._console.print(f"{name:20} ready {part.took:6.1f} s  {part.note}".rstrip(), highlight=False)

    def note(self, name: str, text: str) -> None:
        """Set a part's note, such as its address."""
        self._parts[name].note = text

    def waiting(self, name: str, said: str) -> None:
        """Report the last log line of a part that takes long to start."""
        part, now = self._parts[name], time.monotonic()
        if part.began is None or now - max(part.began, part.reported) < _PATIENT:
            return
        part.note, part.reported = said[:_WIDTH], now
        if not self._console.is_terminal:
            self._console.print(
                f"{name:20} still starting: {part.note}".rstrip(), highlight=False, markup=False, soft_wrap=True
            )

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, part in self._parts.items():
            table.add_row(*_row(name, part))
        return table


def _row(name: str, part: _Part) -> tuple[RenderableType, ...]:
    if part.failed:
        return Text("✗", "red"), name, Text("failed", "red"), Text(part.note)
    if part.took is not None:
        return Text("✓", "green"), name, Text(f"{part.took:.1f} s", "green"), Text(part.note, "dim")
    if part.began is not None:
        waited = time.monotonic() - part.began
        return Spinner("dots"), name, Text(f"{waited:.1f} s", "yellow"), Text(part.note, "dim")
    return Text("·", "dim"), Text(name, "dim"), "", ""
