"""What is decided about an occurrence before it comes holds when it does, and nothing else changes."""

import pytest
from msgspec.structs import replace

from domain.recurrence import overrides
from domain.recurrence.derived import CLOSING, derived
from schemas import records as r
from tests.unit.domain.given import DAY, HOUR, NOON, PARIS, World, complete, create, delete, reopen, skip, update

WEEKLY = create(due=PARIS, rrule="FREQ=WEEKLY;COUNT=4")  # 24 November, 1, 8 and 15 December
EIGHTH = "2026-12-08T09:00:00"
MOVED = replace(PARIS, date="2026-12-10")


def on(command, slot=EIGHTH):
    return replace(command, occurrence=slot)


def moved(due=MOVED, slot=EIGHTH, **fields):
    return on(update(scope=r.Scope.THIS, due=due, **fields), slot)


def alone(slot=EIGHTH):
    return on(delete(scope=r.Scope.THIS), slot)


def refused(world, command):
    outcome = world.does(command).outcome
    assert outcome.kind is r.OutcomeKind.REJECTED, outcome
    return outcome.code, outcome.field, outcome.detail


def runs(world, at=NOON):
    """Complete what is open until nothing is, and return the dues of the series' occurrences in that order."""
    dues = []
    while world.open():
        [task] = world.open()
        dues.append(world.task(task).due.date)
        world.does(complete(task, at))
        if followup := world.followup():
            world.does(followup)
    return dues


@pytest.mark.parametrize(
    ("command", "status", "closing"),
    [
        (complete(), r.Status.COMPLETED, r.Closing.DONE),
        (skip(), r.Status.COMPLETED, r.Closing.SKIPPED),
        (delete(scope=r.Scope.THIS), r.Status.DELETED, r.Closing.SKIPPED),
    ],
)
def test_one_that_is_closed_ahead_is_a_closed_task_and_never_opens(command, status, closing):
    world = World(WEEKLY, on(command))
    [task] = [one for one in world.tasks.values() if one.id != "t"]
    assert (task.status, task.closing, task.occurrence, task.series) == (status, closing, EIGHTH, "t")
    assert (world.open(), task.completed_at) == (["t"], NOON)
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-15"]


def test_one_that_is_moved_ahead_opens_with_its_own_due_and_the_next_one_with_the_series():
    world = World(WEEKLY, moved())
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-10", "2026-12-15"]


def test_what_was_changed_of_one_is_its_own():
    reminders = (r.Reminder("r1", before=900),)
    world = World(WEEKLY, on(update(scope=r.Scope.THIS, title="Feed", tags=("late",), reminders=reminders)))
    world.goes_on()
    world.does(complete(world.open()[0]))
    created, changed = world.does(world.followup()).events
    assert (created.task.title, changed.task.title, changed.own) == ("Water the plants", "Feed", changed.changed)
    last = world.goes_on(world.open()[0])
    assert (last.title, last.tags, last.reminders) == ("Water the plants", (), ())


def test_what_changes_of_the_series_meanwhile_holds_for_one_that_differs_otherwise():
    world = World(WEEKLY, moved(), update(title="Feed"))
    first = world.goes_on()
    assert (first.title, first.due.date) == ("Feed", "2026-12-01")
    world.does(complete(first.id))
    world.does(world.followup())
    assert [(task.title, task.due.date) for task in map(world.task, world.open())] == [("Feed", "2026-12-10")]


def test_a_second_change_of_one_is_added_to_the_first():
    world = World(WEEKLY, moved(), on(update(scope=r.Scope.THIS, title="Feed")))
    [override] = world.task("t").recurrence.overrides
    assert (override.slot, override.changed) == (EIGHTH, ("title", "due"))


def test_one_that_is_changed_back_has_no_override():
    world = World(WEEKLY, moved(), moved(replace(PARIS, date="2026-12-08")))
    assert world.task("t").recurrence.overrides == ()


