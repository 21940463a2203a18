"""A recurring task never duplicates, and its reminder is sent once."""

from datetime import date, datetime, time

import pytest

from rondo.client import Problem
from tests.acceptance.days import PARIS, WAIT, ahead, create_standup, following, sent, weekday_after
from tests.acceptance.stack import PATIENCE, User, until


def test_a_reminder_is_sent_once_at_its_instant(user: User) -> None:
    remind = ahead(3)
    task = create_standup(user, remind)
    notification = sent(user, task["id"])
    steps = [(step["step"], step["attempt"]) for step in notification["steps"]]
    assert steps == [("claimed", 1), ("sent", 1)]
    assert datetime.fromisoformat(notification["due_at"]) == remind
    assert all(datetime.fromisoformat(step["at"]) >= remind for step in notification["steps"])


def test_a_reminder_that_was_sent_is_listed_as_due_and_that_of_the_next_occurrence_stands(user: User) -> None:
    task = create_standup(user, ahead(2))
    notification = sent(user, task["id"])
    user.rondo.complete(task["id"], wait=WAIT)
    user.settled_trail()
    first, second = user.rondo.reminders()
    assert (first["id"], first["status"], second["status"]) == (notification["id"], "due", "scheduled")
    assert second["task"]["id"] != task["id"]


def test_a_task_that_is_completed_before_its_reminder_reminds_nobody(user: User) -> None:
    soon = ahead(4)
    task = user.rondo.create("Quick", reminders=[{"at": soon.isoformat()}], wait=WAIT)["task"]["id"]
    user.rondo.complete(task, wait=WAIT)
    sent(
        user, create_standup(user, max(ahead(2), soon))["id"]
    )  # a later reminder comes: the earlier one's time is over
    assert [reminder["status"] for reminder in user.rondo.reminders() if reminder["task"]["id"] == task] == [
        "cancelled"
    ]
    assert [n for n in user.rondo.notifications() if n["task"]["id"] == task] == []


def test_completing_twice_leads_to_one_next_occurrence_at_nine_in_paris(user: User) -> None:
    task = create_standup(user, ahead(3600))
    outcomes = [user.rondo.complete(task["id"], wait=WAIT)["command"]["status"] for _ in range(2)]
    next_task = following(user, task)
    assert outcomes == ["accepted", "nothing-to-do"]
    expected = datetime.combine(weekday_after(date.fromisoformat(task["due"]["date"])), time(9), PARIS)
    assert datetime.fromisoformat(next_task["due_at"]) == expected
    assert sorted(other["id"] for other in user.rondo.tasks()) == sorted([task["id"], next_task["id"]])


def test_a_task_that_is_reopened_and_completed_again_does_not_advance_its_series_again(user: User) -> None:
    task = create_standup(user, ahead(3600))
    user.rondo.complete(task["id"], wait=WAIT)
    next_task = following(user, task)
    user.rondo.reopen(task["id"], wait=WAIT)
    user.rondo.complete(task["id"], wait=WAIT)
    user.rondo.complete(next_task["id"], wait=WAIT)  # derived after the other: when its own is there, so is any other
    following(user, task)
    occurrences = [other["occurrence"] for other in user.rondo.tasks() if other["series"] == task["series"]]
    assert len(occurrences) == len(set(occurrences)) == 3


def test_one_occurrence_is_moved_skipped_or_left_out_and_the_series_goes_on(user: User) -> None:
    rondo, task = user.rondo, create_standup(user, ahead(3600))
    moved = rondo.update(task["id"], due={"time": "11:00"}, wait=WAIT)["task"]
    assert (moved["due"]["time"], moved["occurrence"]) == ("11:00:00", task["occurrence"])
    skipped = rondo.skip(task["id"], wait=WAIT)["task"]
    assert (skipped["status"], skipped["closing"]) == ("completed", "skipped")
    second = following(user, task)
    assert second["due"]["time"] == "09:00:00"
    assert [one["id"] for one in rondo.tasks("skipped")] == [task["id"]]
    [led_to] = [one["led_to"] for one in rondo.history(task["id"]) if one["event"] == "TaskSkipped"]
    assert (led_to["status"], led_to["task"]["id"]) == ("accepted", second["id"])
    left_out = rondo.delete(second["id"], scope="this", wait=WAIT)
    third = following(user, task)
    assert third["occurrence"] > second["occurrence"]
    rondo.undo_command(left_out["command"]["id"], wait=WAIT)
    until(lambda: following(user, task)["id"] == second["id"], PATIENCE, "The series did not go back.")
    rondo.reopen(task["id"], wait=WAIT)
    until(lambda: following(user, task)["id"] == task["id"], PATIENCE, "The series did not go back.")
    assert [one["id"] for one in rondo.tasks("open") if one["series"] == task["series"]] == [task["id"]]


