"""Whatever comes, late, twice, in any order: a live series has exactly one open occurrence."""

from itertools import islice

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from domain import beside
from domain.decision import VERSION
from domain.recurrence import advance, awaiting, overrides, upcoming
from domain.recurrence.derived import CLOSING, derived
from domain.recurrence.keys import shown_key
from schemas import records as r
from tests.unit.domain.given import (
    DAY,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    awaiting_in_memory,
    chunk,
    complete,
    create,
    delete,
    reopen,
    restore,
    set_settings,
    skip,
    update,
)

ACTIONS = (complete, skip, reopen, delete, restore)
BULKS = (r.Action.COMPLETE, r.Action.REOPEN, r.Action.DELETE, r.Action.RESTORE)
SCOPES = tuple(r.Scope)
FORMS = (
    {"due": PARIS, "rrule": WEEKDAYS},
    {"due": PARIS, "rrule": "FREQ=DAILY;COUNT=4"},
    {"due": r.Due("2026-11-24"), "rrule": "FREQ=DAILY;UNTIL=20261201", "missed": r.Missed.LATEST},
    {"due": r.Due("2026-11-24", "09:00:00"), "rrule": "FREQ=DAILY", "missed": r.Missed.EACH},
    {"due": PARIS, "rrule": "FREQ=DAILY;INTERVAL=2;COUNT=5", "repeats": r.Repeats.COMPLETION},
    {"due": PARIS, "rrule": "FREQ=WEEKLY", "rdates": ("2026-11-25T10:00:00",), "exdates": ("2026-12-01T09:00:00",)},
)
BY_CALENDAR = tuple(
    {"due": due, "rrule": rrule, "repeats": r.Repeats.CALENDAR, "missed": missed}
    for due in (r.Due("2026-11-24"), r.Due("2026-11-24", "09:00:00"), PARIS)
    for rrule, missed in (
        ("FREQ=DAILY", r.Missed.EACH),
        ("FREQ=DAILY;COUNT=5", r.Missed.EACH),
        ("FREQ=DAILY;INTERVAL=2", r.Missed.LATEST),
        (WEEKDAYS, r.Missed.SKIP),
    )
)
CHANGES = (
    {"title": "Feed"},
    {"rrule": "FREQ=DAILY"},
    {"rrule": WEEKDAYS},
    {"rrule": None},
    {"due": PARIS},
    {"due": r.Due("2026-12-05", "09:00:00", "Europe/Paris")},
    {"exdates": ("2026-11-26T09:00:00",)},
    {"repeats": r.Repeats.COMPLETION, "rdates": ()},
    {"missed": r.Missed.LATEST},
    {"missed": r.Missed.EACH},
    {"repeats": r.Repeats.SCHEDULE},
    {"repeats": r.Repeats.CALENDAR},
    {"repeats": r.Repeats.CALENDAR, "missed": r.Missed.EACH},
)
MODES = (*CHANGES[-6:], {"rrule": None}, {"rrule": "FREQ=DAILY", "missed": r.Missed.EACH})
ZONES = (None, "Pacific/Apia", "America/New_York", "Europe/Paris")


def alone(task, at):
    return delete(task, at, r.Scope.THIS)


def moved(task, at):
    return update(task, at, r.Scope.THIS, due=r.Due("2026-12-02", "11:00:00", "Europe/Paris"), title="Late")


def since(**fields):
    return lambda task, at: update(task, at, r.Scope.FOLLOWING, **fields)


AHEAD = (
    complete,
    skip,
    reopen,
    alone,
    moved,
    delete,
    since(title="From here on"),
    since(due=r.Due("2026-12-03", "12:00:00", "Europe/Paris")),
    since(rrule="FREQ=DAILY;INTERVAL=3;COUNT=4"),
    since(missed=r.Missed.EACH, exdates=("2026-12-02T09:00:00",)),
    since(missed=r.Missed.LATEST),
    lambda task, at: update(task, at, r.Scope.UNNAMED, title="Both", due=r.Due("2026-12-02", "11:00:00")),
)
"""What people decide about an occurrence before it comes."""