def test_the_time_alone_is_moved_ahead():
    world = World(WEEKLY)
    asked = on(update(scope=r.Scope.THIS, due=r.Due("", "18:00:00")))
    world.does(replace(asked, changed=("due.time",)))
    [override] = world.task("t").recurrence.overrides
    assert override.fields.due == r.Due("2026-12-08", "18:00:00", "Europe/Paris")


def test_an_occurrence_is_named_by_its_day_too():
    world = World(WEEKLY, on(skip(), "2026-12-08"))
    assert [one.slot for one in world.task("t").recurrence.overrides] == [EIGHTH]


def test_the_open_one_may_be_named_too():
    for written in ("2026-11-24", "2026-11-24T09:00", "2026-11-24T09:00:00"):
        world = World(WEEKLY, on(complete(), written))
        assert world.task("t").status is r.Status.COMPLETED


@pytest.mark.parametrize(
    ("slot", "detail"),
    [
        ("2026-12-09", "The series has no occurrence on 2026-12-09; the next after that is 2026-12-15T09:00:00."),
        ("2027-12-09", "The series has no occurrence on 2027-12-09."),
        ("2026-12-08T10:00",
         "The series has no occurrence on 2026-12-08T10:00; the next after that is 2026-12-15T09:00:00."),
        ("2026-11-17", "The series has no occurrence on 2026-11-17; the next after that is 2026-11-24T09:00:00."),
        ("2026-11-24T08:00", "The series has come to 2026-11-24T09:00:00; name an occurrence after that."),
    ],
)  # fmt: skip
def test_what_is_no_slot_or_has_come_is_refused(slot, detail):
    assert refused(World(WEEKLY), on(skip(), slot)) == ("conflict", "occurrence", detail)


@pytest.mark.parametrize("slot", ["soon", "2026-13-01", "2026-12-08T25:00", "2026-12-08T09:00:00+01:00", "08.12.2026"])
def test_what_is_no_local_time_is_refused(slot):
    code, field, _ = refused(World(WEEKLY), on(skip(), slot))
    assert (code, field) == ("invalid", "occurrence")


def test_of_several_in_a_day_one_is_named_with_its_time():
    world = World(create(due=PARIS, rrule="FREQ=HOURLY;INTERVAL=8"))
    assert refused(world, on(skip(), "2026-12-08"))[1:] == (
        "occurrence", "The series has several occurrences on 2026-12-08; name the time, too: 2026-12-08T01:00.",
    )  # fmt: skip


def test_a_rule_that_is_counted_from_completion_has_no_slots_ahead():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY", repeats=r.Repeats.COMPLETION))
    assert refused(world, on(skip()))[0] == "conflict"


def test_only_a_task_that_recurs_has_occurrences():
    assert refused(World(create(due=PARIS)), on(complete()))[:2] == ("conflict", "occurrence")


def test_a_closed_occurrence_is_not_the_one_by_which_another_is_named():
    world = World(WEEKLY)
    world.goes_on()
    assert refused(world, on(skip()))[:2] == ("conflict", "occurrence")


@pytest.mark.parametrize("command", [moved(), alone()])
def test_one_that_is_closed_ahead_is_not_changed(command):
    assert refused(World(WEEKLY, on(complete())), command)[2] == "It was closed before it came; reopen it first."


def test_closing_one_twice_does_nothing():
    world = World(WEEKLY, on(complete()))
    for again in (complete(), skip()):
        assert world.does(on(again)).outcome.kind is r.OutcomeKind.NOTHING_TO_DO


@pytest.mark.parametrize("change", [moved, lambda: since(title="Feed"), lambda: since(rrule="FREQ=DAILY;COUNT=3")])
def test_changing_one_twice_to_the_same_does_nothing_more(change):
    world = World(WEEKLY, change())
    assert world.does(change()).outcome.kind is r.OutcomeKind.NOTHING_TO_DO
    assert len(world.events) == 2


