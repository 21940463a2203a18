"""What a change of an occurrence passes on, what it leaves as it is, and what is refused of a recurrence."""

from itertools import islice

import pytest
from msgspec.structs import replace

from domain.recurrence import advance
from domain.validation import check
from schemas import records as r
from tests.unit.domain.given import NOON, PARIS, WEEKDAYS, World, complete, create, reopen, skip, update

THIS, FOLLOWING, ALL, UNNAMED = r.Scope.THIS, r.Scope.FOLLOWING, r.Scope.ALL, r.Scope.UNNAMED
LATER = replace(PARIS, date="2026-11-26", time="10:00:00")
START = r.Due("2026-11-23", "09:00:00", "Europe/Paris")


def weekly(**fields):
    return World(create(due=PARIS, start=START, rrule="FREQ=WEEKLY", notes="Twice", **fields))


@pytest.mark.parametrize("scope", [THIS, UNNAMED])
def test_a_moved_due_is_this_ones_alone(scope):
    world = weekly()
    before = world.task("t")
    world.does(update(scope=scope, due=LATER))
    after = world.task("t")
    assert (after.due, after.occurrence, after.recurrence) == (LATER, before.occurrence, before.recurrence)
    next_ = world.goes_on()
    assert (next_.due, next_.start) == (replace(PARIS, date="2026-12-01"), replace(START, date="2026-11-30"))


def test_what_is_changed_of_this_one_is_not_passed_on_and_what_is_changed_of_the_series_is():
    world = weekly()
    world.does(update(scope=THIS, title="Once", notes="Once"))
    world.does(update(scope=UNNAMED, due=LATER, tags=("home",)))
    world.does(update(scope=FOLLOWING, notes="Always"))
    next_ = world.goes_on()
    assert (next_.title, next_.notes, next_.tags) == ("Water the plants", "Always", ("home",))
    assert world.series("t").template is None


def test_an_event_says_which_of_its_fields_are_this_ones():
    world = weekly()
    world.does(update(scope=UNNAMED, due=LATER, title="Other"))
    assert (world.events[-1].changed, world.events[-1].own) == (("title", "due"), ("due",))


def test_a_due_that_was_moved_alone_is_moved_back_by_undo_and_leaves_the_series_as_it_was():
    world, change = weekly(), update(scope=UNNAMED, due=LATER)
    before = world.task("t").recurrence
    world.does(change)
    world.does(world.undoing(change))
    assert (world.task("t").due, world.task("t").recurrence) == (PARIS, before)


def test_the_slot_is_followed_also_when_the_due_was_moved_beyond_the_next_one():
    world = weekly()
    world.does(update(scope=THIS, due=replace(PARIS, date="2026-12-20")))
    assert world.goes_on().occurrence == "2026-12-01T09:00:00"


def test_a_count_counts_on_over_each_change_of_the_following():
    world = World(create(due=PARIS, rrule="FREQ=DAILY;COUNT=5"))
    task = world.goes_on()
    world.does(update(task.id, scope=FOLLOWING, due=LATER))
    task = world.goes_on(task.id)
    world.does(update(task.id, scope=FOLLOWING, due=replace(LATER, date="2026-12-10")))
    assert world.task(task.id).recurrence.before == 2
    left = advance.series_set(world.task(task.id).recurrence).occurrences()
    assert [each.due.date for each in islice(left, 9)] == ["2026-12-10", "2026-12-11", "2026-12-12"]


def test_a_further_date_as_the_current_slot_does_not_count():
    rule = r.Recurrence("FREQ=WEEKLY;COUNT=3", PARIS, rdates=("2026-11-26T09:00:00",))
    assert [advance.ordinal(rule, day + "T09:00:00") for day in ("2026-11-24", "2026-11-26", "2026-12-01")] == [0, 0, 1]


def test_a_count_counts_on_when_the_series_is_counted_from_completion_instead():
    world = World(create(due=PARIS, rrule="FREQ=DAILY;COUNT=4"))
    task = world.goes_on(world.goes_on().id)
    world.does(update(task.id, scope=FOLLOWING, repeats=r.Repeats.COMPLETION))
    last = world.goes_on(task.id)
    world.does(complete(last.id))
    assert world.followup() is None


def test_the_rule_is_no_matter_of_one_occurrence():
    outcome = weekly().does(update(scope=THIS, rrule="FREQ=DAILY")).outcome
    assert (outcome.code, outcome.field) == ("invalid", "scope")