class Series(RuleBasedStateMachine):
    """People do to the tasks of series all that can be done, while derived commands come late, twice, out of order."""

    first = FORMS[0]
    forms = FORMS + BY_CALENDAR

    def __init__(self):
        super().__init__()
        self.world, self.derived, self.said, self.at = World(), [], [], NOON
        self.awaited, self.notices = awaiting_in_memory(), []
        self.awaiting = awaiting.Awaiting(self.awaited, VERSION, "2026.1")
        self.does(create("t", **self.first))

    def does(self, command):
        self.said.append(command)
        self.comes(command)

    def comes(self, command):
        decided = self.world.does(command)
        for event in decided.events if decided else ():
            if isinstance(event, CLOSING) and (followup := derived(event, VERSION)):
                self.derived.append(followup)
            self.awaiting.follow(event)

    def consumes(self, notice):
        if command := self.awaiting.decide(notice):
            self.derived.append(command)

    def fires(self):
        """Let the timers fire that are due by now, and decide what they lead to, until nothing is left."""
        while due := self.awaited.timers.due(self.at, 100):
            for timer in due:
                self.notices.append(awaiting.notice(timer, self.at))
                self.consumes(self.notices[-1])
            for command in tuple(self.derived):
                self.comes(command)

    def drawn(self, data):
        return data.draw(st.sampled_from(sorted(self.world.tasks)))

    @precondition(lambda self: len(self.world.tasks) < 4)
    @rule(data=st.data())
    def one_more_series(self, data):
        self.does(create(f"t{len(self.said)}", self.at, **data.draw(st.sampled_from(self.forms))))

    @rule(zone=st.sampled_from(ZONES))
    def a_person_changes_the_zone(self, zone):
        self.does(set_settings(self.at, zone=zone))

    @rule(later=st.integers(0, 3 * DAY))
    def timers_fire(self, later):
        self.at += later
        for timer in self.awaited.timers.due(self.at, 100):
            self.notices.append(awaiting.notice(timer, self.at))

    @precondition(lambda self: self.notices)
    @rule(data=st.data())
    def a_notice_comes(self, data):
        self.consumes(data.draw(st.sampled_from(self.notices)))

    @rule(later=st.integers(0, 4 * DAY))
    def all_comes_in_its_time(self, later):
        self.at += later
        self.fires()

    @rule(
        data=st.data(), make=st.sampled_from((complete, skip, reopen, delete, restore)), later=st.integers(0, 3 * DAY)
    )
    def a_person_acts(self, data, make, later):
        self.at += later
        self.does(make(self.drawn(data), self.at))

    @rule(data=st.data(), scope=st.sampled_from(SCOPES))
    def a_person_deletes_with_a_scope(self, data, scope):
        self.does(delete(self.drawn(data), self.at, scope))

    @rule(data=st.data(), change=st.sampled_from(CHANGES), scope=st.sampled_from(SCOPES))
    def a_person_changes_it(self, data, change, scope):
        self.does(update(self.drawn(data), self.at, scope, **change))

    @rule(data=st.data(), change=st.sampled_from(AHEAD), number=st.integers(0, 3), later=st.integers(0, DAY))
    def a_person_decides_about_one_that_is_yet_to_come(self, data, change, number, later):
        task = self.world.task(self.drawn(data))
        if task.recurrence and task.occurrence:
            slots = [each.key for each in islice(upcoming.after(task.recurrence, task.occurrence), number + 1)]
            self.at += later
            for slot in slots[number:]:
                self.does(replace(change(task.id, self.at), occurrence=slot))

    @rule(
        data=st.data(), action=st.sampled_from((r.Action.COMPLETE, r.Action.REOPEN, r.Action.DELETE, r.Action.RESTORE))
    )
    def a_person_does_it_to_all(self, data, action):
        self.does(chunk(action, *sorted(self.world.tasks), scope=data.draw(st.sampled_from(SCOPES))))

    @rule(data=st.data())
    def a_person_undoes(self, data):
        said = data.draw(st.sampled_from(self.said[-6:]))
        if self.world.audited.get(said.id):
            self.does(self.world.undoing(said, self.at))

    @precondition(lambda self: self.derived)
    @rule(data=st.data())
    def a_derived_command_comes(self, data):
        self.comes(data.draw(st.sampled_from(self.derived)))

    @precondition(lambda self: self.derived)
    @rule()
    def the_last_derived_command_comes(self):
        self.comes(self.derived[-1])

    @invariant()
    def no_series_has_two_open_occurrences_but_one_that_opens_each(self):
        for name, current in self.world.latest.items():
            opened = [task for task in self.world.open() if self.world.task(task).series == name]
            last = self.world.task(current.task)
            most = advance.MOST_OPEN if last and beside.opens_each(last.recurrence) else 1
            assert len(opened) <= most

    @invariant()
    def every_open_occurrence_is_known_to_its_series(self):
        for task in map(self.world.task, self.world.open()):
            current = self.world.series(task.series)
            assert (task.id in current.others) != (current.task == task.id)
            assert current.task != task.id or (current.closed, current.occurrence) == (None, task.occurrence)

    @invariant()
    def a_series_knows_open_occurrences_alone_as_earlier_ones(self):
        for name, current in self.world.latest.items():
            tasks = [self.world.task(task) for task in current.others]
            assert all(task.status is r.Status.OPEN and task.recurrence and task.series == name for task in tasks)
            assert len({*current.others}) == len(current.others)

    @invariant()
    def what_is_decided_ahead_is_about_slots_that_are_yet_to_come(self):
        for task in map(self.world.task, self.world.open()):
            rule, current = task.recurrence, self.world.series(task.series)
            if current.task != task.id:
                continue
            keys = [(shown_key(rule, each.slot), not each.following) for each in rule.overrides]
            assert keys == sorted(set(keys))
            for (key, _), override in zip(keys, rule.overrides, strict=True):
                assert key > task.occurrence
                assert overrides.is_switch(override) or upcoming.find(rule, task.occurrence, key).key == key
                assert (override.closing is None) == (override.task is None)
                closed = self.world.task(override.task) if override.task else None
                assert closed is None or closed.recurrence is None or closed.series != task.series

    @invariant()
    def each_closing_was_followed_at_most_once(self):
        causes = [event.cause for event in self.world.events if isinstance(event, r.TaskCreated) and event.cause]
        assert len(causes) == len(set(causes))

    @invariant()
    def no_slot_is_opened_again_that_was_closed(self):
        tasks = [task for task in self.world.tasks.values() if task.recurrence and task.occurrence]
        slots = [
            (task.series, task.occurrence, task.recurrence.version)
            for task in tasks
            if task.status is not r.Status.DELETED and task.recurrence.repeats is r.Repeats.SCHEDULE
        ]
        assert len(slots) == len(set(slots))

    @invariant()
    def once_all_has_come_a_series_is_open_or_has_ended(self):
        for name, current in self.world.latest.items():
            if current.closed is None:
                continue
            command = next((one for one in self.derived if one.cause == current.closed), None)
            if command is None or command.ends or self.world.task(command.previous).recurrence is None:
                continue
            world = copied(self.world)
            world.does(command)
            opened = [task for task in world.open() if world.series(name).task == task]
            assert len(opened) == 1, (name, current, command)