@pytest.mark.parametrize("command", [on(complete()), on(skip()), alone(), moved()])
def test_reopening_takes_all_of_it_back(command):
    world = World(WEEKLY, command, on(reopen()))
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-08", "2026-12-15"]
    assert world.does(on(reopen())).outcome.kind is r.OutcomeKind.REJECTED


UNDOABLE = {"complete": on(complete()), "skip": on(skip()), "delete": alone(), "move": moved()}


@pytest.mark.parametrize("name", UNDOABLE)
def test_each_is_undone_and_the_undoing_too(name):
    world = World(WEEKLY, command := UNDOABLE[name])
    done = world.task("t").recurrence
    statuses = [task.status for task in world.tasks.values()]
    world.does(undoing := world.undoing(command))
    assert world.task("t").recurrence.overrides == ()
    world.does(world.undoing(undoing))
    assert world.task("t").recurrence == done
    assert [task.status for task in world.tasks.values()] == statuses
    assert len(runs(world)) == (4 if name == "move" else 3)


def test_they_are_undone_in_any_order_also_after_the_series_has_gone_on():
    first, second, third = moved(), on(skip(), "2026-12-15"), on(update(scope=r.Scope.THIS, title="Feed"))
    world = World(WEEKLY, first, second, third)
    world.goes_on()
    [outcome] = [world.does(world.undoing(first)).outcome]
    assert [one.detail for one in outcome.part.refused] == [f"The occurrence of {EIGHTH} was changed since."]
    for command in (third, second, first):
        assert world.does(world.undoing(command)).outcome.part.changed == 1
    assert runs(world) == ["2026-12-01", "2026-12-08", "2026-12-15"]


def test_it_is_not_undone_once_the_series_has_come_to_it():
    world = World(WEEKLY, command := moved())
    world.does(complete(world.goes_on().id))
    world.does(world.followup())
    [refusal] = world.does(world.undoing(command)).outcome.part.refused
    assert (refusal.code, refusal.field) == ("contradicted", "occurrence")


def test_the_series_goes_back_over_one_that_was_moved_ahead():
    world = World(WEEKLY, moved())
    first = world.goes_on()
    world.does(done := complete(first.id))
    [created, _] = world.does(world.followup()).events
    world.does(world.undoing(done))
    assert world.open() == [first.id]
    assert runs(world) == ["2026-12-01", "2026-12-10", "2026-12-15"]
    assert world.task(created.task.id).due == MOVED


def test_an_override_whose_slot_is_none_of_the_changed_rule_is_dropped():
    world = World(WEEKLY, moved(), on(skip(), "2026-12-15"), update(rrule="FREQ=WEEKLY;INTERVAL=3"))
    assert [one.slot for one in world.task("t").recurrence.overrides] == ["2026-12-15T09:00:00"]


def test_stopping_a_series_and_undoing_that_keeps_what_was_decided():
    world = World(WEEKLY, moved(), stopped := update(rrule=None))
    assert world.task("t").recurrence is None
    world.does(world.undoing(stopped))
    assert [one.slot for one in world.task("t").recurrence.overrides] == [EIGHTH]


def test_count_includes_one_that_is_closed_ahead():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY;COUNT=2"), on(complete(), "2026-12-01"), complete())
    assert world.followup() is None


NINE = 1_795_507_200_000  # 2026-11-24T09:00 in Paris
LATE = NINE + 15 * DAY  # the 1st and the 8th have passed


@pytest.mark.parametrize(
    ("missed", "due", "expected"),
    [
        (r.Missed.SKIP, None, "2026-12-15"),
        (r.Missed.SKIP, "2026-12-10", "2026-12-10"),
        (r.Missed.SKIP, "2026-12-09", "2026-12-15"),
        (r.Missed.LATEST, None, "2026-12-08"),
        (r.Missed.LATEST, "2026-12-10", "2026-12-01"),
        (r.Missed.EACH, "2026-12-10", "2026-12-01"),
    ],
)
def test_a_moved_one_has_passed_once_its_own_due_has(missed, due, expected):
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY", missed=missed))
    if due:
        world.does(moved(replace(PARIS, date=due)))
    world.does(complete(at=LATE + HOUR))
    events = world.does(world.followup()).events
    assert events[-1].task.due.date == expected


