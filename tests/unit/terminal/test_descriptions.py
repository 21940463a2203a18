"""Descriptions of tasks on a terminal and in a pipe."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from rondo.client import Due, Entry
from rondo.terminal import descriptions, tables
from rondo.terminal.fitting import Layout
from rondo.terminal.plain import plain
from tests.unit.client.tasks import ENTRY, task

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=1)))
TODAY = NOW.date()
SIMPLE = task(
    due=None,
    due_at=None,
    start=None,
    start_at=None,
    recurrence=None,
    reminders=[],
    priority="none",
    tags=[],
    notes="",
    list=None,
)


def day(text: str, time: str | None = None, zone: str | None = None) -> Due:
    return Due(date=text, time=time, zone=zone)


def rendered(shown: Layout, colours: bool = False, room: int = 100) -> str:
    """What a terminal is sent, without trailing spaces."""
    return "\n".join(line.render(colours).rstrip() for line in shown.lines(room))


@pytest.mark.parametrize(
    ("due", "text"),
    [
        (None, ""),
        (day("2026-11-22"), "yesterday"),
        (day("2026-11-23", "09:00:00"), "today 09:00"),
        (day("2026-11-24", "09:00:30", "Europe/Paris"), "tomorrow 09:00:30 Europe/Paris"),
        (day("2026-11-25", "09:00:00"), "2026-11-25 09:00"),
    ],
)
def test_the_days_around_today_are_named(due: Due | None, text: str):
    assert descriptions.near(due, TODAY) == text


def test_a_line_has_a_tasks_fields_apart_by_tabs():
    written = task(due=day("2026-11-24", "09:00:00"), title="Stand-up", tags=["team", "work"], priority="high")
    fields = [written["id"], "open", "high", "2026-11-24 09:00", "Stand-up", "team,work"]
    assert descriptions.line(written) == "\t".join(fields)


@pytest.mark.parametrize("title", ["a\tb", "a\x1b[2Jb", "a\nb", "a\x9bb"])
def test_no_title_can_move_the_cursor_or_pass_for_another_field(title: str):
    line = descriptions.line(SIMPLE | {"title": title})
    assert line.count("\t") == len(descriptions.FIELDS) - 1
    assert "\n" not in line
    assert line.replace("\t", "").isprintable()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u202eb", "a\\u202eb"),
        ("\u200b", "\\u200b"),
        ("\ufeffa", "\\ufeffa"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\u200d", "\\u200d"),
        ("a\u200d\u200d", "a\u200d\\u200d"),
        ("a\U000e0041", "a\\U000e0041"),
    ],
    ids=ascii,
)
def test_what_hides_turns_or_breaks_a_line_is_shown_by_its_number(text: str, seen: str):
    assert plain(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f469\u200d\U0001f680",
        "\u2764\ufe0f\u200d\U0001f525",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\u0601\u0661",
    ],
    ids=ascii,
)
def test_scripts_and_emoji_are_shown_as_they_are(text: str):
    assert plain(text) == text


def test_a_title_is_no_markup():
    assert "[red]Stop[/red] 👩‍🚀" in rendered(tables.table([SIMPLE | {"title": "[red]Stop[/red] 👩‍🚀"}], NOW))


def test_a_table_has_a_row_a_task():
    repeating = task(title="Stand-up", due=day("2026-11-24"), due_at=None, tags=["team"], priority="high")
    assert rendered(tables.table([SIMPLE, repeating], NOW)).splitlines() == [
        "id        due         priority  title     tags",
        "6a1a3f5e                        Stand-up",
        "6a1a3f5e  tomorrow ↻  high      Stand-up  #team",
    ]


def test_a_table_has_a_column_for_lists_where_their_names_are_given():
    tasks = [SIMPLE | {"list": "1f7d"}, SIMPLE, SIMPLE | {"list": "deadbeefdeadbeef"}]
    rows = rendered(tables.table(tasks, NOW, {"1f7d": "Deep work"})).splitlines()  # type: ignore[arg-type]
    assert [row.rpartition("  ")[2] for row in rows] == ["list", "Deep work", "Stand-up", "deadbeef"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"due": day("2026-11-22")}, "\x1b[1;31myesterday"),
        ({"due": day("2026-11-23")}, "\x1b[32mtoday"),
        ({"due": day("2026-11-22"), "status": "completed"}, "\x1b[2myesterday"),
        ({"priority": "urgent"}, "\x1b[1;31murgent"),
        ({"priority": "high"}, "\x1b[33mhigh"),
    ],
)
def test_what_presses_has_a_colour(fields: dict[str, Any], code: str):
    assert code in rendered(tables.table([SIMPLE | fields], NOW), colours=True)  # type: ignore[operator]


def test_a_card_tells_only_what_is_set():
    assert [name for name, _ in descriptions.facts(SIMPLE)] == [
        "title",
        "id",
        "status",
        "priority",
        "created",
        "changed",
    ]


def test_a_card_has_the_notes_line_by_line():
    assert rendered(tables.card(task(notes="Ten minutes,\nno longer."), NOW)).splitlines()[-2:] == [
        "notes     Ten minutes,",
        "          no longer.",
    ]


def test_the_history_tells_each_change_in_words():
    assert list(descriptions.changes(Entry(**ENTRY))) == [  # type: ignore[typeddict-item]
        "title: Stand-up → Stand-up, online",
        "priority: high → urgent",
        "recurrence: FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "reminders: 15m before → 2026-11-24T07:00:00Z",
    ]


WHY = "The next occurrence would be due after the year 9999; the series ends."
OTHER = "0d6f6a2e-4c1d-4f6e-9b0a-7f3e5d2c1b61"


@pytest.mark.parametrize(
    ("led_to", "told"),
    [
        (None, []),
        ({"status": "rejected", "code": "ended", "detail": WHY, "task": None}, [WHY]),
        ({"status": "accepted", "detail": None, "task": {"id": OTHER}}, ["next: 0d6f6a2e"]),
        ({"status": "unchanged", "detail": None, "task": {"id": OTHER}}, []),
    ],
)
def test_the_history_says_what_a_completion_led_to(led_to: Any, told: list[str]):
    assert list(descriptions.describe(ENTRY | {"changes": [], "led_to": led_to})) == told  # type: ignore[arg-type]


def test_a_card_tells_why_a_series_ended():
    facts = dict(descriptions.facts(task(status="completed", recurrence="FREQ=DAILY"), descriptions.Around(ended=WHY)))
    assert facts["ended"] == WHY


def test_the_history_leaves_out_what_was_and_stays_empty():
    changes = [
        {"field": "notes", "before": None, "after": ""},
        {"field": "created_at", "before": None, "after": "2026-11-24T07:00:00Z"},
        {"field": "due", "before": day("2026-11-24", "09:00:00"), "after": None},
    ]
    assert list(descriptions.changes(ENTRY | {"changes": changes})) == ["due: 2026-11-24 09:00 → none"]  # type: ignore[arg-type]
