"""`rondo settings`: the user's settings."""

from typing import Any, cast, get_args

import click

from rondo.client import Rondo, settled
from rondo.client.models import CatchUp, QuietHours, Settings, SettingsChanges
from rondo.commands import api_command, output, undo_steps
from rondo.commands.api_command import TaskCommand
from rondo.commands.choices import OneOf
from rondo.terminal import clock

FIELDS = {
    "zone": ("zone",),
    "day-time": ("day_time",),
    "quiet": ("quiet_from", "quiet_to"),
    "in-quiet-hours": ("in_quiet_hours",),
    "catch-up": ("catch_up",),
}
"""The settings of each option, which is also its name in `--clear`."""


@click.command("settings", cls=TaskCommand)
@click.option("-z", "--zone", type=api_command.ZoneName(), help="The zone of your days, such as Europe/Paris.")
@click.option("--day-time", metavar="TIME", help="From when reminders of whole days count, such as 09:00.")
@click.option("--quiet", metavar="FROM-TO", help="No reminders between these local times, such as 22:00-07:00.")
@click.option("--in-quiet-hours", type=OneOf(get_args(QuietHours)), help="What happens to reminders between these.")
@click.option("--catch-up", type=OneOf(get_args(CatchUp)), help="Missed reminders that are still sent, by task.")
@click.option("--clear", multiple=True, type=OneOf(FIELDS), help="Restore the default; repeatable.")
@api_command.as_json
def settings(quiet: str | None, clear: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Show your settings, or change some."""
    changes = {**api_command.typed_only(typed), **(_hours(quiet) if quiet is not None else {})}
    for name in clear:
        if any(field in changes for field in FIELDS[name]):
            raise click.UsageError(f"--{name} sets what --clear {name} clears: leave one of the two out.")
        changes |= dict.fromkeys(FIELDS[name])
    with api_command.rondo() as client:
        found = _changed(client, cast("SettingsChanges", changes)) if changes else client.settings()
    if as_json:
        output.echo_json(found)
    else:
        click.echo("".join(f"{name}: {value}\n" for name, value in _described(found).items()), nl=False)


def know_zone(client: Rondo) -> None:
    """Set the user's zone to this machine's if none is set, and say so: what is due on days needs one."""
    if client.settings()["zone"] is not None:
        return
    try:
        zone = clock.machine()
    except clock.NoZone:
        return
    client.update_settings(zone=zone, wait=api_command.WAIT)
    click.echo(f"Your days are those of {zone}, this machine's zone; `rondo settings --zone` changes that.", err=True)


def _changed(client: Rondo, changes: SettingsChanges) -> Settings:
    answer = client.update_settings(wait=api_command.WAIT, **changes)
    undo_steps.undoable(answer, summaries=["Changed the settings"])
    return settled(answer)


def _hours(typed: str) -> dict[str, str]:
    """Return the settings of typed quiet hours."""
    begin, dash, end = typed.partition("-")
    if not dash:
        raise click.UsageError("--quiet: Write two times, such as 22:00-07:00.")
    return {"quiet_from": begin.strip(), "quiet_to": end.strip()}


def _described(settings: Settings) -> dict[str, str]:
    """Return each setting's value as it is typed, by its option."""
    quiet = f"{settings['quiet_from']}-{settings['quiet_to']}" if settings["quiet_from"] else "none"
    return {
        "zone": settings["zone"] or "none (UTC)",
        "day-time": settings["day_time"],
        "quiet": quiet,
        "in-quiet-hours": settings["in_quiet_hours"],
        "catch-up": settings["catch_up"],
    }
