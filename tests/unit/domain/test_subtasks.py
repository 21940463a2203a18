"""The subtasks of a series pass from each occurrence to the next, once, and go back with it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import reminder_times, subtasks, times
from domain.decision import VERSION
from schemas import ids
from schemas import records as r
from tests.unit.domain.given import ANNA, DAY, HOUR, NOON, World, complete, create, delete, reopen, restore, update

RESET, CARRY, STAY = r.Subtasks.RESET, r.Subtasks.CARRY, r.Subtasks.STAY
MONDAY = r.Due("2026-11-23")
LATER = NOON + DAY
WEEKLY = "FREQ=WEEKLY"


def weekly(mode, *parts):
    """A world with a weekly task, and subtasks: each a name, its parent, and fields."""
    world = World(create("p", due=MONDAY, rrule=WEEKLY, subtasks=mode))
    for name, parent, fields in parts:
        world.does(create(name, parent=parent, **fields))
    return world


def due(days):
    return r.Due((date(2026, 11, 23) + timedelta(days=days)).isoformat())


def below(world, task):
    """All subtasks of a task, at all levels, by title, with the titles above them."""
    found = {}
    for one in subtasks.below(world, task):
        found.setdefault((*found_above(world, one, task), one.title), []).append(one)
    return found


def found_above(world, one, top):
    above, titles = one.parent, []
    while above != top:
        titles.insert(0, world.task(above).title)
        above = world.task(above).parent
    return tuple(titles)


def titled(world, task, *statuses):
    """The paths of titles of the subtasks of these statuses."""
    wanted = statuses or (r.Status.OPEN, r.Status.COMPLETED)
    return sorted(path for path, ones in below(world, task).items() for one in ones if one.status in wanted)


CHECKLIST = (
    ("a", "p", {"title": "Towels"}),
    ("b", "p", {"title": "Kitchen"}),
    ("c", "b", {"title": "Stove", "due": due(1)}),
    ("d", "b", {"title": "Fridge"}),
)


def test_a_checklist_begins_again_with_the_next_occurrence_whatever_was_done():
    world = weekly(RESET, *CHECKLIST)
    world.does(complete("a"))
    world.does(complete("c"))
    following = world.goes_on("p", LATER)
    expected = [("Kitchen",), ("Kitchen", "Fridge"), ("Kitchen", "Stove"), ("Towels",)]
    assert titled(world, following.id, r.Status.OPEN) == expected
    assert titled(world, following.id) == expected
    [stove] = below(world, following.id)["Kitchen", "Stove"]
    assert (stove.due, stove.id) == (due(8), ids.subtask(following.id, "c"))


def test_the_closed_occurrence_keeps_what_was_done_and_what_was_not():
    world = weekly(RESET, *CHECKLIST)
    world.does(complete("a"))
    world.goes_on("p", LATER)
    closings = {name: (world.task(name).status, world.task(name).closing) for name in "abcd"}
    done, skipped = ((r.Status.COMPLETED, how) for how in (r.Closing.DONE, r.Closing.SKIPPED))
    assert closings == {"a": done, "b": skipped, "c": skipped, "d": skipped}


def test_the_third_occurrence_has_the_checklist_of_the_first_and_what_was_added_to_the_second():
    world = weekly(RESET, *CHECKLIST)
    second = world.goes_on("p", LATER)
    world.does(create("e", title="Windows", parent=second.id))
    third = world.goes_on(second.id, LATER + 7 * DAY)
    assert titled(world, third.id) == sorted([*titled(world, "p"), ("Windows",)])
    assert {one.origin for ones in below(world, third.id).values() for one in ones} == {*"abcde"}


def test_what_is_deleted_from_a_checklist_does_not_come_again():
    world = weekly(RESET, *CHECKLIST)
    world.does(delete("b"))
    assert titled(world, world.goes_on("p", LATER).id) == [("Towels",)]


@pytest.mark.parametrize("mode", [RESET, CARRY])
def test_reminders_of_subtasks_pass_on_with_those_at_an_instant_moved_by_the_days_between(mode):
    reminders = (r.Reminder("before", before=900), reminder_times.named(r.Reminder("", at=NOON)))
    world = weekly(
        mode, ("a", "p", {"title": "Call", "due": r.Due("2026-11-23", "09:00:00", "UTC"), "reminders": reminders})
    )
    [call] = below(world, world.goes_on("p", LATER).id)["Call",]
    assert [(each.before, each.at) for each in call.reminders] == [(900, None), (None, NOON + 7 * DAY)]


@pytest.mark.parametrize("mode", [RESET, CARRY])
def test_reminders_of_subtasks_pass_on_over_thousands_of_years_at_most_to_the_last_millisecond(mode):
    reminders = tuple(reminder_times.named(r.Reminder("", at=at)) for at in (DAY, NOON))
    world = World(create("p", due=r.Due("1970-01-01"), rrule="FREQ=YEARLY;INTERVAL=8020", subtasks=mode))
    world.does(create("a", parent="p", title="Call", due=r.Due("1970-01-01"), reminders=reminders))
    [call] = below(world, world.goes_on("p", LATER).id)["Call",]
    assert call.due == r.Due("9990-01-01")
    assert [each.at for each in call.reminders] == [
        times.milliseconds(times.local(r.Due("9990-01-02")), None),
        times.END - 1,
    ]


def test_what_is_open_is_carried_over_with_all_below_it_and_the_rest_stays():
    world = weekly(CARRY, *CHECKLIST)
    world.does(complete("a"))
    world.does(complete("b"))
    world.does(complete("d"))
    following = world.goes_on("p", LATER)
    assert titled(world, "p") == [("Towels",)]
    assert titled(world, following.id) == [("Kitchen",), ("Kitchen", "Fridge"), ("Kitchen", "Stove")]
    assert titled(world, following.id, r.Status.OPEN) == [("Kitchen", "Stove")]
    assert (world.task("b").parent, world.task("c").due) == (following.id, due(8))


def test_subtasks_stay_if_the_series_says_so():
    world = weekly(STAY, *CHECKLIST)
    before = {name: world.task(name) for name in "abcd"}
    following = world.goes_on("p", LATER)
    assert not below(world, following.id)
    assert {name: world.task(name) for name in "abcd"} == before


def test_a_new_rule_resets_subtasks_unless_it_says_otherwise():
    world = World(create("p", due=MONDAY), update("p", rrule=WEEKLY))
    assert world.task("p").recurrence.subtasks is RESET
    world.does(update("p", subtasks=CARRY))
    world.does(update("p", rrule="FREQ=DAILY"))
    assert world.task("p").recurrence.subtasks is CARRY
    world.does(update("p", subtasks=None))
    assert world.task("p").recurrence.subtasks is RESET


@pytest.mark.parametrize("version", ["3", "4", "5"])
def test_subtasks_stay_in_what_earlier_versions_decided(version):
    world = World(create("p", due=MONDAY, rrule=WEEKLY, subtasks=RESET), create("a", parent="p"), version=version)
    following = world.goes_on("p", LATER)
    assert not world.subtasks(following.id, 1)
    assert world.task("a").parent == "p"


@pytest.mark.parametrize("mode", [RESET, CARRY])
def test_a_subtask_that_recurs_keeps_its_own_schedule_and_moves_to_the_next_occurrence(mode):
    parts = (
        ("a", "p", {"title": "Water", "due": due(0), "rrule": "FREQ=DAILY"}),
        ("b", "a", {"title": "Basil"}),
        ("c", "p", {"title": "Note"}),
    )
    world = weekly(mode, *parts)
    following = world.goes_on("p", LATER)
    assert replace(world.task("a"), version=1, changed_at=NOON, parent="p") == World(
        create("p"), create("a", parent="p", title="Water", due=due(0), rrule="FREQ=DAILY")
    ).task("a")
    assert world.task("a").parent == following.id
    assert world.task("b").parent == "a"
    own = world.goes_on("a", LATER)
    assert own.parent == following.id


@pytest.mark.parametrize("mode", [RESET, CARRY])
@pytest.mark.parametrize("number", [subtasks.MOST, subtasks.MOST + 1])
def test_more_subtasks_than_pass_on_stay_and_the_outcome_says_so(mode, number):
    world = weekly(mode, *((f"s{each}", "p", {}) for each in range(number)))
    world.does(complete("p", LATER))
    decision = world.does(world.followup())
    passed_on = world.subtasks(decision.events[0].task.id, number)
    if number > subtasks.MOST:
        assert (len(decision.events), passed_on) == (1, [])
        assert decision.outcome.detail.startswith("It has more than 500 subtasks; they stay")
        assert {world.task(f"s{each}").status for each in range(number)} == {r.Status.OPEN}
    else:
        assert (len(passed_on), decision.outcome.detail) == (number, None)


@pytest.mark.parametrize("mode", [RESET, CARRY])
def test_a_copy_that_was_changed_keeps_the_reopened_occurrence_from_taking_its_place(mode):
    world = weekly(mode, *CHECKLIST)
    following = world.goes_on("p", LATER)
    [stove] = below(world, following.id)["Kitchen", "Stove"]
    world.does(complete(stove.id, LATER))
    world.does(reopen("p", LATER))
    if mode is RESET:
        assert world.task("p").recurrence is None
        assert world.task(stove.id).status is r.Status.COMPLETED
    else:
        assert world.task(following.id).status is r.Status.DELETED
        assert (world.task("b").parent, world.task("c").status) == ("p", r.Status.COMPLETED)


@pytest.mark.parametrize("mode", [RESET, CARRY, STAY])
def test_what_was_added_to_the_next_occurrence_goes_back_with_it(mode):
    world = weekly(mode, *CHECKLIST)
    following = world.goes_on("p", LATER)
    world.does(create("e", at=LATER + 1, title="Windows", parent=following.id, due=due(7)))
    if mode is RESET:
        world.does(create("f", at=LATER + 1, title="Sink", parent=ids.subtask(following.id, "b")))
    world.does(reopen("p", LATER + 2))
    assert (world.task("e").parent, world.task("e").due) == ("p", due(7))
    assert mode is not RESET or world.task("f").parent == "b"


@pytest.mark.parametrize(("version", "days"), [(VERSION, 0), ("7", 0), ("6", 7)])
def test_what_was_created_in_the_millisecond_of_the_completion_goes_back_as_it_was(version, days):
    world = World(create("p", due=MONDAY, rrule=WEEKLY, subtasks=CARRY), version=version)
    world.does(create("a", at=LATER, parent="p", due=due(0)))
    world.goes_on("p", LATER)
    assert world.task("a").due == due(7)
    world.does(reopen("p", LATER + 1))
    assert (world.task("a").parent, world.task("a").due) == ("p", due(days))


@pytest.mark.parametrize(("version", "days"), [(VERSION, 0), ("7", 7)])
def test_what_was_created_before_the_clocks_were_set_back_goes_back_as_it_was(version, days):
    world = World(create("p", due=MONDAY, rrule=WEEKLY, subtasks=CARRY), version=version)
    world.does(create("a", at=LATER + HOUR, parent="p", due=due(0)))
    following = world.goes_on("p", LATER)
    world.does(create("b", at=LATER - HOUR, parent=following.id, due=due(7)))
    world.does(reopen("p", LATER))
    assert [world.task(name).due for name in "ab"] == [due(days), due(7 - days)]


@pytest.mark.parametrize("below_what", ["subtask", "occurrence"])
def test_an_occurrence_that_was_put_below_the_next_is_not_put_below_itself(below_what):
    world = weekly(CARRY, ("a", "p", {}))
    following = world.goes_on("p", LATER)
    parent = "a" if below_what == "subtask" else following.id
    world.does(update("p", LATER, parent=parent))
    world.does(reopen("p", LATER + 1))
    assert (world.task("p").parent, world.task("p").status) == (parent, r.Status.OPEN)
    assert world.task("a").parent == (following.id if below_what == "subtask" else "p")


# Laws.


@st.composite
def trees(draw):
    """Subtasks of ``p`` in the order of their creation: name, parent, fields; and which of them are closed."""
    names, closed = ["p"], []
    parts = []
    for number in range(draw(st.integers(0, 7))):
        name, parent = f"s{number}", draw(st.sampled_from(names))
        fields = {"title": name, "due": draw(st.sampled_from([None, due(0), due(3), due(-400)]))}
        if fields["due"] and draw(st.booleans()):
            fields["rrule"] = "FREQ=DAILY"
        elif draw(st.booleans()):
            fields["reminders"] = (reminder_times.named(r.Reminder("", at=LATER)),)
        depth = 1 + next((one[3] for one in parts if one[0] == parent), 0)
        parts.append((name, parent, fields, depth))
        if depth < 4:
            names.append(name)
        if "rrule" not in fields and draw(st.booleans()):
            closed.append(name)
    return [part[:3] for part in parts], closed


def lived(mode, tree, at=NOON):
    parts, closed = tree
    world = weekly(mode)
    for name, parent, fields in parts:
        world.does(create(name, at, parent=parent, **fields))
    for name in closed:
        world.does(complete(name))
    return world


def standing(world):
    """All tasks that are not deleted, without what each event changes."""
    alike = {"version": 0, "changed_at": 0, "created_at": 0}
    return {name: replace(one, **alike) for name, one in world.tasks.items() if one.status is not r.Status.DELETED}


MODES = st.sampled_from([RESET, CARRY, STAY])


@given(MODES, trees())
def test_undoing_the_completion_takes_all_back_and_completing_again_leads_to_the_same(mode, tree):
    world = lived(mode, tree)
    before = standing(world)
    completion = complete("p", LATER)
    world.does(completion)
    world.does(world.followup())
    after = standing(world)

    decision = world.does(world.undoing(completion, LATER + 1))
    assert decision.outcome.kind is r.OutcomeKind.ACCEPTED
    assert standing(world) == before

    world.goes_on("p", LATER)
    assert standing(world) == after


@given(MODES, trees())
def test_reopening_goes_back_as_undoing_does(mode, tree):
    world = lived(mode, tree)
    before = standing(world)
    world.goes_on("p", LATER)
    world.does(reopen("p", LATER + 1))
    assert standing(world) == before


@given(trees(), st.lists(st.integers(0, 6), max_size=4))
def test_each_subtask_of_a_checklist_has_one_open_copy_below_the_open_occurrence(tree, done):
    """Whichever copies are done in the occurrences until then."""
    world = lived(RESET, tree)
    current, at = world.task("p"), LATER
    shape = titled(world, "p")
    own = {one.id for one in world.tasks.values() if one.recurrence and one.id != "p"}
    roots = {one.id for one in subtasks.below(world, "p")} - own
    for number in done:
        current = world.goes_on(current.id, at)
        tree_of_it = subtasks.below(world, current.id)
        copies = [one for one in tree_of_it if one.id not in own]
        assert sorted(one.origin for one in copies) == sorted(roots)
        assert {one.status for one in copies} <= {r.Status.OPEN}
        assert titled(world, current.id) == shape
        if copies:
            world.does(complete(copies[number % len(copies)].id, at))
        at += 7 * DAY


@given(trees())
def test_what_is_open_is_below_the_open_occurrence_and_nothing_else_changes_its_place(tree):
    world = lived(CARRY, tree)
    shape, opened = titled(world, "p"), titled(world, "p", r.Status.OPEN)
    following = world.goes_on("p", LATER)
    assert titled(world, following.id, r.Status.OPEN) == opened
    assert titled(world, "p", r.Status.OPEN) == []
    assert sorted([*titled(world, "p"), *titled(world, following.id)]) == shape


@given(MODES, trees())
def test_a_command_that_comes_twice_changes_nothing(mode, tree):
    world = lived(mode, tree)
    world.does(complete("p", LATER))
    followup = world.followup()
    world.does(followup)
    after = dict(world.tasks)
    assert world.does(followup) is None
    assert not world.does(replace(followup, id="again")).events
    assert world.tasks == after


def test_a_restored_copy_is_not_doubled():
    world = weekly(RESET, *CHECKLIST)
    following = world.goes_on("p", LATER)
    copy = ids.subtask(following.id, "a")
    world.does(reopen("p", LATER + 1))
    world.does(restore(copy, LATER + 2))
    again = world.goes_on("p", LATER + 3)
    assert again.id == following.id
    assert titled(world, again.id) == titled(world, "p")
    assert world.task(copy).user == ANNA


@given(MODES, trees(), trees(), st.lists(st.sampled_from([-HOUR, 0, HOUR]), min_size=5, max_size=5))
def test_a_series_goes_back_two_occurrences_with_all_their_subtasks_whatever_clocks_show(mode, tree, more, clocks):
    world = lived(mode, tree, LATER + clocks[0])
    first = standing(world)
    second = world.goes_on("p", LATER + clocks[1])
    middle = standing(world)
    for name, parent, fields in more[0]:
        above = second.id if parent == "p" else f"more {parent}"
        world.does(create(f"more {name}", LATER + clocks[2], parent=above, **fields))
    full = standing(world)
    third = world.goes_on(second.id, LATER + clocks[3])
    world.does(reopen(second.id, LATER + clocks[4]))
    assert world.task(third.id).status is r.Status.DELETED
    assert standing(world) == full
    for name, *_ in more[0]:
        world.does(delete(f"more {name}", LATER))
    assert standing(world) == middle
    world.does(reopen("p", LATER))
    assert standing(world) == first
