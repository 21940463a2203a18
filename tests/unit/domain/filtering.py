"""Filters and tasks to try them on, as Hypothesis draws them: few names, days and words, so that they meet."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from unicodedata import normalize
from uuid import UUID

from hypothesis import strategies as st

from domain.query import TaskList, dates, tree
from domain.query.dates import Clock, Op
from domain.query.sorting import Key, Sort
from domain.times import END
from schemas import ids
from schemas.records import Closing, Due, Priority, Recurrence, Status, Task

DAY = 24 * 60 * 60 * 1000
NOON = int(datetime.fromisoformat("2026-11-24T12:00:00+00:00").timestamp()) * 1000
"""Noon of a Tuesday, in UTC."""

IDS = tuple(f"0b1c6c53-0000-4000-8000-{number:012d}" for number in range(4))
LISTS = (
    TaskList(IDS[0], "Deep work"),
    TaskList(IDS[1], "Café"),
    TaskList(IDS[2], "inbox zero"),
    TaskList(IDS[3], "Inbox"),
)
USER = ids.derive("user", "filters")
NAMES = (
    "home",
    "Home",
    "Café",
    "STRASSE",
    "straße",
    "Deep work",
    "cafe",
    "in",
    "100%",
    'q"\\',
    "わが",
    "Ｃａｆé",
    "55 m²",
)
ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "Asia/Beirut",
    "Asia/Kathmandu",
)


def a_task(**fields: Any) -> Task:
    """A task with these fields, and else little."""
    return Task(**{"id": IDS[3], "user": USER, "title": "Buy milk", "created_at": NOON, "changed_at": NOON, **fields})


def list_of(task: Task) -> TaskList | None:
    """The list that a drawn task is on, if any: chosen by its id."""
    return (*LISTS, None)[int(task.id[-1], 16) % (len(LISTS) + 1)]


PARENTS = (
    a_task(id=IDS[0]),
    a_task(id=IDS[1], status=Status.COMPLETED, completed_at=NOON),
    a_task(id=IDS[2], status=Status.DELETED),
)
"""What drawn tasks are parts of; one with another id is gone for good."""


def parent_of(task: Task) -> Task | None:
    """The task that a drawn task is a part of, if there is one."""
    return next((parent for parent in PARENTS if parent.id == task.parent), None)


# Text without control characters and surrogates, as tasks and filters hold it, and of letters that have a case here.
characters = st.characters(exclude_categories=("Cc", "Cs", "Cn"))
HOSTILE = (
    "'; drop table rondo.tasks; --",
    "$1",
    "%",
    "_",
    "\\",
    "%s",
    ":x",
    "{0}",
    '"',
    "x' or 'a'='a",
    "*/",
    "🌱",
    "é",
    "“a b”",
    "’tis",
    "a’",
    "«",
)
texts = st.one_of(st.sampled_from(NAMES), st.sampled_from(HOSTILE), st.text(characters, min_size=1, max_size=8)).map(
    lambda text: normalize("NFC", text.strip() or ".")
)
days = st.integers(-3, 3).map(lambda days: date(2026, 11, 24) + timedelta(days))
TIMES = ("00:00:00", "00:30:00", "09:00:00", "11:59:59", "12:00:00", "23:59:59")
clock_times = st.sampled_from(TIMES)
dues = st.one_of(
    st.builds(Due, days.map(str)),
    st.builds(Due, days.map(str), clock_times),
    st.builds(Due, days.map(str), clock_times, st.sampled_from(ZONES)),
)
instants = st.one_of(
    st.integers(NOON - 3 * DAY, NOON + 3 * DAY),
    st.sampled_from((NOON, NOON - 1, NOON + 1, NOON + DAY // 2, 0, END - 1)),
)
clocks = st.builds(Clock, st.integers(NOON - 3 * DAY, NOON + 3 * DAY) | st.just(0), st.sampled_from(ZONES))
some_ids = st.sampled_from(IDS)

tasks = st.builds(
    a_task,
    id=st.uuids().map(str),
    title=texts,
    notes=st.just("") | texts,
    priority=st.sampled_from(Priority),
    tags=st.lists(texts, max_size=3, unique=True).map(lambda tags: tuple(sorted(tags))),
    parent=st.none() | some_ids,
    start=st.none() | dues,
    due=st.none() | dues,
    rank=st.sampled_from(("a", "b", "ba", "B")),
    pinned=st.booleans(),
    status=st.sampled_from(Status),
    closing=st.sampled_from(Closing),
    recurrence=st.none() | st.just(Recurrence("FREQ=DAILY", Due("2026-11-24"))),
    series=st.none() | some_ids,
    created_at=instants,
    changed_at=instants,
    completed_at=st.none() | instants,
)

amounts = st.integers(-dates.MOST, dates.MOST) | st.integers(-3, 3)
calendar_units = [dates.Unit.DAY, dates.Unit.WEEK, dates.Unit.MONTH, dates.Unit.YEAR]
local_times = st.datetimes(*map(datetime.fromisoformat, ("1970-01-01", "9998-12-31T23:59:59")))


def _relative(base: str, amount: int, unit: dates.Unit) -> dates.Relative:
    return dates.Relative(base, amount, unit) if amount else dates.Relative(base)


a_date = st.one_of(
    st.builds(dates.Day, days | st.dates(dates.FIRST, dates.LAST)),
    st.builds(lambda local: dates.Moment(local.replace(second=0, microsecond=0)), local_times),
    st.builds(lambda local: dates.Moment(local.replace(microsecond=0), seconds=True), local_times),
    st.builds(lambda day, time: dates.Moment(datetime.fromisoformat(f"{day}T{time}"), seconds=True), days, clock_times),
    st.builds(_relative, st.just("now"), amounts, st.sampled_from(dates.Unit)),
    st.builds(
        _relative,
        st.sampled_from(("today", "tomorrow", "yesterday", *dates.WEEKDAYS)),
        amounts,
        st.sampled_from(calendar_units),
    ),
)
names = st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple)
listed = st.sampled_from((*IDS, "Deep work", "Café", "inbox zero", "INBOX", "CAFE", "none"))
lists = st.lists(listed, min_size=1, max_size=2, unique=True).map(tuple)
held = ("notes", "tags", "list", "parent", "series", "start", "due", "completed", "recurrence")

terms: st.SearchStrategy[tree.Filter] = st.one_of(
    st.builds(tree.Is, st.sampled_from(Status)),
    st.builds(tree.Closed, st.sampled_from((Closing.SKIPPED, Closing.MISSED))),
    st.just(tree.Overdue()),
    st.just(tree.Pinned()),
    st.builds(tree.Has, st.sampled_from(held)),
    st.builds(tree.Priorities, st.sampled_from(Op), st.sampled_from(Priority)),
    st.builds(
        tree.When, st.sampled_from(("start", "due", "created", "completed", "changed")), st.sampled_from(Op), a_date
    ),
    st.builds(tree.Text, st.sampled_from(("title", "notes")), texts, st.booleans()),
    st.builds(tree.Text, st.just("text"), texts),
    st.builds(tree.Tagged, names),
    st.builds(tree.Listed, lists),
    st.builds(
        tree.Linked,
        st.sampled_from(("parent", "series")),
        st.lists(some_ids, min_size=1, max_size=2, unique=True).map(tuple),
    ),
)
filters: st.SearchStrategy[tree.Filter] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(tree.every),
        st.lists(inner, min_size=2, max_size=3).map(tree.some),
        inner.map(tree.opposite),
    ),
    max_leaves=6,
)
"""Filters as reading them makes them: no conjunction is directly within another."""


SORTED = ("title", "priority", "start", "due", "order", "pinned", "created", "completed", "changed")
sorts = st.lists(
    st.builds(Key, st.sampled_from(SORTED), st.booleans()), min_size=1, unique_by=lambda key: key.field
).map(lambda keys: Sort(tuple(keys)))


def some_tasks(random: Random) -> list[Task]:
    """Tasks at every edge of a few days in every zone, and else as chance will have it."""
    dates_ = [f"2026-11-{day}" for day in range(21, 28)]
    at_edges = [
        *(Due(day) for day in dates_),
        *(Due(day, time) for day in dates_ for time in TIMES),
        *(Due(day, time, zone) for day in dates_ for time in TIMES for zone in ZONES),
    ]
    return [_some_task(random, at_edges, due) for due in (*at_edges, *[None] * 40)]


def _some_task(random: Random, dues_: list[Due], due: Due | None) -> Task:
    words = (*NAMES, *HOSTILE, "a%b", "a_b", "a\\b")
    moments = (NOON, NOON - 1, NOON + 1, *(NOON + days * DAY // 2 for days in range(-6, 7)))
    return a_task(
        id=str(UUID(int=random.getrandbits(128), version=4)),
        title=" ".join(random.sample(words, random.randint(1, 2))),
        notes=random.choice(("", *words)),
        priority=random.choice(list(Priority)),
        tags=tuple(sorted(random.sample(words, random.randint(0, 3)))),
        parent=random.choice((None, *IDS)),
        start=random.choice((None, *dues_)),
        due=due,
        rank=random.choice(("a", "b", "ba", "B")),
        pinned=random.random() < 0.5,
        status=random.choice((Status.OPEN, Status.OPEN, *Status)),
        recurrence=random.choice((None, Recurrence("FREQ=DAILY", Due("2026-11-24")))),
        series=random.choice((None, *IDS)),
        created_at=random.choice(moments),
        changed_at=random.choice(moments),
        completed_at=random.choice((None, *moments)),
    )
