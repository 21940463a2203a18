"""The tables of docs/recurrence.md are what the rule and the aggregate lead to."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain import subtasks, times
from domain.recurrence import advance, checks, overrides
from domain.recurrence.derived import CLOSING, derived
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    MINUTE,
    NOON,
    PARIS,
    World,
    a_task,
    complete,
    create,
    delete,
    reopen,
    restore,
    skip,
    update,
)
from tests.unit.runtime.test_calendar_series import at, daily, home

PAGE = (Path(__file__).parents[2] / "docs" / "recurrence.md").read_text()


def rows(head: str) -> Iterator[list[str]]:
    """Yield the cells of a table's rows, without backticks."""
    table = PAGE.partition(head)[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def due_of(local: str, zone: str | None = None) -> r.Due:
    date, _, time = local.partition("T")
    return r.Due(date, f"{time}:00" if time else None, zone if time else None)


NEXT = [*rows("| rule | closed slot | closed at | repeats | missed | next slot |")]
COMES = [*rows("| due | missed | until | open | closed as missed |")]
DONE = [*rows("| done | due on |"), *rows("| decided | due on |")]


@pytest.mark.parametrize("row", NEXT, ids=" ".join)
def test_the_next_occurrence_is_the_one_that_the_page_says(row: list[str]) -> None:
    rrule, slot, closed, repeats, missed, expected = row
    local, zone = closed.split()
    moment = times.milliseconds(times.local(due_of(local)), zone)
    recurrence = r.Recurrence(
        rrule, due_of(*slot.split()), repeats=r.Repeats[repeats.upper()], missed=r.Missed[missed.upper()]
    )
    task = a_task(
        status=r.Status.COMPLETED, completed_at=moment, series="t", occurrence=times.key(recurrence.start),
        recurrence=recurrence, due=recurrence.start,
    )  # fmt: skip
    command = advance.following(r.TaskCompleted("e", ANNA, moment, "a", "c", task, zone=zone))
    assert (times.key(command.due).removesuffix(":00") if command else "none") == expected


@pytest.mark.parametrize("row", COMES, ids=" ".join)
async def test_what_opens_by_the_calendar_is_what_the_page_says(row: list[str]) -> None:
    due, missed, until, *expected = row
    async with home("America/New_York") as here:
        here.does(daily(due_of(*due.split()), r.Missed[missed.upper()]))
        here.waits(at(until))
        found = (", ".join(key.removesuffix(":00") for key in keys) or "none" for keys in (here.open(), here.missed()))
        assert [*found] == expected


class Person:
    """A person who types the commands of the page about one series."""

    def __init__(self) -> None:
        self.world, self.at, self.last = World(create(due=PARIS, rrule="FREQ=WEEKLY;COUNT=4")), NOON, "t"
        self.said: Any = None

    def types(self, line: str) -> None:
        verb, *options = shlex.split(line)
        said = dict(zip(options[::2], options[1::2], strict=True))
        self.at += MINUTE
        self.last = next(iter(self.world.open()), self.last)
        on = said.pop("--on", None)
        self.does(replace(getattr(self, verb)(said), **({"occurrence": on} if on else {})))

    def does(self, command: Any) -> None:
        decided = self.world.does(command)
        self.said = command
        assert decided.outcome.kind is r.OutcomeKind.ACCEPTED, decided
        for event in decided.events:
            if isinstance(event, CLOSING) and (followup := derived(event, self.world.version)):
                self.world.does(followup)

    def edit(self, said: dict[str, str]) -> r.UpdateTask:
        scope = r.Scope[said.pop("--scope", "unnamed").upper()]
        read = {
            "--due": lambda text: ("due", replace(PARIS, date=text)),
            "--repeat": lambda text: ("rrule", text),
            "--exdate": lambda text: ("exdates", (text,)),
            "--rdate": lambda text: ("rdates", (text,)),
            "--repeats": lambda text: ("repeats", r.Repeats[text.upper()]),
            "--missed": lambda text: ("missed", r.Missed[text.upper()]),
            "--clear": lambda _: ("rrule", None),
        }
        return update(self.last, self.at, scope, **dict(read[name](text) for name, text in said.items()))

    def delete(self, said: dict[str, str]) -> r.DeleteTask:
        return delete(self.last, self.at, r.Scope[said.get("--scope", "following").upper()])

    def complete(self, _: object) -> r.CompleteTask:
        return complete(self.last, self.at)

    def skip(self, _: object) -> r.SkipTask:
        return skip(self.last, self.at)

    def reopen(self, _: object) -> r.ReopenTask:
        return reopen("t", self.at)  # also of one that is yet to come: the first task is open then

    def restore(self, _: object) -> r.RestoreTask:
        return restore("t", self.at)

    def undo(self, _: object) -> r.ChangeTasks:
        return self.world.undoing(self.said, self.at)

    def dues(self) -> Iterator[str]:
        """Yield the day of the open occurrence, complete it, and so on."""
        while open_ := self.world.open():
            [task] = open_
            yield self.world.task(task).due.date
            self.types("complete")


@pytest.mark.parametrize(("done", "expected"), DONE, ids=str)
def test_an_edit_leads_to_what_the_page_says(done: str, expected: str) -> None:
    person = Person()
    for line in [] if done == "nothing" else done.split("`, `"):
        person.types(line)
    assert (", ".join(person.dues()) or "none") == expected


def test_the_limits_of_recurrence_are_those_of_the_page() -> None:
    limits = (checks.MAX_TIMES, checks.MAX_COUNT, checks.MAX_DATES, advance.MOST_OPEN, subtasks.MOST)
    ahead = f"{overrides.MOST}, of {overrides.MOST_BYTES // 1024} KiB"
    stated = [at_most for _, at_most, _ in rows("| of | at most | since |")]
    assert sorted(stated) == sorted([*(f"{limit:,}" for limit in limits), ahead, "English, German"])


def test_the_page_has_tables() -> None:
    assert (len(NEXT) > 10, len(COMES) > 5, len(DONE) > 20) == (True, True, True)
