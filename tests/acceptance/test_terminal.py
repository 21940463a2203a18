"""Tasks in the terminal, typed as a person does it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.stack import PATIENCE, Stack, User, until


class Terminal:
    """A terminal with a home directory of its own."""

    def __init__(self, home: Path, data: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RONDO_", "XDG_"))}
        self.environment = {**inherited, "HOME": str(home), "RONDO_DATA": str(data), "COLUMNS": "100"}

    def type(self, *words: str, status: int = 0, typed_in: str = "") -> str:
        """Type a command, and return its output where it ends as expected."""
        done = subprocess.run(
            [Path(sys.executable).with_name("rondo"), *words],
            env=self.environment,
            input=typed_in,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    def json(self, *words: str) -> Any:
        """Type a command with --json, and return the value."""
        return json.loads(self.type(*words, "--json"))


@pytest.fixture
def terminal(stack: Stack, user: User, tmp_path: Path) -> Terminal:
    """A terminal, logged in as this test's user."""
    terminal = Terminal(tmp_path, tmp_path / "nothing-runs-here")
    terminal.type("login", stack.run["api"], typed_in=f"{user.token}\n")
    return terminal


def test_a_day_in_the_terminal(terminal: Terminal, user: User) -> None:
    milk = terminal.json("add", "Buy", "milk", "--due", "2027-01-04", "--tag", "shop", "--priority", "high")["task"]
    call = terminal.json("add", "Call home", "--due", "2027-01-04T18:00", "--zone", "Europe/Paris", "--remind", "15m")
    assert terminal.type("list").splitlines() == [
        f"{call['task']['id']}\topen\tnone\t2027-01-04 18:00 Europe/Paris\tCall home\t",
        f"{milk['id']}\topen\thigh\t2027-01-04\tBuy milk\tshop",
    ]
    assert terminal.type(
        "edit", milk["id"][:8], "--title", "Buy oat milk", "--clear", "tag", "--notes", "-", typed_in="Two."
    )
    assert terminal.type("complete", milk["id"][:12], call["task"]["id"]).splitlines() == [
        f"Completed {milk['id'][:8]} Buy oat milk",
        f"Completed {call['task']['id'][:8]} Call home",
    ]
    assert terminal.type("list") == ""
    terminal.type("reopen", milk["id"])
    terminal.type("delete", call["task"]["id"])
    (shown,) = terminal.json("show", milk["id"][:8])
    assert (shown, shown["notes"], shown["tags"]) == (user.rondo.task(milk["id"]), "Two.", [])
    assert terminal.type("complete", call["task"]["id"][:12], status=1).endswith("The task was deleted.\n")


def test_the_history_is_read_in_the_terminal(terminal: Terminal) -> None:
    task = terminal.json("add", "Report")["task"]["id"]
    terminal.type("edit", task, "--title", "Annual report")
    until(lambda: len(terminal.json("history", task)) == 2, PATIENCE, "The history lacks an entry.")
    assert terminal.type("history", task).splitlines()[1].endswith("\ttitle: Report → Annual report")


def test_a_task_that_is_typed_twice_under_one_key_stands_once(terminal: Terminal) -> None:
    assert terminal.json("add", "Backup", "--key", "monday") == terminal.json("add", "Backup", "--key", "monday")
    assert len(terminal.json("list")) == 1


def test_a_task_is_part_of_another_and_keeps_the_tags_that_it_has(terminal: Terminal) -> None:
    trip = terminal.json("add", "Trip", "--tag", "travel", "--pin")["task"]["id"]
    part = terminal.json("add", "Pack", "--parent", trip[:12], "--start", "2027-01-03", "--due", "2027-01-04")["task"]
    assert (part["parent"], part["start"]["date"]) == (trip, "2027-01-03")
    (changed,) = terminal.json("edit", trip, "--add-tag", "family", "--unpin")
    assert (changed["task"]["tags"], changed["task"]["pinned"]) == (["family", "travel"], False)


def test_a_field_that_is_not_usable_is_named(terminal: Terminal) -> None:
    told = terminal.type("add", "Buy milk", "--due", "2027-02-30", status=2)
    assert told.splitlines()[-1] == "--due: There is no such day in the calendar."


