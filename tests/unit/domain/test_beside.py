"""Earlier occurrences that are open beside the current one, of a series that opens each by the calendar."""

import pytest
from msgspec.structs import replace

from domain.recurrence import advance
from schemas import records as r
from tests.unit.domain.given import DAY, HOUR, World, complete, create, delete, reopen, restore, skip, update
from tests.unit.domain.test_overtaken import DUES, EACH, LATEST, SKIP, Series

OTHER_MODES = {
    "only the latest": {"missed": LATEST},
    "none that is missed": {"missed": SKIP},
    "on schedule": {"repeats": r.Repeats.SCHEDULE},
    "from completion": {"repeats": r.Repeats.COMPLETION},
    "never": {"rrule": None},
    "by another rule": {"rrule": "FREQ=WEEKLY", "missed": SKIP},
}


def after_days(days: int = 3, due: r.Due = DUES[2], rrule: str = "FREQ=DAILY") -> Series:
    """A daily series whose first occurrence and those of the days after it are open."""
    series = Series(due, rrule, EACH)
    series.at += 8 * HOUR
    passes(series, days + 1)
    return series


def passes(series: Series, days: int) -> None:
    series.at += days * DAY
    series.settles()


def does(series: Series, command):
    """Decide a command, and all that it leads to; return the command."""
    assert series.world.does(command).events
    series.settles()
    return command


def changes(series: Series, **fields):
    return does(series, update(series.current.id, series.at, **fields))


def opened(series: Series) -> list[tuple[str, bool]]:
    """The open tasks in the order of their slots: these, and whether they recur."""
    tasks = (task for task in series.world.tasks.values() if task.status is r.Status.OPEN)
    return sorted((task.occurrence or "", task.recurrence is not None) for task in tasks)


def earlier(series: Series) -> tuple[str, ...]:
    return series.world.latest["t"].others


@pytest.mark.parametrize("due", DUES, ids=str)
@pytest.mark.parametrize("mode", OTHER_MODES)
def test_once_a_series_no_longer_opens_each_earlier_ones_are_open_tasks_of_their_own(mode, due):
    series = after_days(due=due)
    before = [task for task in series.world.tasks.values() if task.status is r.Status.OPEN]
    changes(series, **OTHER_MODES[mode])
    after = [series.world.task(task.id) for task in before]
    assert [task.status for task in after] == [r.Status.OPEN] * 4
    assert [task.recurrence for task in after[:3]] == [None] * 3
    assert [(task.due, task.title, task.series) for task in after[:3]] == [
        (task.due, task.title, task.series) for task in before[:3]
    ]
    passes(series, 3)
    assert len(series.world.open()) == (mode != "never")


@pytest.mark.parametrize("mode", OTHER_MODES)
def test_undoing_that_makes_them_its_occurrences_again_and_doing_it_again_does_not(mode):
    series = after_days()
    before, known = opened(series), earlier(series)
    command = changes(series, **OTHER_MODES[mode])
    after = opened(series)
    undone = does(series, series.world.undoing(command, series.at))
    assert (opened(series), earlier(series)) == (before, known)
    again = does(series, series.world.undoing(undone, series.at))
    assert (opened(series), earlier(series)) == (after, ())
    does(series, series.world.undoing(again, series.at))
    passes(series, 2)
    assert (len(opened(series)), earlier(series)[:3]) == (6, known)


def test_what_was_closed_or_lost_its_due_meanwhile_is_not_given_back():
    series = after_days()
    [first, second, third] = earlier(series)
    command = changes(series, missed=LATEST)
    does(series, complete(first, series.at))
    does(series, update(second, series.at, due=None))
    does(series, series.world.undoing(command, series.at))
    assert earlier(series) == (third,)
    assert series.world.task(second).recurrence is None


def test_a_mode_that_is_changed_from_a_later_one_on_ends_it_as_that_one_opens():
    series = after_days()
    does(series, replace(update(series.current.id, series.at, missed=LATEST), occurrence=series.next().key))
    assert len(earlier(series)) == 3
    passes(series, 2)
    assert (earlier(series), series.world.open()) == ((), [series.current.id])
    assert [recurs for _, recurs in opened(series)] == [False] * 4 + [True]


CLOSES = {"completed": (complete, reopen), "skipped": (skip, reopen), "deleted": (delete, restore)}


@pytest.mark.parametrize("undoes", [False, True], ids=["opened", "undone"])
@pytest.mark.parametrize("last", [False, True], ids=["an older one", "the one before the current one"])
@pytest.mark.parametrize("how", CLOSES)
def test_an_earlier_one_that_is_opened_again_is_open_beside_the_current_one(how, last, undoes):
    series, (close, opens) = after_days(), CLOSES[how]
    before, task = opened(series), earlier(series)[-1 if last else 0]
    command = does(series, close(task, series.at))
    assert len(opened(series)) == 3
    does(series, series.world.undoing(command, series.at) if undoes else opens(task, series.at))
    assert opened(series) == before
    assert series.world.series("t").task not in earlier(series)
    assert {*earlier(series)} == {name for name in series.world.open() if name != series.current.id}


def test_the_one_that_was_closed_early_takes_the_place_of_the_one_that_this_led_to():
    series = after_days()
    before = opened(series)
    does(series, complete(series.current.id, series.at))
    does(series, reopen(series.world.series("t").previous, series.at))
    assert opened(series) == before


def test_when_the_series_is_deleted_earlier_ones_stay_and_it_goes_on_once_it_is_restored():
    series = after_days()
    before, current = opened(series), series.current.id
    does(series, delete(current, series.at))
    passes(series, 3)
    does(series, complete(earlier(series)[0], series.at))
    assert opened(series) == before[1:3]
    does(series, restore(current, series.at))
    assert len(opened(series)) == 6


def test_when_its_count_ends_a_series_earlier_ones_stay_until_they_are_closed():
    series = after_days(days=6, rrule="FREQ=DAILY;COUNT=3")
    assert len(opened(series)) == 3
    for task in (series.current.id, *earlier(series)):
        does(series, complete(task, series.at))
    assert opened(series) == []


def test_of_more_than_fifty_the_one_that_was_open_longest_is_missed():
    series = after_days(days=advance.MOST_OPEN - 1)
    oldest, *_, last = earlier(series)
    does(series, complete(oldest, series.at))
    does(series, reopen(oldest, series.at))
    assert len(opened(series)) == advance.MOST_OPEN
    second = earlier(series)[0]
    passes(series, 1)
    assert len(opened(series)) == advance.MOST_OPEN
    assert (series.world.task(second).closing, oldest in earlier(series)) == (r.Closing.MISSED, True)
    does(series, reopen(second, series.at))
    assert series.world.task(second).recurrence is None
    assert last in earlier(series)


def test_by_version_7_earlier_ones_stay_occurrences_of_a_series_that_no_longer_opens_each():
    world = World(create(due=DUES[0], rrule="FREQ=DAILY", repeats=r.Repeats.CALENDAR, missed=EACH), version="7")
    task = world.task("t")
    made = advance.creation(complete(), "t", task.recurrence, task.occurrence, series="t", due=r.Due("2026-11-25"))
    world.does(replace(made, at=made.at + 2 * DAY, beside=True))
    world.does(update(world.series("t").task, missed=LATEST))
    assert (len(world.open()), world.series("t").others) == (2, ("t",))
