"""Tables on narrow terminals: columns are left out, and neither a word nor a column is broken."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rondo.client.models import Entry
from rondo.commands import dead_letter_commands, filters, lists, tags
from rondo.operator import lag, topics
from rondo.terminal import tables
from rondo.terminal.cells import Cell, width
from rondo.terminal.fitting import GAP, LONG, Card, Fitted, Layout
from schemas.topics import TASK_COMMANDS
from streams.progress.lag import Lag
from tests.unit.client.tasks import ENTRY, FILTER, LIST, SETTINGS, UPCOMING, task
from tests.unit.terminal.test_descriptions import rendered
from tests.unit.typed import Type

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WIDTHS = (40, 60, 80)
ID = "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"

WORDS = st.lists(st.from_regex(r"[a-zäé牛乳]{1,12}", fullmatch=True), min_size=1, max_size=12).map(" ".join)
DUES = st.sampled_from(
    [
        (None, None),
        ({"date": "2026-11-23", "time": None, "zone": None}, None),
        ({"date": "2026-12-23", "time": "09:00:00", "zone": None}, None),
        ({"date": "2026-12-23", "time": "09:00:00", "zone": "Australia/Adelaide"}, "2026-12-22T22:30:00Z"),
    ]
)


@st.composite
def tasks(draw: st.DrawFn) -> Any:
    """A task with what is shown of it."""
    due, due_at = draw(DUES)
    return task(
        title=draw(WORDS),
        due=due,
        due_at=due_at,
        priority=draw(st.sampled_from(["none", "low", "medium", "high", "urgent"])),
        tags=draw(st.lists(st.from_regex(r"[a-z]{1,12}", fullmatch=True), max_size=4)),
        pinned=draw(st.booleans()),
        list=draw(st.sampled_from([None, ID])),
        notes=draw(WORDS),
        status=draw(st.sampled_from(["open", "completed"])),
    )


def holds(shown: Fitted, room: int) -> dict[int, int]:
    """Hold a table to the law at a width; return its columns and their widths."""
    widths = shown.widths(room)
    begins, at = {}, 0
    for place, wide in widths.items():
        begins[place], at = at, at + wide + GAP
    assert all(width(line.plain) <= room for line in shown.lines(room))
    lines = rendered(replace(shown, caption=""), room=room).split("\n")
    seen = {place: " ".join(cut(line, begins[place], widths[place]) for line in lines).split() for place in widths}
    for place in widths:
        words = shown.columns[place].name.split() + [each for row in shown.rows for each in row[place].plain.split()]
        assert "".join(seen[place]) == "".join(words)
        assert {word for word in words if width(word) <= LONG} <= {*seen[place]}
    return widths


def cut(line: str, first: int, wide: int) -> str:
    """The part of a line in these cells."""
    at, found = 0, ""
    for character in line:
        if first <= at < first + wide:
            found += character
        at += width(character)
    return found


@given(st.lists(tasks(), max_size=4), st.sampled_from(WIDTHS), st.booleans())
def test_tasks_are_shown_whole_in_whatever_room_there_is(found: list[Any], room: int, with_lists: bool):
    names = {ID: "Deep work"} if with_lists else {}
    widths = holds(tables.table(found, NOW, names), room)
    assert {0, 3} <= set(widths)  # the id and the title


def test_the_least_important_columns_are_left_out_first():
    one = [task(due={"date": "2026-12-23", "time": "09:00:00", "zone": None}, due_at=None, title="Buy milk " * 9)]
    shown = tables.table(one, NOW, {ID: "Deep work"})
    heads = {room: rendered(shown, room=room).splitlines()[0].split() for room in WIDTHS}
    assert heads == {
        40: ["id", "due", "title"],
        60: ["id", "due", "priority", "title", "list"],
        80: ["id", "due", "priority", "title", "tags", "list"],
    }


LETTER = (
    *("12", "2026-11-23T10:00:00.000Z", "recurrence", "task-followups/3/17", "TaskCompleted"),
    *("the rule never matches from the due on", "dead again"),
)


def others() -> dict[str, Fitted]:
    """Every other table that is shown, with rows that are long."""
    entry = Entry(**ENTRY)  # type: ignore[typeddict-item]
    one = LIST | {"name": "Deep work on what matters most of all", "open": 1234}
    saved = FILTER | {"filter": 'due < today+7d and not #waiting and list = "Deep work"', "name": "This week"}
    behind = Lag("recurrence", "task-followups", 3, 123_456, 234_567, 111_111, 3600.0, 12, True)
    topic = topics.TopicState(
        TASK_COMMANDS, 12, 1_234_567, ("8 partitions instead of 12", "retention.ms=1 instead of 2")
    )
    return {
        "history": tables.history([entry]),
        "series": tables.series([task(occurrence="2026-11-24T09:00:00", completed_at="2026-11-24T09:00:00.123456Z")]),
        "lists": lists._table([one]),
        "filters": filters._table([saved]),
        "tags": tags._table([{"name": "groceries", "href": "", "colour": "#ff8c00", "open": 12}]),
        "lag": lag.table([behind]),
        "topics": topics.table([topic]),
        "dead-letters": Fitted(dead_letter_commands.COLUMNS, [[*map(Cell.of, LETTER)]]),
    }


@pytest.mark.parametrize("room", WIDTHS)
@pytest.mark.parametrize("name", others())
def test_every_table_is_shown_whole_in_whatever_room_there_is(name: str, room: int):
    holds(others()[name], room)


@given(tasks(), st.sampled_from(WIDTHS))
def test_no_word_of_a_card_is_broken(found: Any, room: int):
    card = tables.card(found, NOW)
    lines = rendered(card, room=room).split("\n")
    assert all(width(line) <= room for line in lines)
    said = [word for name, value in card.rows for word in (*name.split(), *value.plain.split())]
    assert " ".join(lines).split() == said


def test_a_word_that_is_longer_than_the_room_leaves_no_other_column_out():
    url = f"https://example.com/{'a' * 100}"
    shown = tables.table([task(title=f"Read {url}")], NOW)
    lines = rendered(shown, room=80).splitlines()
    assert lines[0].split() == ["id", "due", "priority", "title", "tags"]
    assert max(map(width, lines)) <= 80
    assert url in re.sub(r"\s", "", "".join(line[30:] for line in lines)) or len(url) > LONG


@pytest.mark.parametrize("room", WIDTHS)
@pytest.mark.parametrize(
    "words",
    [
        *(("list",), ("search", "x"), ("show", ID), ("history", ID), ("history", ID, "--series")),
        *(("lists",), ("tags",), ("filters",)),
    ],
    ids=str,
)
def test_a_terminal_is_written_to_in_its_width(
    typed: Type, words: Sequence[str], room: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(room))
    from tests.unit.client.scripted import Says, Scripted

    items = {"lists": LIST, "filters": FILTER, "history": ENTRY}
    items |= {"tags": {"name": "home", "href": "", "colour": None, "open": 1}}
    item = task() if "--series" in words else items.get(words[0], task())
    page = Says(200, {"items": [item], "next": None})
    shown = [Says(200, task(parent=None, list=None)), page, Says(200, SETTINGS), Says(200, UPCOMING)]
    found = shown if words[0] == "show" else [page]
    with Scripted(*found) as api:
        status, out, _ = typed(*words, api=api.url)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert status == 0
    assert all(width(line) <= room for line in plain.splitlines())
    assert plain != out


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("", 5, [""]),
        ("a b", 5, ["a b"]),
        ("ab cd ef", 5, ["ab cd", "ef"]),
        ("a\nb", 5, ["a", "b"]),
        ("abcdefgh i", 5, ["abcde", "fgh i"]),
        ("牛乳を買う", 4, ["牛乳", "を買", "う"]),
        ("  a", 5, ["  a"]),
    ],
)
def test_a_cell_is_cut_between_words(text: str, room: int, lines: list[str]):
    assert [line.plain for line in Cell.of(text).lines(room)] == lines


@given(st.lists(st.tuples(st.text(), st.sampled_from(["", "bold red", "dim"])), max_size=4), st.integers(2, 20))
def test_no_character_that_is_seen_is_lost_where_a_cell_is_cut(pieces: list[tuple[str, str]], room: int):
    cell = Cell(tuple(pieces))
    seen = "".join(line.plain for line in cell.lines(room))
    assert re.sub(r"\s", "", seen) == re.sub(r"\s", "", cell.plain)


@pytest.mark.parametrize(("colorterm", "code"), [("truecolor", "38;2;30;144;255"), ("", "38;5;33")])
def test_a_colour_is_written_as_the_terminal_knows_it(colorterm: str, code: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLORTERM", colorterm)
    assert Cell.of("x", "#1e90ff").render(colours=True) == f"\x1b[{code}mx\x1b[0m"


def test_what_is_shown_is_one_of_these():
    shown: list[Layout] = [Fitted((), ()), Card(())]
    assert all(list(each.lines(40)) == [] or each for each in shown)