def test_the_rondo_that_runs_here_needs_no_address(stack: Stack, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, stack.data)
    terminal.type("login")
    elsewhere = Terminal(tmp_path, tmp_path / "nothing-runs-here")
    assert elsewhere.json("whoami") | {"source": ""} == terminal.json("whoami") | {"source": ""}
    assert elsewhere.json("whoami")["user"] == stack.run["user"]
    elsewhere.type("logout")
    assert "rondo login" in elsewhere.type("whoami", status=1)


def test_many_tasks_are_changed_and_all_of_it_is_undone(terminal: Terminal, user: User) -> None:
    tasks = [terminal.json("add", f"Errand {number}", "--tag", "errands")["task"]["id"] for number in range(3)]
    done = terminal.json("bulk", "edit", "--filter", "#errands", "--add-tag", "late", "--priority", "high", "--yes")
    assert (done["status"], done["changed"], done["refusals"]) == ("done", 3, [])
    assert {tuple(user.rondo.task(task)["tags"]) for task in tasks} == {("errands", "late")}
    assert terminal.type("undo").splitlines()[0] == "Undone: Changed 3 tasks."
    assert {tuple(user.rondo.task(task)["tags"]) for task in tasks} == {("errands",)}
    told = terminal.type("undo").splitlines()
    assert (told[0], told[1][:18]) == (f"Undone: Created {tasks[-1][:8]} Errand 2.", "Put back 1 change.")
    assert [task["id"] for task in terminal.json("list", "--filter", "deleted")] == [tasks[-1]]
    terminal.type("restore", tasks[-1])
    assert len(terminal.json("list")) == 3


def test_a_bulk_says_which_tasks_it_left_and_asks_nobody_who_is_not_there(terminal: Terminal) -> None:
    task = terminal.json("add", "Report")["task"]["id"]
    terminal.type("delete", task)
    assert terminal.type("bulk", "complete", task, status=1) == f"{task[:8]}: The task was deleted.\n"
    assert "--yes" in terminal.type("bulk", "complete", "--filter", "open", status=2)


def test_tasks_are_on_lists_and_tags_are_over_all_tasks(terminal: Terminal) -> None:
    terminal.type("lists", "add", "Deep", "work")
    terminal.type("add", "Write", "--list", "deep work", "--tag", "writing")
    terminal.type("add", "Rest")
    assert [task["title"] for task in terminal.json("list", "--list", "Deep work")] == ["Write"]
    terminal.type("tags", "rename", "writing", "text")
    terminal.type("tags", "colour", "text", "#ff8c00")
    [tag] = terminal.json("tags")
    assert (tag["name"], tag["colour"], tag["open"]) == ("text", "#ff8c00", 1)
    terminal.type("lists", "delete", "Deep work", status=1)
    terminal.type("lists", "delete", "Deep work", "--tasks", "move")
    assert (terminal.json("lists"), len(terminal.json("list", "--filter", "no list"))) == ([], 2)


def test_words_are_found_also_mistyped(terminal: Terminal) -> None:
    terminal.type("add", "Dentist appointment")
    terminal.type("add", "Buy milk")
    [found] = terminal.json("search", "dentsit")
    assert [part["text"] for part in found["highlights"]["title"] if part["match"]] == ["Dentist"]


def test_tasks_are_moved_in_ones_own_order_and_back(terminal: Terminal) -> None:
    a, b, c = (terminal.json("add", title)["task"]["id"] for title in "abc")

    def order() -> str:
        return "".join(task["title"] for task in terminal.json("list", "--sort", "order"))

    terminal.type("move", c[:12], "--before", b[:12])
    assert order() == "acb"
    assert terminal.type("move", a, "--bottom") == f"Moved {a[:8]} a\n"
    assert order() == "cba"
    terminal.type("undo")
    terminal.type("undo")
    assert order() == "abc"


def test_a_task_is_shown_with_what_is_around_it(terminal: Terminal) -> None:
    terminal.type("lists", "add", "Deep work")
    trip = terminal.json("add", "Trip", "--list", "deep work")["task"]["id"]
    part = terminal.json("add", "Pack", "--parent", trip[:12])["task"]["id"]
    terminal.type("complete", part)
    told = terminal.type("show", trip[:12]).splitlines()
    assert {"list\tDeep work", f"sub-tasks\t{part[:8]} Pack, completed"} <= set(told)
    assert f"parent\t{trip[:8]} Trip" in terminal.type("show", part).splitlines()
    assert terminal.type("edit", part, "--priority", "high", "--pin") == f"Changed {part[:8]} Pack: priority, pinned\n"


