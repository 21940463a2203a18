"""`rondo add` and `rondo edit`: what a task says."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from rondo.client import Answer, NotFound, Outdated, Rondo, Task, settled
from rondo.client.shapes import Changes, Fields, Priority
from rondo.commands import hints, keeping, meant, shared
from rondo.commands.shared import TaskCommand
from rondo.terminal import clock, repeats, shown
from streams.domain import cleaning

if TYPE_CHECKING:
    from streams.domain.filters import Clock

OPTION_FIELDS = {
    "notes": "notes",
    "priority": "priority",
    "tag": "tags",
    "start": "start",
    "due": "due",
    "repeat": "recurrence",
    "remind": "reminders",
    "parent": "parent",
    "list": "list",
}
"""The fields that options set and `--clear` clears, by the option."""
TIMES = {"due-time": "due", "start-time": "start"}
"""What `--clear` clears besides: the time of a field, with its zone; the day stays."""
CLEARED = click.option(
    "--clear",
    multiple=True,
    metavar="FIELD",
    type=click.Choice([*OPTION_FIELDS, *TIMES]),
    help=f"Empty this field, of {', '.join([*OPTION_FIELDS, *TIMES])}; several times.",
)
FIELDS = tuple(field for field in Task.__annotations__ if field in Changes.__optional_keys__ | {"title"})
"""What a change may change, in the order in which a task shows it."""
TRIES = 5
"""How often tags are added to a task that others change meanwhile."""

OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("-d", "--due", help="2026-12-01, tomorrow, 'fri 9:00', 'dec 1', 5pm, 'in 3 days', 'next week', eom."),
    click.option("--start", help="When to begin with it, written as --due."),
    click.option(
        "-z", "--zone", type=shared.ZoneName(), help="The time zone of their times, as Europe/Paris; else they float."
    ),
    click.option("-t", "--tag", multiple=True, help="A tag; can be given several times."),
    click.option("-p", "--priority", type=click.Choice(get_args(Priority)), help="How urgent it is."),
    click.option("--notes", help="Notes, in Markdown; - reads them from standard input."),
    click.option("-r", "--remind", multiple=True, help="15m, 2h, 1d before the due, or 'fri 9:00'; several times."),
    click.option("--repeat", help="daily, weekdays, weekly, monthly, yearly; or a rule as FREQ=WEEKLY;BYDAY=MO."),
    click.option("--parent", metavar="ID", type=shared.TaskId(), help="The task that it is a part of."),
    click.option(
        "-l", "--list", metavar="NAME", help="The list that it is on, by name or id; --clear list is the inbox."
    ),
    click.option("--pin/--unpin", "pinned", default=None, help="Pin it, or no longer."),
)


def fields(command: Any) -> Any:
    """Take the options that set a task's fields."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command(cls=TaskCommand)
@click.argument("title", nargs=-1, required=True)
@fields
@click.option("--key", help="A name for this very task: typed again with the same key, it is not created again.")
@shared.as_json
def add(title: tuple[str, ...], key: str | None, as_json: bool, **typed: Any) -> None:
    """Create a task. The words of TITLE need no quotes, unless the shell reads more into them."""
    set_ = written(typed)
    if key is not None and not (key.isascii() and key.isprintable() and key.strip()):
        raise click.UsageError("--key: Write it in the printable characters of ASCII.")
    with shared.rondo() as client:
        answer = client.create(" ".join(title), wait=shared.WAIT, key=key, **resolved(client, zoned(set_)))
    known = cast("Task", answer["task"] or {})
    keeping.undoable(answer, told=[f"Created {shared.name(known)}"] if "title" in known else [])
    task = settled(answer)
    if as_json:
        shared.echo_json(answer)
    else:
        click.echo(", due ".join(filter(None, (f"Created {shared.name(task)}", shown.due(task["due"])))))
    hints.tell_fields(task["id"], title)


@click.command(cls=TaskCommand)
@shared.several
@click.option("--title", help="Another title.")
@fields
@click.option("--add-tag", multiple=True, help="A tag besides those that it has; several times.")
@click.option("--remove-tag", multiple=True, help="A tag to take away; several times.")
@CLEARED
@shared.as_json
def edit(
    *,
    tasks: tuple[str, ...],
    title: str | None,
    add_tag: tuple[str, ...],
    remove_tag: tuple[str, ...],
    clear: tuple[str, ...],
    as_json: bool,
    **typed: Any,
) -> None:
    """Set fields of tasks, all to the same; what is not named stays. --tag and --remind set all tags and reminders.

    A --due or --start without a time keeps the time and the zone that a task has.
    """
    set_ = written(typed, whole=False)
    emptied = cleared(clear, typed, set_)
    if (add_tag or remove_tag) and "tags" in {*set_, *emptied}:
        raise click.UsageError("--add-tag and --remove-tag go without what sets or clears all tags.")
    if not (set_ or emptied or add_tag or remove_tag or title is not None):
        raise click.UsageError("Nothing to change: name a field, as --title or --due.")

    with shared.rondo() as client:
        ids = shared.resolve(client, tasks)
        changes = cast("Changes", {**resolved(client, set_), **emptied})
        if title is not None:
            changes["title"] = title

        before: dict[str, Task] = {}
        zone = typed["zone"]

        def send(task: str) -> Answer:
            if not as_json:
                with suppress(NotFound):  # not in the views yet: whether it is there is for the command to say
                    before[task] = client.task(task)
            if add_tag or remove_tag or lacks_zone(changes):
                return changed_as_seen(client, task, lambda seen: beside(seen, changes, add_tag, remove_tag, zone))
            return client.update(task, wait=shared.WAIT, **changes)

        shared.each(ids, send, lambda answer: told(before, answer), as_json)


