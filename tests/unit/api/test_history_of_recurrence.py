"""A history shows what changed of a recurrence besides its rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from api.models import changes
from domain import audit
from rondo.terminal import descriptions
from schemas import records as r
from tests.unit.domain.given import PARIS, World, complete, create, delete, reopen, skip, update

BEFORE = "FREQ=WEEKLY"
SLOT = "2026-12-08T09:00:00"
TASK = changes.Subject.of("t", None)
assert TASK


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"exdates": ("2026-12-01T09:00:00",)}, f"{BEFORE} exdates=2026-12-01T09:00:00"),
        ({"rdates": ("2026-11-28T09:00:00",)}, f"{BEFORE} rdates=2026-11-28T09:00:00"),
        ({"repeats": r.Repeats.COMPLETION}, f"{BEFORE} repeats=completion"),
        ({"missed": r.Missed.LATEST, "rrule": "FREQ=DAILY"}, "FREQ=DAILY missed=latest"),
        ({"subtasks": r.Subtasks.CARRY}, f"{BEFORE} subtasks=carry"),
    ],
)
def test_a_history_shows_what_changed_of_a_recurrence(change: dict[str, object], after: str) -> None:
    world = World(create(due=PARIS, rrule=BEFORE))
    before = world.task("t")
    world.does(update(**change))
    found = audit.changes(before, replace(world.task("t"), version=before.version))
    [rendered] = [each for each in changes.of(TASK, found) if each["field"] == "recurrence"]
    assert (rendered["before"], rendered["after"]) == (BEFORE, after)


def at(command, slot=SLOT):
    return replace(command, occurrence=slot)


@pytest.mark.parametrize(
    ("command", "shown", "words"),
    [
        (
            at(update(scope=r.Scope.THIS, title="Feed", due=replace(PARIS, date="2026-12-09"))),
            {
                "scope": "this",
                "status": "upcoming",
                "changes": {"title": "Feed", "due": {"date": "2026-12-09", "time": "09:00:00", "zone": "Europe/Paris"}},
            },
            f"{SLOT} (title: Feed, due: 2026-12-09 09:00 Europe/Paris)",
        ),
        (
            at(update(reminders=(r.Reminder("r1", before=900),))),
            {"scope": "following", "status": "upcoming", "changes": {"reminders": [{"before": "PT15M"}]}},
            f"{SLOT} and following (reminders: 15m before)",
        ),
        (at(skip()), {"scope": "this", "status": "skipped", "changes": {}}, f"{SLOT} (skipped)"),
        (at(complete()), {"scope": "this", "status": "done", "changes": {}}, f"{SLOT} (done)"),
        (at(delete()), {"scope": "following", "status": "deleted", "changes": {}}, f"{SLOT} and following (deleted)"),
    ],
    ids=["changed", "changed from there on", "skipped", "done", "the following deleted"],
)
def test_a_history_shows_what_was_decided_about_an_occurrence_that_is_yet_to_come(command, shown, words):
    world = World(create(due=PARIS, rrule=BEFORE), command)
    [entry] = [each for each in world.audited[command.id] if each.task == "t"]
    found = [*changes.of(TASK, entry.reversal.changes)]
    assert found == [{"field": "occurrences", "before": [], "after": [{"occurrence": SLOT, **shown}]}]
    assert descriptions.value(found[0]["after"]) == words
    undone = world.does(at(reopen())) if shown["scope"] == "this" else world.does(world.undoing(command))
    [entry] = [each for each in world.audited[undone.outcome.command] if each.task == "t"]
    [back] = changes.of(TASK, entry.reversal.changes)
    assert (back["before"], back["after"]) == (found[0]["after"], [])


FIELDS = st.sampled_from(
    [
        {"title": "Feed"},
        {"due": replace(PARIS, date="2026-12-09")},
        {"rrule": "FREQ=DAILY"},
        {"exdates": ("2026-12-15T09:00:00",)},
        {"rdates": ("2026-12-17T09:00:00",)},
        {"repeats": r.Repeats.CALENDAR},
        {"missed": r.Missed.EACH},
        {"subtasks": r.Subtasks.CARRY},
        {"pinned": True},
        {"reminders": (r.Reminder("r1", before=900),)},
    ]
)
UPDATES = st.builds(lambda fields, scope: update(scope=scope, **fields), FIELDS, st.sampled_from(r.Scope))
COMMANDS = st.one_of(
    UPDATES,
    st.builds(at, UPDATES, st.sampled_from(["2026-12-01", "2026-12-08", "2026-12-15"])),
    st.sampled_from([skip, complete, delete, reopen]).map(lambda kind: kind()),
    st.sampled_from([skip, complete, delete, reopen]).map(lambda kind: at(kind())),
)


@given(st.lists(COMMANDS, max_size=6))
def test_no_entry_of_a_history_is_without_a_change(commands):
    world = World(create(due=PARIS, rrule=BEFORE), *commands)
    for entries in world.audited.values():
        for entry in entries:
            assert [*changes.of(TASK, entry.reversal.changes)], entry


def test_a_history_has_no_closing_of_an_open_task():
    world = World(create(due=PARIS, rrule=BEFORE), skip(), reopen())
    skipped, reopened = (entry for entries in [*world.audited.values()][1:] for entry in entries)
    for entry, before, after in ((skipped, None, "skipped"), (reopened, "skipped", None)):
        shown = {each["field"]: each for each in changes.of(TASK, entry.reversal.changes)}
        assert (shown["closing"]["before"], shown["closing"]["after"]) == (before, after)