def copied(world):
    """Return a world with the same state."""
    other = World()
    for kept, copy in (
        (world.store.series, other.store.series),
        *((world.store.entities[of], other.store.entities[of]) for of in world.store.entities),
        (world.store.purges, other.store.purges),
    ):
        copy.update(kept)
    return other


class ByCalendar(Series):
    """The same of series by the calendar."""

    first = BY_CALENDAR[0]
    forms = BY_CALENDAR

    @rule(change=st.sampled_from(MODES), days=st.integers(0, 3))
    def days_pass_and_the_mode_changes(self, change, days):
        self.all_comes_in_its_time(days * DAY)
        self.does(update(self.world.series("t").task, self.at, **change))

    @rule(data=st.data(), make=st.sampled_from((complete, reopen, delete, restore)))
    def a_person_acts_on_an_earlier_one(self, data, make):
        self.all_comes_in_its_time(2 * DAY)
        current = self.world.series("t")
        if earlier := (*current.others, *current.left):
            self.does(make(data.draw(st.sampled_from(earlier)), self.at))

    @rule()
    def a_person_undoes_the_last_command(self):
        if self.world.audited.get(self.said[-1].id):
            self.does(self.world.undoing(self.said[-1], self.at))


Series.TestCase.settings = ByCalendar.TestCase.settings = settings(max_examples=100, stateful_step_count=25)
TestSeries = Series.TestCase
TestSeriesByTheCalendar = ByCalendar.TestCase


def goes_on(world, task="t", at=NOON):
    """Complete a task and create the next occurrence; return its id."""
    world.does(complete(task, at))
    return world.does(world.followup()).events[0].task.id


def test_reopening_the_last_completed_one_goes_back_to_it():
    world = World(create(due=PARIS, rrule=WEEKDAYS))
    next_ = goes_on(world)
    world.does(reopen())
    assert (world.open(), world.task(next_).status) == (["t"], r.Status.DELETED)
    assert goes_on(world) == next_
    assert world.open() == [next_]


def test_a_series_goes_back_as_many_occurrences_as_are_undone():
    world, done, task = World(create(due=PARIS, rrule="FREQ=DAILY")), [], "t"
    for _ in range(5):
        world.does(command := complete(task))
        done.append((command, task))
        task = world.does(world.followup()).events[0].task.id
    for command, before in reversed(done):
        assert world.does(world.undoing(command)).outcome.kind is r.OutcomeKind.ACCEPTED
        assert world.open() == [before]


def test_a_series_goes_back_to_one_whose_due_was_moved_alone():
    start = replace(PARIS, date="2026-11-23")
    world = World(create(due=PARIS, start=start, rrule="FREQ=WEEKLY"))
    world.does(update(scope=r.Scope.THIS, due=replace(PARIS, date="2026-11-26")))
    next_ = goes_on(world)
    world.does(alone := delete(next_, scope=r.Scope.THIS))
    world.does(world.undoing(alone))
    world.does(reopen())
    assert world.open() == ["t"]


