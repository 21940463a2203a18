"""`rondo settings`: the user's settings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast, get_args

import click

from rondo.client import Problem, Rondo, settled
from rondo.client.models import CatchUp, Changes, Fields, Language, QuietHours, Settings, SettingsChanges
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
    "digest": ("digest_time",),
    "language": ("language",),
}
"""The settings of each option, which is also its name in `--clear`."""


@click.command("settings", cls=TaskCommand)
@click.option("-z", "--zone", type=api_command.ZoneName(), help="The zone of your days, such as Europe/Paris.")
@click.option("--day-time", metavar="TIME", help="From when reminders of whole days count, such as 09:00.")
@click.option("--quiet", metavar="FROM-TO", help="No reminders between these local times, such as 22:00-07:00.")
@click.option("--in-quiet-hours", type=OneOf(get_args(QuietHours)), help="What happens to reminders between these.")
@click.option("--catch-up", type=OneOf(get_args(CatchUp)), help="Missed reminders that are still sent, by task.")
@click.option("--digest", "digest_time", metavar="TIME", help="When to send what is due each day, such as 07:30.")
@click.option("--language", type=OneOf(get_args(Language)), help="The language of messages and `rondo show`: en or de.")
@click.option(
    "--clear", multiple=True, metavar="SETTING", type=OneOf(FIELDS), help="Restore the default of one; repeatable."
)
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


@dataclass
class Use:
    """Whether a command made use of the zone: False if it changed nothing."""

    made: bool = True


class Zone:
    """The zone that fields depend on: the user's, set to this machine's where none is, if a command is not refused."""

    def __init__(self, client: Rondo, fields: Fields | Changes) -> None:
        self._client, self._unknown = client, depends_on_zone(fields)

    @contextmanager
    def known(self) -> Iterator["Use"]:
        """Set the zone before a command that depends on it, and say so after.

        It is set back if the command is refused, or was of no use.
        """
        zone, use = self._missing(), Use()
        command = zone and self._client.update_settings(zone=zone, wait=api_command.WAIT)["command"]["id"]
        try:
            yield use
        except Problem:
            use.made = False
            raise
        finally:
            if command and not use.made:
                self._client.undo_command(command, wait=api_command.WAIT)
        self._unknown = self._unknown and not use.made
        if zone and use.made:
            click.echo(_SET.format(zone), err=True)

    def _missing(self) -> str | None:
        """Return this machine's zone if the user's is needed and not set; None too if the machine has none."""
        if not self._unknown or self._client.settings()["zone"] is not None:
            return None
        try:
            return clock.machine()
        except clock.NoZone:
            return None


_SET = "Your days are those of {}, this machine's zone; `rondo settings --zone` changes that."


def depends_on_zone(fields: Fields | Changes) -> bool:
    """Return whether instants depend on the user's zone: of a rule, of a whole day, of a reminder of floating times."""
    values = cast("Mapping[str, Any]", fields)
    dates = [each for each in (values.get("due"), values.get("start")) if each]
    is_of_days = any("date" in each and not (each.get("time") or each.get("zone")) for each in dates)
    reminds = any("before" in each for each in values.get("reminders") or ())
    return bool(values.get("recurrence") or is_of_days or (reminds and not all(map(_has_zone, dates or [{}]))))


def _has_zone(due: Mapping[str, Any]) -> bool:
    return bool(due.get("zone"))


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
        "digest": settings["digest_time"] or "none",
        "language": settings["language"] or "none",
    }