def test_an_occurrence_is_done_skipped_and_moved_before_it_comes_and_the_series_passes_over_or_comes_to_it_so(
    user: User,
) -> None:
    rondo, due = user.rondo, {"date": "2027-11-23", "time": "09:00", "zone": "Europe/Paris"}
    task = rondo.create("Water", due=due, recurrence="FREQ=WEEKLY", wait=WAIT)["task"]["id"]
    rondo.complete(task, occurrence="2027-11-30", wait=WAIT)
    rondo.skip(task, occurrence="2027-12-07T09:00", wait=WAIT)
    rondo.update(task, occurrence="2027-12-14", due={"date": "2027-12-15"}, title="Feed", scope="this", wait=WAIT)
    deleted = rondo.delete(task, occurrence="2027-12-21", scope="this", wait=WAIT)["command"]["id"]
    rondo.undo_command(deleted, wait=WAIT)
    coming = rondo.upcoming(task, until="2027-12-21")
    told = [(each["occurrence"][:10], each["status"], each["changed"]) for each in coming["items"]]
    assert told == [
        ("2027-11-30", "done", []),
        ("2027-12-07", "skipped", []),
        ("2027-12-14", "upcoming", ["title", "due"]),
        ("2027-12-21", "upcoming", []),
    ]
    closed = [each["closing"] for each in rondo.series(task) if each["status"] == "completed"]
    assert closed == ["skipped", "done"]
    rondo.complete(task, wait=WAIT)
    following_one = following(user, rondo.task(task))
    assert (following_one["title"], following_one["due"]["date"]) == ("Feed", "2027-12-15")
    current = following_one["id"]
    rondo.update(current, occurrence="2027-12-28", due={"date": "2027-12-30"}, scope="following", wait=WAIT)
    rondo.update(current, occurrence="2028-01-06", title="Feed", wait=WAIT)
    rondo.delete(current, occurrence="2028-01-13", wait=WAIT)
    told = [(each["occurrence"][:10], each["following"]) for each in rondo.upcoming(current)["items"]]
    assert told == [("2027-12-21", []), ("2027-12-30", ["due"]), ("2028-01-06", ["title"])]
    titles = []
    for _ in range(3):
        rondo.complete(current, wait=WAIT)
        opened = following(user, following_one)
        current = opened["id"]
        titles.append((opened["title"], opened["due"]["date"]))
    assert titles == [("Water", "2027-12-21"), ("Water", "2027-12-30"), ("Feed", "2028-01-06")]
    user.settled_trail()


def test_a_snoozed_task_reminds_again_when_the_snooze_is_over_and_is_not_snoozed_once_that_is_undone(
    user: User,
) -> None:
    rondo = user.rondo
    task = rondo.create("Medicine", reminders=[{"at": ahead(1).isoformat()}], wait=WAIT)["task"]["id"]
    sent(user, task)
    snoozed = rondo.snooze(task, duration="PT3S", wait=WAIT)["task"]["snoozed"]
    until(lambda: len([*notified(user, task)]) == 2, PATIENCE, "It did not remind again.")
    assert datetime.fromisoformat(snoozed) in notified(user, task)

    later = ahead(3600).isoformat()
    answer = rondo.snooze(task, until=later, wait=WAIT)
    assert datetime.fromisoformat(answer["task"]["snoozed"]) == datetime.fromisoformat(later)
    rondo.undo_command(answer["command"]["id"], wait=WAIT)
    assert rondo.task(task)["snoozed"] == snoozed


def notified(user: User, task: str) -> list[datetime]:
    """Return the instants of the notifications of a task that were sent."""
    found = [each for each in user.rondo.notifications() if each["task"]["id"] == task and each["status"] == "sent"]
    return [datetime.fromisoformat(each["due_at"]) for each in found]


@pytest.mark.parametrize("named", [None, "2026-12-22"], ids=["open", "yet to come"])
def test_all_occurrences_of_a_series_are_deleted_and_one_undo_brings_them_back(user: User, named: str | None) -> None:
    rondo = user.rondo
    flat = rondo.create("Clean the flat", due={"date": "2026-11-24"}, recurrence="FREQ=WEEKLY", wait=WAIT)["task"]
    rondo.create("Kitchen", parent=flat["id"], wait=WAIT)
    for _ in range(2):
        rondo.complete(following(user, flat)["id"], wait=WAIT)
    rondo.create("Groceries", wait=WAIT)
    latest = following(user, flat)
    user.settled_trail()
    before = {task["id"]: task["status"] for task in rondo.tasks()}
    with pytest.raises(Problem, match="2026-12-23"):
        rondo.delete(latest["id"], scope="all", occurrence="2026-12-23", wait=WAIT)
    assert {task["id"]: task["status"] for task in rondo.tasks()} == before
    deleted = rondo.delete(latest["id"], scope="all", subtasks="delete", occurrence=named, wait=WAIT)
    user.settled_trail()
    assert [task["title"] for task in rondo.tasks()] == ["Groceries"]
    rondo.undo_command(deleted["command"]["id"], wait=WAIT)
    assert {task["id"]: task["status"] for task in rondo.tasks()} == before
    rondo.complete(latest["id"], wait=WAIT)
    assert following(user, flat)["occurrence"] > latest["occurrence"]
