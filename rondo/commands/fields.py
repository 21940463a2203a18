"""The options that set a task's fields, and the fields that they give."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from rondo.client import Rondo
from rondo.client.models import Fields, Missed, Priority, Subtasks, Until
from rondo.commands import api_command, hints, references, task_ids
from rondo.commands.choices import OneOf
from rondo.terminal import clock, repeats

if TYPE_CHECKING:
    from domain.query import Clock

OPTION_FIELDS = {
    "notes": "notes",
    "priority": "priority",
    "tag": "tags",
    "start": "start",
    "due": "due",
    "repeat": "recurrence",
    "rdate": "rdates",
    "exdate": "exdates",
    "repeats": "repeats",
    "missed": "missed",
    "remind": "reminders",
    "parent": "parent",
    "list": "list",
    "subtasks": "subtasks",
}
"""Fields by the option that sets them, and by the name under which `--clear` clears them."""
DATES = ("rdate", "exdate")
TIMES = {"due-time": "due", "start-time": "start"}
"""More names for `--clear`: the time of a field, with its zone; the day stays."""
CLEARED = click.option(
    "--clear",
    multiple=True,
    metavar="FIELD",
    type=OneOf([*OPTION_FIELDS, *TIMES], {field: option for option, field in OPTION_FIELDS.items()}),
    help=f"Clear this field: {', '.join([*OPTION_FIELDS, *TIMES])}; repeatable.",
)

ON = click.option(
    "--on",
    "--occurrence",
    "occurrence",
    metavar="DAY",
    help="Not the task, but an occurrence of its series that is yet to come: 2026-12-08, fri, 'fri 9:00'.",
)

OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("-d", "--due", help="2026-12-01, tomorrow, 'fri 9:00', 'dec 1', 5pm, 'in 3 days', 'next week', eom."),
    click.option("--start", help="When to start on it; same forms as --due."),
    click.option(
        "-z",
        "--zone",
        type=api_command.ZoneName(),
        help="Time zone of these times, such as Europe/Paris; default: floating.",
    ),
    click.option("-t", "--tag", multiple=True, help="A tag; repeatable."),
    click.option("-p", "--priority", type=OneOf(get_args(Priority), hints.PRIORITIES), help="How urgent it is."),
    click.option("--notes", help="Notes in Markdown; - reads standard input."),
    click.option(
        "-r",
        "--remind",
        multiple=True,
        help="15m, 2h, 1d before the due, '15m before start', '1d before at 18:00', or 'fri 9:00'; 'every 1h' after it "
        "reminds until it is done; repeatable.",
    ),
    click.option(
        "--repeat",
        help="daily, weekdays, weekly, monthly, yearly; a rule such as FREQ=WEEKLY;BYDAY=MO; or 'every! 3 days', which "
        "counts from completion.",
    ),
    click.option("--rdate", multiple=True, help="A further date of the rule; same forms as --due; repeatable."),
    click.option("--exdate", multiple=True, help="A date that the rule leaves out; same forms as --due; repeatable."),
    click.option(
        "--repeats",
        type=OneOf(["schedule", "completion", "calendar"]),
        help="What the next one follows from; by the calendar it opens when it comes, and the open one is missed.",
    ),
    click.option("--missed", type=OneOf(get_args(Missed)), help="Which of the occurrences that have passed opens."),
    click.option("--subtasks", type=OneOf(get_args(Subtasks)), help="What becomes of sub-tasks when it recurs."),
    click.option("--parent", metavar="ID", type=task_ids.TaskId(), help="The parent task."),
    click.option("-l", "--list", metavar="NAME", help="The list, by name or id, or inbox."),
    click.option("--pin/--unpin", "pinned", default=None, help="Pin or unpin it."),
)


def options(command: Any) -> Any:
    """Add the options that set a task's fields."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def written(typed: dict[str, Any], *, whole: bool = True) -> Fields:
    """Return the typed fields as the API takes them. Raises ``click.UsageError``.

    A new task is ``whole``; in a change, a due or a start may be a time without a day.
    """
    zone = typed["zone"]
    notes = api_command.typed_in() if typed["notes"] == "-" else typed["notes"]
    several = {"tag": list(typed["tag"]), **{name: local_keys(f"--{name}", typed[name], zone) for name in DATES}}
    values = {**typed, **dated(typed, zone, whole), **several, **repeated(typed), "notes": notes}
    if zone and not is_used(zone, values, typed["remind"]):
        values |= elsewhere(zone, values, whole)
    set_ = {field: values[option] for option, field in OPTION_FIELDS.items() if values[option] not in (None, [])}
    return cast("Fields", set_ if typed["pinned"] is None else {**set_, "pinned": typed["pinned"]})


