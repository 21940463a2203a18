"""`rondo notifications`: the deliveries of reminders and digests."""

from collections.abc import Mapping, Sequence
from itertools import islice

import click

from rondo.client import Rondo
from rondo.client.models import Notification
from rondo.commands import api_command, output
from rondo.commands.api_command import TaskCommand
from rondo.terminal import clock
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

STYLE = {"claimed": "", "sent": "green", "failed": "bold red", "suppressed": "dim", "missed": "yellow"}
COLUMNS = (
    Column("task", drop=2),
    Column("due", wraps=True),
    Column("status"),
    Column("target", drop=1, wraps=True),
    Column("title", wraps=True, floor=10),
    Column("why", wraps=True, floor=12),
)


@click.command(cls=TaskCommand)
@click.option("-n", "--limit", type=click.IntRange(1, 1_000_000), default=20, show_default=True, help="The most lines.")
@api_command.as_json
def notifications(limit: int, as_json: bool) -> None:
    """Show what was sent of reminders and digests, what was not, and why, the latest first.

    To a pipe or a file, print one line each, with tabs between its fields: task, due, status, target, title, why.
    """
    zone = api_command.default_zone()
    with api_command.rondo() as client:
        found = list(islice(client.notifications(limit=min(limit, api_command.PAGE)), limit))
        names = {} if as_json else _targets(client, found)
    if as_json:
        output.echo_json(found)
        return
    rows = [_row(one, names, zone) for one in found]
    if output.on_terminal():
        output.echo(Fitted(COLUMNS, [_cells(row) for row in rows]))
    else:
        click.echo("".join("\t".join(row) + "\n" for row in rows), nl=False)


def _targets(client: Rondo, found: Sequence[Notification]) -> dict[str, str]:
    """Return the names of the targets by their ids, if there are deliveries to any."""
    if not any(one["target"] for one in found):
        return {}
    return {one["id"]: plain(one["name"]) for one in client.targets(limit=api_command.PAGE)}


def _row(one: Notification, names: Mapping[str, str], zone: str) -> tuple[str, ...]:
    """Return the texts of a delivery, in the order of the columns; without a target it goes to the own channel."""
    task, target, last = one["task"], one["target"], one["steps"][-1]
    where = names.get(target, target[:SHOWN]) if target else last["channel"]
    due = f"{clock.local(one['due_at'], zone):%Y-%m-%d %H:%M}"
    return (task["id"][:SHOWN] if task else "", due, one["status"], where, plain(one["title"]), _why(one, zone))


def _why(one: Notification, zone: str) -> str:
    """Return why the last step was not a success, and when it is tried again."""
    last = one["steps"][-1]
    again = last["retry_at"]
    later = f"next try {clock.local(again, zone):%H:%M:%S}" if again else ""
    return "; ".join(filter(None, (plain(last["detail"] or ""), later)))


def _cells(row: Sequence[str]) -> list[Cell]:
    styles = {0: "dim", 2: STYLE[row[2]]}
    return [Cell.of(text, styles.get(place, "")) for place, text in enumerate(row)]
