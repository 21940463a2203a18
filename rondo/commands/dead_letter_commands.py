"""`rondo dead-letters`: list dead letters, show one with what depends on it, and resend them."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click
import msgspec
from click.exceptions import Exit

from common import clock
from rondo.commands import output
from rondo.commands.aliases import Aliased
from rondo.commands.exits import AWAY, FAILED, Failed
from rondo.commands.log import LogCommand
from rondo.location import Place
from rondo.operator import dependents, resending
from rondo.operator.dead_letters import Became, DeadLetterRecord, Log
from rondo.operator.records import instant, key, text
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.plain import plain
from streams import topologies

PATIENCE = 15.0
"""Seconds to wait for the results of resent records, counted from the last result."""


class LogCommands(LogCommand, Aliased):
    """A group whose commands read the log, as it does itself without a command."""

    command_class = LogCommand


STAGE = click.option("--stage", type=click.Choice(topologies.STAGES), help="Only those of this stage.")
REASON = click.option("--reason", help="Only those whose reason contains this text.")
JSON = click.option("-j", "--json", "as_json", is_flag=True, help="One JSON object per line.")


@click.group("dead-letters", cls=LogCommands, invoke_without_command=True)
@JSON
@click.pass_context
def dead_letters_group(ctx: click.Context, as_json: bool) -> None:
    """List dead letters in the order of the log, show one in full, or resend some."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(listed, as_json=as_json)


@dead_letters_group.command("list")
@STAGE
@REASON
@click.option("--all", "every", is_flag=True, help="Also those that were put back.")
@click.option(
    "-n", "last", type=click.IntRange(1), default=50, show_default=True, help="Number to show, the latest ones."
)
@click.option("--before", type=click.IntRange(0), help="Only those before this number: the previous page.")
@click.option("--reasons", is_flag=True, help="Print counts by stage and reason instead.")
@JSON
def listed(  # noqa: PLR0917 - click's
    stage: str | None, reason: str | None, every: bool, last: int, before: int | None, reasons: bool, as_json: bool
) -> None:
    """List dead letters in the order of the log; by default only those not put back yet."""

    async def look() -> tuple[list[DeadLetterRecord], int, dict[int, str]]:
        async with Log.of(Place.load()) as log:
            found = [one for one in await log.dead_letters() if every or one.became is not Became.PUT_BACK]
            found = [one for one in found if matches(one, stage, reason)]
            count, part = len(found), page(found, len(found) if reasons else last, before)
            return part, count, {} if reasons else {one.number: await dependents.kind(log, one) for one in part}

    found, count, kinds = asyncio.run(look())
    if reasons:
        _print_reasons(found, as_json)
    elif as_json:
        click.echo("".join(f"{_json(to_plain(one, kinds[one.number]))}\n" for one in found), nl=False)
    else:
        _print(found, count, kinds)


@dead_letters_group.command()
@click.argument("number", type=click.IntRange(0))
@JSON
def show(number: int, as_json: bool) -> None:
    """Show dead letter NUMBER: its record, decoded, the reason, and what depends on it."""

    async def look() -> dict[str, Any]:
        async with Log.of(Place.load()) as log:
            (dead,) = select(await log.dead_letters(), (number,))
            details = to_plain(dead, await dependents.kind(log, dead))
            details |= {"key": key(dead.key), "headers": _headers(dead), "value": await dependents.value(log, dead)}
            details["depends"] = await dependents.sentences(log, dead)
            details["obstacle"] = await resending.obstacle(log, dead, clock.now())
            return details

    details = asyncio.run(look())
    if as_json:
        click.echo(_json(details))
        return
    for name, value in details.items():
        if name == "depends":
            click.echo("\n" + "\n".join(plain(sentence) for sentence in value))
        elif value not in (None, "", {}):
            written = value if isinstance(value, str) else _json(value)
            click.echo(f"{name}\t{plain(written)}")


@dead_letters_group.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(0))
@STAGE
@REASON
@click.option("--all", "every", is_flag=True, help="All that were not put back yet.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask for confirmation.")
@JSON
def resend(  # noqa: PLR0917 - click's
    numbers: tuple[int, ...], stage: str | None, reason: str | None, every: bool, yes: bool, as_json: bool
) -> None:
    """Resend dead letters NUMBERS, or those of a --reason or a --stage, or --all, in the order of the log.

    Each is put back once, however often it is resent. The status is 1 if one is dead-lettered again or can't be resent,
    and 3 if its stage has not processed it yet.
    """
    if bool(numbers) == bool(stage or reason or every):
        raise click.UsageError("Select dead letters by their numbers, or by --reason, --stage or --all.")

    async def send() -> list[tuple[DeadLetterRecord, str]]:
        async with Log.of(Place.load()) as log:
            selected = to_resend(await log.dead_letters(), numbers, stage, reason)
            refused = {one.number: why for one in selected if (why := await resending.obstacle(log, one, clock.now()))}
            fresh = [one for one in selected if one.became is Became.DEAD and one.number not in refused]
            if fresh and not yes and not numbers and not click.confirm(await _question(log, fresh), err=True):
                raise Exit(FAILED)
            await resending.send(log, Place.load().kafka, fresh)
            return [
                (one, refused.get(before.number, one.became.value))
                for before, one in zip(selected, await _settled(log, selected), strict=True)
            ]

    results = asyncio.run(send())
    if not results and not as_json:
        click.echo("There are no dead letters to resend.")
    for dead, what in results:
        if as_json:
            click.echo(_json({"number": dead.number, "place": dead.place, "stage": dead.stage, "became": what}))
        else:
            reason_again = f": {plain(dead.reason)}" if what == Became.DEAD else ""
            click.echo(f"{dead.number}\t{dead.stage}\t{dead.place}\t{what}{reason_again}")
    check_put_back([what for _, what in results])