def test_one_that_was_moved_far_is_not_passed_over():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), moved(replace(PARIS, date="2027-12-31")))
    world.does(complete(at=NINE + 300 * DAY))
    assert world.does(world.followup()).events[-1].task.due.date == "2027-12-31"
    world.does(complete(world.open()[0], at=NINE + 300 * DAY))
    assert world.does(world.followup()).events[-1].task.due.date > "2027-09-01"


def test_by_the_calendar_one_stays_between_its_neighbours():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY", repeats=r.Repeats.CALENDAR))
    for due in ("2026-12-15", "2026-12-01", "2027-01-01", "2026-11-30"):
        assert refused(world, moved(replace(PARIS, date=due)))[:2] == ("conflict", "due")
    assert world.does(moved()).outcome.kind is r.OutcomeKind.ACCEPTED


def test_the_clocks_gap_is_one_slot_whichever_time_names_it():
    night = r.Due("2027-03-27", "02:30:00", "Europe/Paris")
    for written in ("2027-03-28T02:30", "2027-03-28T03:30", "2027-03-28"):
        world = World(create(due=night, rrule="FREQ=DAILY"), on(skip(), written))
        assert world.goes_on().occurrence == "2027-03-29T02:30:00"


def test_what_is_decided_ahead_is_bounded():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"))
    slots = [f"2026-12-{day:02}" for day in range(1, 32)] + [
        f"2027-{month:02}-{day:02}" for month in (1, 3, 5) for day in range(1, 32)
    ]
    for slot in slots[: overrides.MOST]:
        assert world.does(on(skip(), slot)).outcome.kind is r.OutcomeKind.ACCEPTED
    assert refused(world, on(skip(), slots[overrides.MOST]))[2].startswith("At most 100 occurrences")
    assert world.does(on(reopen(), slots[3])).outcome.kind is r.OutcomeKind.ACCEPTED
    large = on(update(scope=r.Scope.THIS, notes="x" * 16_000))
    world = World(
        create(due=PARIS, rrule="FREQ=DAILY"), *(replace(large, id=str(n), occurrence=slots[n]) for n in range(4))
    )
    assert refused(world, replace(large, id="5", occurrence=slots[5]))[2].endswith("65,536 bytes in all.")


def test_no_closing_ahead_leads_to_an_occurrence():
    world = World(WEEKLY, on(complete()))
    assert [derived(event, world.version) for event in world.events if isinstance(event, CLOSING)] == []


def since(slot=EIGHTH, scope=r.Scope.FOLLOWING, **fields):
    return on(update(scope=scope, **fields), slot)


def test_a_title_is_changed_from_one_on_also_if_that_one_never_opens():
    for decided in ((), (on(skip()),)):
        world = World(WEEKLY, since(title="Feed"), *decided)
        titles = [world.goes_on("t").title]
        while world.open():
            world.does(complete(world.open()[0]))
            if followup := world.followup():
                titles.append(world.does(followup).events[0].task.title)
        assert titles == ["Water the plants", *["Feed"] * (2 - len(decided))]


def test_a_title_is_changed_from_one_on_that_is_passed_over():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY"), since(title="Feed"), complete(at=NINE + 30 * DAY))
    assert world.does(world.followup()).events[0].task.title == "Feed"