def test_dates_are_typed_as_people_do(terminal: Terminal) -> None:
    terminal.environment["TZ"] = "Asia/Tokyo"
    call = terminal.json("add", "Call", "-d", "dec 1 2099 5pm", "-r", "15m", "--repeat", "weekdays", "-t", "phone")[
        "task"
    ]
    assert call["due"] == {"date": "2099-12-01", "time": "17:00:00", "zone": None}
    assert terminal.json("settings")["zone"] == "Asia/Tokyo"
    assert (call["recurrence"], call["reminders"][0]["before"]) == ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "PT15M")
    today = terminal.json("add", "Rest", "--due", "today")["task"]
    assert [task["id"] for task in terminal.json("ls", "-f", "due = today")] == [today["id"]]
    assert [task["id"] for task in terminal.json("ls", "-f", "due = tomorrow-1d")] == [today["id"]]
    report = terminal.json("add", "Report", "--due", "2099-12-08 9:00")["task"]
    (edited,) = terminal.json("edit", report["id"], "--remind", "1h")
    assert edited["task"]["due"] == {"date": "2099-12-08", "time": "09:00:00", "zone": None}
    assert "Did you mean `friday` or `friday+1w`?" in terminal.type("add", "Rest", "-d", "next friday", status=2)


def test_what_is_no_filter_by_itself_finds_nothing_that_was_deleted(terminal: Terminal) -> None:
    terminal.type("lists", "add", "Deep work")
    task = terminal.json("add", "Secret", "--list", "deep work")["task"]["id"]
    terminal.type("rm", task)
    told = terminal.type("list", "--list", "deep work", "--filter", "open) or (deleted", status=2)
    assert told.startswith("--filter: Column 5: ")
    assert terminal.type("list", "--filter", "due < tomorow", status=2).startswith("--filter: Column 7: ")


def test_undo_passes_over_what_changed_nothing(terminal: Terminal) -> None:
    task = terminal.json("add", "Report")["task"]["id"]
    terminal.type("tags", "delete", "nobody-has-it")
    assert terminal.type("undo").splitlines()[0] == f"Undone: Created {task[:8]} Report."
    assert "Nothing was done from here" in terminal.type("undo", status=1)


def test_an_occurrence_that_is_yet_to_come_is_decided_about_by_its_day(terminal: Terminal) -> None:
    task = terminal.json("add", "Bins", "--due", "2099-12-07", "--repeat", "weekly")["task"]["id"][:8]
    assert terminal.type("skip", task, "--on", "2099-12-14") == f"Skipped 2099-12-14 of {task} Bins\n"
    assert terminal.type("edit", task, "--on", "2099-12-21", "--due", "2099-12-22").startswith("Changed 2099-12-21 of ")
    terminal.type("edit", task, "--on", "2099-12-28", "--title", "All bins")
    assert [line.split("\t") for line in terminal.type("upcoming", task, "-n", "3").splitlines()] == [
        ["2099-12-14", "2099-12-14", "skipped", ""],
        ["2099-12-21", "2099-12-22", "upcoming", "due"],
        ["2099-12-28", "2099-12-28", "upcoming", "from here on title"],
    ]
    assert terminal.type("delete", task, "--on", "2100-01-04") == f"Deleted all from 2100-01-04 of {task} Bins\n"
    assert len(terminal.type("upcoming", task).splitlines()) == 3
    terminal.type("undo")
    assert len(terminal.type("upcoming", task).splitlines()) == 10
    assert terminal.type("reopen", task, "--on", "2099-12-14") == f"Opened 2099-12-14 of {task} Bins\n"
    refused = terminal.type("skip", task, "--on", "2099-12-15", status=1)
    assert "The series has no occurrence on 2099-12-15; the next after that is 2099-12-21." in refused
    assert terminal.type("skip", task, "--on", "9:00", status=2).splitlines()[-1].startswith("--on: '9:00' needs a day")
