"""The progress and the result of a bulk."""

from collections.abc import Callable

import click

from rondo.client import Rondo
from rondo.client.models import Bulk, Refs, Refusal
from rondo.commands import api_command, option_names
from rondo.commands.exits import AWAY, Failed
from rondo.terminal import ids
from rondo.terminal.descriptions import tasks
from rondo.terminal.plain import plain

STEP = 1.0
"""Seconds between two requests for a bulk's progress."""
PATIENCE = 60
"""Requests in a row without progress after which a bulk is given up."""
SHOWN = 20
"""Refused tasks that are reported one by one."""


def follow(client: Rondo, bulk: Bulk) -> Bulk:
    """Return a bulk once it has ended; a terminal shows a progress bar.

    Raises ``Failed`` where it makes no progress.
    """
    from rich.console import Console  # noqa: PLC0415 - it takes long to import
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("chunks", total=bulk["chunks"])
        still = 0
        while bulk["status"] == "pending":
            before, bulk = bulk, client.bulk(bulk["id"], wait=STEP)
            progress.update(bar, completed=bulk["decided"])
            still = still + 1 if bulk["decided"] == before["decided"] else 0
            if still == PATIENCE:
                raise Failed(f"The bulk has not ended yet: `rondo bulk show {bulk['id']}` shows it.", AWAY)
    return bulk


def report(client: Rondo, bulk: Bulk, done: str, already: str, counted: Callable[[int], str] = tasks) -> None:
    """Print the result of a bulk, and on standard error the tasks that it left as they are, and why."""
    parts = [f"{done} {counted(bulk['changed'])}"]
    if bulk["unchanged"]:
        parts.append(f"{bulk['unchanged']:,} {already}")
    if bulk["refused"]:
        parts.append(f"{bulk['refused']:,} left as they are")
    click.echo(f"{'; '.join(parts)}. Bulk {bulk['id']}")
    if bulk["status"] == "in-part":
        click.echo("The rest was never sent: run the command again.", err=True)
    for place, refusal in enumerate(client.refusals(bulk["id"]) if bulk["refused"] else ()):
        if place == SHOWN:
            click.echo(f"… and {bulk['refused'] - SHOWN:,} more: `rondo bulk show {bulk['id']} --json`.", err=True)
            break
        click.echo(f"{_named(refusal)}: {plain(option_names.about(refusal['field'], refusal['detail']))}", err=True)


def _named(refusal: Refusal) -> str:
    if tag := refusal["tag"]:
        return f"#{plain(tag['name'])}"
    about = next(each for word in Refs.__annotations__ if (each := refusal[word]))  # type: ignore[literal-required]
    return str(about["id"])[: ids.SHOWN]


def with_refusals(client: Rondo, bulk: Bulk) -> dict[str, object]:
    """Return a bulk with its refusals, as one JSON value."""
    return {**bulk, "refusals": list(client.refusals(bulk["id"], limit=api_command.PAGE)) if bulk["refused"] else []}