def test_what_is_named_no_scope_moves_this_one_and_changes_all_else_of_those_that_follow():
    world = World(WEEKLY, since(scope=r.Scope.UNNAMED, title="Feed", due=MOVED))
    assert [(one.following, one.changed) for one in world.task("t").recurrence.overrides] == [
        (True, ("title",)),
        (False, ("due",)),
    ]
    seen = []
    world.does(complete())
    while followup := world.followup():
        task = world.does(followup).events[-1].task
        seen.append((task.title, task.due.date))
        world.does(complete(task.id))
    assert seen == [("Water the plants", "2026-12-01"), ("Feed", "2026-12-10"), ("Feed", "2026-12-15")]


def test_a_start_and_a_reminder_at_an_instant_move_on_from_the_one_that_has_them():
    start, reminder = replace(PARIS, date="2026-12-07"), r.Reminder("r1", at=NINE + 13 * DAY)
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY"), since(start=start, reminders=(reminder,)), on(skip()))
    world.does(complete(world.goes_on().id))
    task = world.does(world.followup()).events[0].task
    assert (task.start.date, [one.at for one in task.reminders]) == ("2026-12-14", [NINE + 20 * DAY])


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (since(due=MOVED), ["2026-11-24", "2026-12-01", "2026-12-10", "2026-12-17"]),
        (since(due=replace(PARIS, date="2026-12-03")), ["2026-11-24", "2026-12-01", "2026-12-03", "2026-12-10"]),
        (since(rrule="FREQ=DAILY;COUNT=3"), ["2026-11-24", "2026-12-01", "2026-12-08", "2026-12-09", "2026-12-10"]),
        (since(rrule="FREQ=DAILY;COUNT=2", due=MOVED), ["2026-11-24", "2026-12-01", "2026-12-10", "2026-12-11"]),
        (since(exdates=("2026-12-15T09:00",)), ["2026-11-24", "2026-12-01", "2026-12-08"]),
        (on(delete()), ["2026-11-24", "2026-12-01"]),
    ],
)
def test_the_rule_changes_from_one_on_and_nothing_before_it(command, expected):
    world = World(WEEKLY, command)
    assert runs(world) == expected


@pytest.mark.parametrize(
    "command",
    [since(due=MOVED), since(rrule="FREQ=DAILY;COUNT=3"), on(delete()), since(title="Feed"),
     since(scope=r.Scope.UNNAMED, title="Feed", due=MOVED)],
)  # fmt: skip
def test_what_changes_from_one_on_is_undone_and_the_undoing_too_and_taken_back_by_reopening(command):
    world = World(WEEKLY, moved(slot="2026-12-15", due=replace(PARIS, date="2026-12-16")), command)
    done = world.task("t").recurrence
    world.does(undoing := world.undoing(command))
    before = world.task("t").recurrence
    assert [one.slot for one in before.overrides] == ["2026-12-15T09:00:00"]
    world.does(world.undoing(undoing))
    assert world.task("t").recurrence == done
    assert world.does(on(reopen())).outcome.kind is r.OutcomeKind.ACCEPTED
    assert runs(world)[:3] == ["2026-11-24", "2026-12-01", "2026-12-08"]


def test_a_changed_rule_that_is_changed_again_from_its_own_start_is_one_change():
    world = World(WEEKLY, since(due=MOVED), since("2026-12-10", due=replace(PARIS, date="2026-12-11")))
    [override] = world.task("t").recurrence.overrides
    assert (override.slot, override.fields.due.date) == (EIGHTH, "2026-12-11")
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-11", "2026-12-18"]


def test_one_that_follows_a_changed_rule_is_decided_about_by_its_slot_there():
    world = World(WEEKLY, since(due=MOVED), on(skip(), "2026-12-17"))
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-10"]


def test_the_rule_changes_twice():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY;COUNT=5"), since(due=MOVED))
    world.does(since("2026-12-17", due=replace(PARIS, date="2026-12-18")))
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-10", "2026-12-18", "2026-12-25"]