@pytest.mark.parametrize("scope", [FOLLOWING, UNNAMED, ALL])
def test_clearing_the_rule_stops_the_series(scope):
    world = weekly()
    world.does(update(scope=scope, rrule=None))
    world.does(complete())
    assert (world.task("t").recurrence, world.followup()) == (None, None)


def test_a_skipped_one_is_reopened_as_it_was():
    world = weekly()
    before = world.task("t")
    world.does(skip())
    world.does(world.followup())
    world.does(reopen())
    after = world.task("t")
    assert replace(after, version=1, changed_at=NOON) == before


MANY = tuple(f"{2030 + n // 300}-{n // 25 % 12 + 1:02}-{n % 25 + 1:02}" for n in range(501))
REFUSED = [
    ({"rdates": ("2026-11-25T09:00",)}, "rdates"),
    ({"exdates": ("2026-11-25T09:00",)}, "exdates"),
    ({"exdates": ("no date",)}, "exdates"),
    ({"rdates": MANY}, "rdates"),
    ({"exdates": MANY}, "exdates"),
    ({"rdates": MANY[:251], "exdates": MANY[250:]}, "exdates"),
    ({"rdates": ("2026-11-25",), "repeats": r.Repeats.COMPLETION}, "rdates"),
    ({"rrule": "FREQ=DAILY;COUNT=1", "exdates": ("2026-11-24",)}, "exdates"),
    ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
    ({"rrule": "FREQ=DAILY;COUNT=10001"}, "recurrence"),
    ({"rrule": None, "rdates": ("2026-11-25",)}, "rdates"),
    ({"rrule": None, "exdates": ("2026-11-25",)}, "exdates"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_wrong_with_a_recurrence_is_said_of_its_field(fields, field):
    asked = {"title": "Water", "due": r.Due("2026-11-24"), "rrule": "FREQ=DAILY", **fields}
    assert [problem.field for problem in check(r.TaskFields(**asked)).problems] == [field]


@pytest.mark.parametrize(("fields", "field"), REFUSED[:8], ids=lambda value: str(value)[:50])
def test_what_is_wrong_with_a_change_of_a_recurrence_is_said_of_its_field(fields, field):
    world = World(create(due=r.Due("2026-11-24"), rrule="FREQ=DAILY"))
    outcome = world.does(update(**fields)).outcome
    assert (outcome.code, outcome.field) == ("invalid", field)


PARTS = {
    "rdates": ("2026-11-25T09:00",),
    "exdates": ("2026-11-25T09:00",),
    "repeats": r.Repeats.CALENDAR,
    "missed": r.Missed.EACH,
    "subtasks": r.Subtasks.CARRY,
}
WITHOUT_RULE = {
    "create": lambda part: (create(due=PARIS, **part),),
    "change": lambda part: (create(due=PARIS), update(**part)),
    "clear": lambda part: (create(due=PARIS, rrule=WEEKDAYS), update(rrule=None, **part)),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("case", WITHOUT_RULE)
def test_a_part_of_a_recurrence_is_refused_without_a_rule(name, case):
    *past, last = WITHOUT_RULE[case]({name: PARTS[name]})
    outcome = World(*past).does(last).outcome
    assert (outcome.code, outcome.field) == ("invalid", name)


@pytest.mark.parametrize("name", ["repeats", "missed"])
def test_what_a_task_without_a_rule_has_anyway_may_be_said(name):
    default = getattr(r.TaskFields(), name)
    outcome = World(create(due=PARIS)).does(update(**{name: default})).outcome
    assert outcome.kind is r.OutcomeKind.NOTHING_TO_DO


def test_dates_of_another_kind_are_compared_with_the_due_of_a_task():
    outcome = World(create(due=PARIS, rrule=WEEKDAYS)).does(update(exdates=("2026-11-25",))).outcome
    assert outcome.detail == "2026-11-25 must be a local time, as the due is: write it like 2026-12-31T23:00."


def test_dates_are_kept_in_one_form():
    fields = {"rdates": ("20261126T100000", "2026-11-25T08:00Z", "2026-11-25T09:00"), "exdates": ("2026-12-01T09:00",)}
    world = World(create(due=PARIS, rrule="FREQ=WEEKLY", **fields))
    rule = world.task("t").recurrence
    assert rule.rdates == ("2026-11-25T09:00:00", "2026-11-26T10:00:00")
    assert rule.exdates == ("2026-12-01T09:00:00",)
