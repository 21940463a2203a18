"""`rondo occurrences`: the occurrences of a rule. It asks no server."""

from collections.abc import Sequence

import click

from domain.invalid import Invalid
from domain.recurrence import checks
from domain.recurrence.described import described
from domain.recurrence.preview import MOST
from domain.recurrence.rule_words import LANGUAGES, Language
from rondo.commands import api_command, fields, output
from rondo.commands.choices import OneOf
from rondo.commands.exits import USAGE, Failed
from rondo.commands.help_format import Context
from rondo.terminal import clock, repeats
from schemas.records import Due


class Command(click.Command):
    """A command without a server."""

    context_class = Context


@click.command(cls=Command)
@click.argument("rule")
@click.option("--start", metavar="TIME", help="The first day or time: 2026-01-31T09:00, 'mon 9:00'; default: today.")
@click.option("-z", "--zone", help="Time zone of all times, such as Europe/Paris; default: floating.")
@click.option("-n", "--limit", type=click.IntRange(1, MOST), default=10, help="The most lines; default: 10.")
@click.option("--exdate", multiple=True, metavar="TIME", help="Leave out this day or time; repeatable.")
@click.option("--rdate", multiple=True, metavar="TIME", help="Add this day or time; repeatable.")
@click.option("--language", type=OneOf([*LANGUAGES]), help="Of words and reasons, en or de; default: the terminal's.")
@api_command.as_json
def occurrences(  # noqa: PLR0917 - click's
    rule: str,
    start: str | None,
    zone: str | None,
    limit: int,
    exdate: tuple[str, ...],
    rdate: tuple[str, ...],
    language: Language | None,
    as_json: bool,
) -> None:
    """Print the local times at which a rule recurs, one a line.

    RULE is daily, weekdays, weekly, monthly, yearly, or a rule such as FREQ=WEEKLY;BYDAY=MO. On a terminal, the rule in
    words and why a time is moved or left out are on standard error.
    """
    try:
        begin = _start(start, zone)
        found = checks.recurrence_set(_rule(rule), begin, _keys(rdate, begin), _keys(exdate, begin))
    except Invalid as error:
        raise Failed(error.detail, USAGE) from error
    except (ValueError, clock.NoZone) as error:
        raise Failed(str(error), USAGE) from error
    answer = described(found, limit, language or output.language())
    if as_json:
        output.echo_json(answer)
        return
    if output.on_terminal():
        for line in (answer["words"], *_reasons(answer["occurrences"]), *_reasons(answer["omitted"])):
            click.echo(line, err=True)
    click.echo("".join(f"{each['local']}\n" for each in answer["occurrences"]), nl=False)


def _rule(typed: str) -> str:
    """Return the typed rule. Raises ``ValueError`` for one that has no dates before its task is completed."""
    rule, from_completion = repeats.counted(typed)
    if from_completion:
        raise ValueError(
            f"{typed!r} counts from each completion, so its dates are not known; write a rule without that."
        )
    return rule


def _start(typed: str | None, zone: str | None) -> Due:
    """Return the typed start, or today's date. Raises ``Invalid``, ``ValueError`` and ``NoZone``."""
    if typed is None:
        return checks.start_at(clock.now(zone or api_command.default_zone()).date().isoformat(), None)
    if checks.is_written(typed):
        return checks.start_at(typed, zone)
    from rondo.terminal import dates  # noqa: PLC0415 - the parser of filters takes long to import

    found = dates.due(typed, zone, fields.here(zone))
    local = f"{found['date']}T{found['time']}" if found.get("time") else found["date"]
    return checks.start_at(local, found.get("zone") or zone)


def _keys(typed: Sequence[str], start: Due) -> list[str]:
    """Return typed days and times as local keys, instants in UTC. Raises ``ValueError`` and ``NoZone``."""
    if all(checks.is_written(each) for text in typed for each in text.split(",")):
        return [*typed]
    from rondo.terminal import dates  # noqa: PLC0415 - the parser of filters takes long to import

    at = fields.here(start.zone)
    return [key for text in typed for key in dates.local_keys(text, at)]


def _reasons(items: list[dict[str, str | None]]) -> list[str]:
    """Return why each item is moved or left out, of those that are."""
    named = ((each.get("local") or f"no {each['planned'] or 'occurrence'}", each["reason"]) for each in items)
    return [f"{name}: {reason}" for name, reason in named if reason]