def told(before: Mapping[str, Task], answer: Answer) -> str:
    """Return in a sentence what became of a change, with the fields that it really changed.

    Where somebody else has changed the task since it was read ``before``, these are not known.
    """
    sentence, after = shared.told(answer, "Changed", "was like that already"), settled(answer)
    seen = before.get(after["id"])
    if answer["command"]["status"] != "accepted" or seen is None or seen["version"] != after["version"] - 1:
        return sentence
    was, stands = cast("dict[str, Any]", seen), cast("dict[str, Any]", after)
    return f"{sentence}: {', '.join(field for field in FIELDS if was[field] != stands[field])}"


def lacks_zone(fields: Fields | Changes) -> bool:
    """Say whether reminders before the due are set, but no zone for it: they need one."""
    said = cast("Mapping[str, Any]", fields)
    due = said.get("due", {})
    before = any("before" in each for each in said.get("reminders") or ())
    return before and due is not None and "zone" not in due


def zoned(fields: Fields) -> Fields:
    """Return fields with the zone that reminders before their due need: where none was typed, that of the person."""
    due = fields.get("due")
    if not (due and "time" in due and lacks_zone(fields)):
        return fields
    return {**fields, "due": {**due, "zone": shared.default_zone()}}


def beside(seen: Task, changes: Changes, added: Iterable[str], removed: Iterable[str], zone: str | None) -> Changes:
    """Return changes with what follows from what a task has: tags added and removed, a zone for its reminders."""
    found = cast("Changes", {**changes})
    if added or removed:
        found["tags"] = sorted({*seen["tags"], *map(cleaning.tag, added)} - {*removed, *map(cleaning.tag, removed)})
    due = {**(seen["due"] or {}), **(changes.get("due") or {})}
    if lacks_zone(changes) and due.get("time") and not due.get("zone"):
        found["due"] = cast("Any", {**due, "zone": zone or shared.default_zone()})
    return found


def changed_as_seen(client: Rondo, task: str, changes: Callable[[Task], Changes]) -> Answer:
    """Change a task by what it has, in the version that was read: nothing of anybody gets lost between."""
    for left in reversed(range(TRIES)):
        seen = client.task(task)
        try:
            return client.update(task, wait=shared.WAIT, version=seen["version"], **changes(seen))
        except Outdated:
            if not left:
                raise
    raise AssertionError


def written(typed: dict[str, Any], *, whole: bool = True) -> Fields:
    """Return the fields that were typed as the API takes them; of a change, not ``whole``, a time may come alone.

    Raises ``click.UsageError``.
    """
    zone = typed["zone"]
    if zone and not (typed["due"] or typed["start"] or typed["remind"]):
        raise click.UsageError("--zone is the zone of a due or a start: give one of them, too.")
    notes = shared.typed_in() if typed["notes"] == "-" else typed["notes"]
    repeat = None if typed["repeat"] is None else read("--repeat", repeats.rule, typed["repeat"])
    values = {**typed, **dated(typed, zone, whole), "notes": notes, "tag": list(typed["tag"]), "repeat": repeat}
    set_ = {field: values[option] for option, field in OPTION_FIELDS.items() if values[option] not in (None, [])}
    return cast("Fields", set_ if typed["pinned"] is None else {**set_, "pinned": typed["pinned"]})


def dated(typed: dict[str, Any], zone: str | None, whole: bool) -> dict[str, Any]:
    """Return due, start and reminders, where they were typed."""
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


def here(zone: str | None) -> "Clock":
    """Return the clock of a zone, without one that of where the person is."""
    from streams.domain.filters import Clock  # noqa: PLC0415

    name = zone or shared.default_zone()
    return Clock(round(clock.now(name).timestamp() * 1000), name)


def read(option: str, reader: Callable[..., Any], *typed: Any) -> Any:
    """Return what an option says. Raises ``click.UsageError`` that names it."""
    try:
        return reader(*typed)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def cleared(names: tuple[str, ...], typed: dict[str, Any], set_: Fields) -> dict[str, Any]:
    """Return what clears the fields of these options, besides what is ``set_`` of them.

    Raises ``click.UsageError`` for one that is set, too.
    """
    days = cast("dict[str, dict[str, Any]]", {name: set_.get(TIMES[name]) or {} for name in names if name in TIMES})
    for name in names:
        if typed.get(name) or "time" in days.get(name, {}):
            option = TIMES.get(name, name)
            raise click.UsageError(f"--{option} is set and --clear {name} clears it: leave out one of the two.")
    timeless = {TIMES[name]: {**day, "time": None} for name, day in days.items()}
    return {**timeless, **{OPTION_FIELDS[name]: None for name in names if name in OPTION_FIELDS}}


def resolved(client: Rondo, typed: Fields) -> Fields:
    """Return fields with the whole ids of parent and list."""
    found: Fields = {**typed}
    if parent := typed.get("parent"):
        found["parent"] = shared.resolve(client, [parent])[0]
    if name := typed.get("list"):
        found["list"] = meant.list_id(client, name)
    return found
