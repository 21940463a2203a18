"""`rondo add` and `rondo edit`: what a task says."""

import sys
from collections.abc import Callable
from datetime import date
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from rondo.client import settled
from rondo.client.shapes import Changes, Fields, Priority
from rondo.commands import shared
from rondo.commands.shared import TaskCommand
from rondo.terminal import dates, shown

CLEARED = {
    "notes": "notes",
    "tag": "tags",
    "priority": "priority",
    "due": "due",
    "repeat": "recurrence",
    "remind": "reminders",
}
"""The fields that can be cleared, by the option that sets them."""

OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--due", help="2026-12-01, 2026-12-01T09:00, today, tomorrow, fri, 'fri 09:00'."),
    click.option("--zone", help="The time zone of the due's time, as Europe/Paris; without one it floats."),
    click.option("--tag", "tags", multiple=True, help="A tag; can be given several times."),
    click.option("--priority", type=click.Choice(get_args(Priority)), help="How urgent it is."),
    click.option("--notes", help="Notes, in Markdown; - reads them from standard input."),
    click.option("--remind", multiple=True, help="15m, 2h, 1d before the due, or 2026-12-01T09:00:00Z; several times."),
    click.option("--repeat", help="A recurrence rule (RFC 5545), as FREQ=WEEKLY;BYDAY=MO."),
)


def _fields(command: Any) -> Any:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command(cls=TaskCommand)
@click.argument("title", nargs=-1, required=True)
@_fields
@click.option("--key", help="A name for this very task: typed again with the same key, it is not created again.")
@shared.as_json
def add(title: tuple[str, ...], key: str | None, as_json: bool, **typed: Any) -> None:
    """Create a task. The words of TITLE need no quotes, unless the shell reads more into them."""
    fields = written(**typed)
    with shared.rondo() as client:
        answer = client.create(" ".join(title), wait=shared.WAIT, key=key, **fields)
    task = settled(answer)
    if as_json:
        shared.echo_json(answer)
    else:
        click.echo(", due ".join(filter(None, (f"Created {shared.name(task)}", shown.due(task["due"])))))


@click.command(cls=TaskCommand)
@shared.several
@click.option("--title", help="Another title.")
@_fields
@click.option("--clear", multiple=True, type=click.Choice(list(CLEARED)), help="Empty this field; several times.")
@shared.as_json
def edit(tasks: tuple[str, ...], title: str | None, clear: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Set fields of tasks, all to the same; what is not named stays. --tag and --remind set all tags and reminders."""
    changes: Changes = {**written(**typed), **cleared(clear, typed)}  # type: ignore[typeddict-item]
    if title is not None:
        changes["title"] = title
    if not changes:
        raise click.UsageError("Nothing to change: name a field, as --title or --due.")
    with shared.rondo() as client:
        shared.each(
            shared.resolve(client, tasks),
            lambda task: client.update(task, wait=shared.WAIT, **changes),
            lambda answer: shared.told(answer, "Changed", "was like that already"),
            as_json,
        )


def written(
    *,
    due: str | None,
    zone: str | None,
    tags: tuple[str, ...],
    priority: Priority | None,
    notes: str | None,
    remind: tuple[str, ...],
    repeat: str | None,
) -> Fields:
    """Return the fields that were typed as the API takes them. Raises ``click.UsageError``."""
    fields: Fields = {}
    if zone and not due:
        raise click.UsageError("--zone is the zone of a due: give --due too.")
    try:
        if due is not None:
            fields["due"] = dates.due(due, zone, _today(zone))
        if remind:
            fields["reminders"] = [dates.reminder(text) for text in remind]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if tags:
        fields["tags"] = list(tags)
    if priority:
        fields["priority"] = priority
    if notes is not None:
        fields["notes"] = sys.stdin.read() if notes == "-" else notes
    if repeat is not None:
        fields["recurrence"] = repeat
    return fields


def cleared(names: tuple[str, ...], typed: dict[str, Any]) -> dict[str, None]:
    """Return what clears the fields of these options. Raises ``click.UsageError`` for one that is set, too."""
    for name in names:
        if typed["tags" if name == "tag" else name]:
            raise click.UsageError(f"--{name} is set and cleared at once: leave out one of the two.")
    return {CLEARED[name]: None for name in names}


def _today(zone: str | None) -> date:
    moment = shared.now()
    try:
        return moment.astimezone(ZoneInfo(zone)).date() if zone else moment.date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"There is no time zone {zone!r}: write its IANA name, as Europe/Paris.") from None