def repeated(typed: dict[str, Any]) -> dict[str, Any]:
    """Return the rule that was typed, and that it counts from completion if its words say so."""
    if typed["repeat"] is None:
        return {}
    rule, from_completion = read("--repeat", repeats.counted, typed["repeat"])
    return {"repeat": rule, "repeats": "completion" if from_completion else typed["repeats"]}


def is_used(zone: str, values: Mapping[str, Any], reminders: Iterable[str]) -> bool:
    """Return whether a typed zone applies to anything: to a due, a start, or a reminder's time of day."""
    if any((values[name] or {}).get("zone") == zone for name in ("due", "start")):
        return True
    if not values["remind"]:
        return False
    from rondo.terminal.dates import is_instant  # noqa: PLC0415 - the parser of filters takes long to import

    read = zip(reminders, values["remind"], strict=True)
    return any("at" in each and not is_instant(text) for text, each in read)


def elsewhere(zone: str, values: Mapping[str, Any], whole: bool) -> dict[str, Any]:
    """Return the typed days of a change with a zone: it becomes the zone of the times that the task has there.

    Without a day, it is the due's. Raises ``click.UsageError`` for a new task, which has no time.
    """
    if whole:
        raise click.UsageError("--zone needs a time: write one, as in --due 'tomorrow 9:00'.")
    days = [name for name in ("due", "start") if values[name]] or ["due"]
    return {name: {**(values[name] or {}), "zone": zone} for name in days}


def dated(typed: dict[str, Any], zone: str | None, whole: bool) -> dict[str, Any]:
    """Return the due, start and reminders that were typed."""
    found: dict[str, Any] = {"remind": []}
    if typed["due"] is None and typed["start"] is None and not typed["remind"]:
        return found
    from rondo.terminal import dates  # noqa: PLC0415 - the parser of filters takes long to import

    at = here(zone)
    for name in ("due", "start"):
        if (text := typed[name]) is not None:
            found[name] = read(f"--{name}", dates.due, text, zone, at, whole)
    found["remind"] = [read("--remind", dates.reminder, text, at) for text in typed["remind"]]
    return found


def snoozed(text: str) -> Until:
    """Return until when a task is snoozed, as the API takes it. Raises ``click.UsageError``."""
    from rondo.terminal import dates  # noqa: PLC0415 - the parser of filters takes long to import

    found: Until = read("WHEN", dates.snooze, text, here(None))
    return found


def occurrence(text: str | None) -> str | None:
    """Return a typed day or time as the local key that names an occurrence. Raises ``click.UsageError``."""
    if text is None:
        return None
    return ",".join(local_keys("--on", [text], None))


def local_keys(option: str, typed: Iterable[str], zone: str | None) -> list[str]:
    """Return typed days and times as local keys, instants in UTC. Raises ``click.UsageError``."""
    if not typed:
        return []
    from rondo.terminal import dates  # noqa: PLC0415 - the parser of filters takes long to import

    at = here(zone)
    return [key for text in typed for key in read(option, dates.local_keys, text, at)]


def here(zone: str | None) -> "Clock":
    """Return the clock of a zone, by default of this machine's."""
    from domain.query import Clock  # noqa: PLC0415

    name = zone or api_command.default_zone()
    return Clock(round(clock.now(name).timestamp() * 1000), name)


def read(option: str, reader: Callable[..., Any], *typed: Any) -> Any:
    """Return an option's parsed value. Raises ``click.UsageError`` that names the option."""
    try:
        return reader(*typed)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def cleared(names: tuple[str, ...], typed: dict[str, Any], set_: Fields) -> dict[str, Any]:
    """Return the changes that clear these fields, given the fields that are ``set_``.

    Raises ``click.UsageError`` for a field that is both set and cleared.
    """
    days = cast("dict[str, dict[str, Any]]", {name: set_.get(TIMES[name]) or {} for name in names if name in TIMES})
    for name in names:
        if {"time", "zone"} & {*days.get(name, {})} or OPTION_FIELDS.get(name) in set_:
            option = TIMES.get(name, name)
            option = option if typed[option] else "zone"
            raise click.UsageError(f"--{option} sets what --clear {name} clears: leave one of the two out.")
    timeless = {TIMES[name]: {**day, "time": None} for name, day in days.items()}
    return {**timeless, **{OPTION_FIELDS[name]: None for name in names if name in OPTION_FIELDS}}


def resolved(client: Rondo, typed: Fields) -> Fields:
    """Return fields with the full ids of parent and list."""
    found: Fields = {**typed}
    if parent := typed.get("parent"):
        found["parent"] = task_ids.resolve(client, [parent])[0]
    if (name := typed.get("list")) is not None:
        on = references.list_or_inbox(client, name)
        found["list"] = on["id"] if on else None
    return found