def test_one_that_is_reopened_while_the_next_was_changed_is_a_task_of_its_own():
    world = World(create(due=PARIS, rrule=WEEKDAYS))
    next_ = goes_on(world)
    world.does(update(next_, title="Feed"))
    world.does(reopen())
    task = world.task("t")
    assert (world.open(), task.status, task.recurrence, task.series) == ([next_], r.Status.OPEN, None, "t")


def test_a_task_of_its_own_begins_a_series_of_its_own():
    world = World(create(due=PARIS, rrule=WEEKDAYS))
    next_ = goes_on(world)
    for command in (update(next_, title="Feed"), reopen(), update(rrule="FREQ=DAILY")):
        world.does(command)
    assert sorted(world.open()) == sorted(["t", next_])
    assert world.task("t").series != world.task(next_).series


def test_undoing_a_reopening_closes_it_again_with_its_rule():
    world, again = World(create(due=PARIS, rrule=WEEKDAYS)), reopen()
    next_ = goes_on(world)
    before = world.task("t")
    world.does(update(next_, title="Feed"))
    world.does(again)
    world.does(world.undoing(again))
    after = world.task("t")
    assert (after.status, after.recurrence, after.completed_at) == (before.status, before.recurrence, NOON)
    assert world.does(world.followup()).outcome.kind is r.OutcomeKind.NOTHING_TO_DO


def test_restoring_the_occurrence_whose_deletion_ended_a_series_makes_it_live_again():
    world = World(create(due=PARIS, rrule=WEEKDAYS), delete())
    assert world.open() == []
    world.does(restore())
    assert goes_on(world) in world.open()


def test_deleting_this_one_leaves_it_out_and_opens_the_next():
    world = World(create(due=PARIS, rrule=WEEKDAYS), alone := delete(scope=r.Scope.THIS))
    assert [type(event).__name__ for event in world.events] == ["TaskCreated", "TaskSkipped", "TaskDeleted"]
    [command] = [derived(event, VERSION) for event in world.events if isinstance(event, CLOSING)]
    next_ = world.does(command).events[0].task
    assert (next_.occurrence, world.open()) == ("2026-11-25T09:00:00", [next_.id])
    world.does(world.undoing(alone))
    assert world.open() == ["t"]


def test_a_command_of_a_closing_that_was_undone_does_nothing_however_late_it_comes():
    world = World(create(due=PARIS, rrule=WEEKDAYS), complete())
    late = world.followup()
    world.does(reopen())
    assert world.does(late).outcome.kind is r.OutcomeKind.NOTHING_TO_DO
    assert world.open() == ["t"]


def test_a_skipped_one_is_closed_and_the_next_opens():
    world = World(create(due=PARIS, rrule=WEEKDAYS), skip())
    task = world.task("t")
    assert (task.status, task.closing, task.completed_at) == (r.Status.COMPLETED, r.Closing.SKIPPED, NOON)
    assert world.does(world.followup()).events[0].task.occurrence == "2026-11-25T09:00:00"


def test_a_skip_is_undone():
    world = World(create(due=PARIS, rrule=WEEKDAYS), skipped := skip())
    world.does(world.followup())
    world.does(world.undoing(skipped))
    assert (world.open(), world.task("t").closing) == (["t"], r.Closing.DONE)


def test_only_an_occurrence_of_a_series_is_skipped():
    outcome = World(create()).does(skip()).outcome
    assert (outcome.code, outcome.field) == ("conflict", "recurrence")


@pytest.mark.parametrize("action", [reopen, restore])
def test_what_is_not_closed_is_not_opened_again(action):
    world = World(create(due=PARIS, rrule=WEEKDAYS))
    assert world.does(action()).outcome.kind is r.OutcomeKind.NOTHING_TO_DO


def test_a_daily_task_that_is_done_at_eight_in_the_evening_in_new_york_is_due_tomorrow():
    evening = 1_795_482_000_000  # 2026-11-23T20:00-05:00, in UTC the 24th
    world = World(create(due=r.Due("2026-11-23"), rrule="FREQ=DAILY"), set_settings(zone="America/New_York"))
    assert world.does(complete(at=evening)).events[0].zone == "America/New_York"
    assert world.does(world.followup()).events[0].task.due == r.Due("2026-11-24")


def test_the_zone_that_decides_is_the_one_at_the_completion():
    evening = 1_795_482_000_000
    world = World(create(due=r.Due("2026-11-23"), rrule="FREQ=DAILY"), set_settings(zone="America/New_York"))
    world.does(complete(at=evening))
    late = world.followup()
    world.does(set_settings(zone="Asia/Tokyo"))
    assert world.does(late).events[0].task.due == r.Due("2026-11-24")