def check_put_back(became: Sequence[str]) -> None:
    """Raise ``Failed`` unless all of these dead letters were put back."""
    failed = sum(what not in {Became.PUT_BACK, Became.SENT} for what in became)
    if failed:
        raise Failed(f"{failed} of {len(became)} could not be put back; see each with `rondo dead-letters show`.")
    if waiting := sum(what == Became.SENT for what in became):
        raise Failed(
            f"{waiting} were resent, but their stages have not processed them yet: are their workers running?", AWAY
        )


async def _settled(log: Log, selected: Sequence[DeadLetterRecord]) -> list[DeadLetterRecord]:
    """Return these dead letters once their results are known, or at the timeout."""
    waiting, deadline = len(selected) + 1, 0.0
    while True:
        by_first = {one.numbers[0]: one for one in await log.dead_letters()}
        found = [by_first.get(one.numbers[0], one) for one in selected]
        if (left := sum(one.became is Became.SENT for one in found)) < waiting:
            waiting, deadline = left, time.monotonic() + PATIENCE
        if not left or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.3)


async def _question(log: Log, fresh: Sequence[DeadLetterRecord]) -> str:
    again = await resending.read_again(log, fresh)
    views = f" Views will read {again:,} records again." if again else ""
    return f"Resend {len(fresh):,} dead letters?{views}"


def to_plain(dead: DeadLetterRecord, kind: str) -> dict[str, Any]:
    """Return a dead letter as plain data, without its record."""
    return {
        "number": dead.number,
        "at": instant(dead.at),
        "stage": dead.stage,
        "place": dead.place,
        "record": kind,
        "reason": dead.reason,
        "became": dead.became.value,
        "sent": [instant(sent.retry.at) for sent in dead.sent],
        "earlier": dead.numbers[:-1],
    }


def _headers(dead: DeadLetterRecord) -> dict[str, str]:
    return {name: text(content) for name, content in dead.headers}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _print(found: Sequence[DeadLetterRecord], count: int, kinds: dict[int, str]) -> None:
    stdout = click.get_text_stream("stdout")
    if not stdout.isatty():
        for one in found:
            cells = (str(one.number), instant(one.at), one.stage, one.place, kinds[one.number], one.became.value)
            click.echo("\t".join((*cells, plain(one.reason))))
        return
    if not count:
        click.echo("There are no dead letters.")
        return
    output.echo(Fitted(COLUMNS, [_row(one, kinds[one.number]) for one in found]))
    if found and len(found) < count:
        click.echo(f"{len(found):,} of {count:,}. `--before {found[0].number}` shows those before them.")


COLUMNS = (
    Column("number", right=True),
    Column("at", drop=3, wraps=True),
    Column("stage", drop=2),
    Column("place", drop=5),
    Column("record", drop=4),
    Column("reason", wraps=True, floor=16),
    Column("became", drop=1, wraps=True),
)


def _row(one: DeadLetterRecord, kind: str) -> list[Cell]:
    became = "" if one.became is Became.DEAD and not one.sent else one.became.value
    again = "dead again" if one.became is Became.DEAD and one.sent else became
    texts = (str(one.number), instant(one.at), one.stage, one.place, kind, plain(one.reason), again)
    return [*map(Cell.of, texts)]


def _print_reasons(found: Sequence[DeadLetterRecord], as_json: bool) -> None:
    counts = Counter((one.stage, one.reason) for one in found)
    for (stage, reason), count in counts.most_common():
        if as_json:
            click.echo(_json({"count": count, "stage": stage, "reason": reason}))
        else:
            click.echo(f"{count}\t{stage}\t{plain(reason)}")


def select(dead_letters: Sequence[DeadLetterRecord], numbers: Sequence[int]) -> list[DeadLetterRecord]:
    """Return the dead letters of these numbers, each once, in the order of the log. Raises ``Failed``."""
    known = {number for one in dead_letters for number in one.numbers}
    if missing := sorted(set(numbers) - known):
        raise Failed(f"There is no dead letter {missing[0]}; list them with `rondo dead-letters`.")
    return [one for one in dead_letters if set(numbers) & set(one.numbers)]


def to_resend(
    dead_letters: Sequence[DeadLetterRecord], numbers: Sequence[int], stage: str | None, reason: str | None
) -> list[DeadLetterRecord]:
    """Return the dead letters to resend: those of these numbers; without numbers, the dead ones that match.

    Raises ``Failed`` for an unknown number.
    """
    if numbers:
        return select(dead_letters, numbers)
    return [one for one in dead_letters if one.became is Became.DEAD and matches(one, stage, reason)]


def page(dead_letters: Sequence[DeadLetterRecord], last: int, before: int | None) -> list[DeadLetterRecord]:
    """Return the ``last`` dead letters, of those before the number ``before``. Raises ``Failed``."""
    places = (place for place, one in enumerate(dead_letters) if before in one.numbers)
    if (stop := len(dead_letters) if before is None else next(places, None)) is None:
        raise Failed(f"There is no dead letter {before} among these.")
    return list(dead_letters[max(0, stop - last) : stop])


def matches(dead: DeadLetterRecord, stage: str | None, reason: str | None) -> bool:
    """Return whether a dead letter is of this stage, and its reason contains this text."""
    return stage in {None, dead.stage} and (reason is None or reason.casefold() in dead.reason.casefold())