def test_a_new_rule_of_the_open_one_holds_for_all_that_follow():
    world = World(WEEKLY, since(due=MOVED), update(rrule="FREQ=WEEKLY;INTERVAL=2;COUNT=2"))
    assert runs(world) == ["2026-11-24", "2026-12-08"]


def test_the_series_goes_back_to_before_the_rule_changed():
    world = World(WEEKLY, since(due=MOVED))
    first = world.goes_on()
    world.does(done := complete(first.id))
    world.does(world.followup())
    world.does(world.undoing(done))
    assert world.open() == [first.id]
    assert runs(world) == ["2026-12-01", "2026-12-10", "2026-12-17"]


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (since(due=replace(PARIS, date="2026-12-01")), "due"),
        (since(due=r.Due("2026-12-08")), "due"),
        (since(due=None), "due"),
        (since(rrule=None), "recurrence"),
        (since(rrule="FREQ=SECONDLY"), "recurrence"),
        (since(repeats=r.Repeats.COMPLETION), "repeats"),
        (since(scope=r.Scope.THIS, rrule="FREQ=DAILY"), "scope"),
        (since(start=replace(PARIS, date="2026-12-09")), "start"),
    ],
)
def test_what_can_not_change_from_one_on_is_refused(command, field):
    assert refused(World(WEEKLY), command)[1] == field


def test_what_is_decided_about_a_slot_that_is_none_once_a_change_is_undone_is_dropped():
    world = World(WEEKLY, changed := since(due=MOVED), on(complete(), "2026-12-10"))
    world.does(world.undoing(changed))
    assert world.task("t").recurrence.overrides == ()
    assert runs(world) == ["2026-11-24", "2026-12-01", "2026-12-08", "2026-12-15"]


def test_a_series_whose_later_occurrences_were_deleted_ends_without_an_error():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), on(delete(), "2026-11-25"), complete())
    assert world.followup() is None
    assert derived(world.events[-1], "7").ends


@pytest.mark.parametrize(
    "fields", [{"title": "Feed", "missed": r.Missed.EACH}, {"rrule": "FREQ=DAILY"}, {"rrule": None}]
)
def test_a_change_of_all_on_one_that_is_yet_to_come_is_that_of_the_open_one(fields):
    worlds = [World(create(due=PARIS, rrule="FREQ=WEEKLY")) for _ in range(2)]
    change = update(scope=r.Scope.ALL, **fields)
    worlds[0].does(change)
    worlds[1].does(replace(change, occurrence="2026-12-08"))
    assert worlds[0].task("t") == worlds[1].task("t") != World(create(due=PARIS, rrule="FREQ=WEEKLY")).task("t")


def test_a_due_of_all_moves_the_series_as_the_named_one_is_moved_from_its_slot_and_starts_with_it():
    start = replace(PARIS, date="2026-11-23")
    world = World(create(due=PARIS, start=start, rrule="FREQ=WEEKLY"))
    due, begins = replace(PARIS, date="2026-12-10", time="10:30:00"), replace(PARIS, date="2026-12-08")
    world.does(replace(update(scope=r.Scope.ALL, due=due, start=begins), occurrence="2026-12-08"))
    task = world.task("t")
    assert (task.due, task.start) == (replace(due, date="2026-11-26"), replace(begins, date="2026-11-24"))
    assert world.goes_on().due == replace(due, date="2026-12-03")


def test_all_of_a_slot_that_is_none_is_refused():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY"))
    for command in (update(scope=r.Scope.ALL, title="Feed"), delete(scope=r.Scope.ALL)):
        outcome = world.does(replace(command, occurrence="2026-12-09")).outcome
        assert (outcome.code, outcome.field) == ("conflict", "occurrence")


def test_by_version_7_a_change_of_all_is_refused_for_one_that_is_yet_to_come():
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY"), version="7")
    outcome = world.does(replace(update(scope=r.Scope.ALL, title="Feed"), occurrence="2026-12-08")).outcome
    assert (outcome.code, outcome.field) == ("invalid", "scope")
