"""Tasks are found by filters, sorted, page by page, over HTTP."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from api.models.selection import digest
from schemas import ids
from schemas import records as r
from tests.integration.ingress.standin import StandIn, User

NOW = datetime.now(UTC)
AT = int(NOW.timestamp() * 1000)


def a_task(user: User, title: str, **fields: Any) -> r.Task:
    return replace(r.Task(ids.derive(title, user.id), user.id, title, AT, AT), **fields)


async def put(stages: StandIn, *tasks: r.Task) -> None:
    created = [ids.derive("created", task.id) for task in tasks]
    await stages.write(
        *(r.TaskCreated(id_, task.user, AT, "user:x", id_, task) for id_, task in zip(created, tasks, strict=True))
    )


async def page(user: User, **parameters: object) -> dict:
    answer = await user.http.get("/v1/tasks", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def pages(user: User, **parameters: object) -> AsyncIterator[list[str]]:
    """The titles of each page, to the last."""
    found = await page(user, **parameters)
    yield [task["title"] for task in found["items"]]
    while found["next"]:
        found = await page(user, **parameters, cursor=found["next"])
        yield [task["title"] for task in found["items"]]


async def titles(user: User, **parameters: object) -> list[str]:
    return [title async for each in pages(user, **parameters) for title in each]


def day(days: int) -> r.Due:
    return r.Due((NOW + timedelta(days=days)).date().isoformat())


async def test_a_filter_finds_and_a_sort_sorts(user: User, stages: StandIn) -> None:
    await put(
        stages,
        a_task(user, "late", due=day(-2)),
        a_task(user, "urgent", due=day(3), priority=r.Priority.URGENT, tags=("home",)),
        a_task(user, "soon", due=day(3), tags=("home",)),
        a_task(user, "some day"),
    )
    assert await titles(user, filter="#home", sort="priority") == ["soon", "urgent"]
    assert await titles(user, filter="has due", sort="due,-priority", limit=1) == ["late", "urgent", "soon"]
    assert await titles(user, filter="overdue or no due", sort="title") == ["late", "some day"]


async def test_a_zone_says_when_the_day_begins(user: User, stages: StandIn) -> None:
    in_kiritimati = (NOW + timedelta(hours=14)).date()
    await put(stages, a_task(user, "there", due=r.Due(in_kiritimati.isoformat())))
    assert await titles(user, filter="due = today", zone="Pacific/Kiritimati") == ["there"]
    assert await titles(user, filter="due = today", zone="Etc/GMT+12") == []  # 26 hours behind: another day


async def test_tasks_that_change_between_pages_are_neither_repeated_nor_lost(user: User, stages: StandIn) -> None:
    tasks = [a_task(user, f"task {n}", due=day(n)) for n in range(6)]
    await put(stages, *tasks)
    found = pages(user, filter="open", sort="due", limit=2)
    first = await anext(found)
    events = [
        r.TaskDeleted("e", user.id, AT, "user:x", "c", changed(tasks[0], status=r.Status.DELETED)),
        r.TaskUpdated("e", user.id, AT, "user:x", "c", changed(tasks[1], due=day(9)), ("due",)),
        r.TaskCompleted("e", user.id, AT, "user:x", "c", changed(tasks[3], status=r.Status.COMPLETED)),
    ]
    await stages.write(*events)
    rest = [title async for each in found for title in each]
    assert first == ["task 0", "task 1"]
    assert rest == ["task 2", "task 4", "task 5", "task 1"]  # task 1 has moved itself


def changed(task: r.Task, **fields: Any) -> r.Task:
    return replace(task, version=2, **fields)


@pytest.mark.parametrize(
    ("parameters", "field", "column", "suggestion"),
    [
        ({"filter": "due < tomorow"}, "filter", 7, "tomorrow"),
        ({"filter": "#home #work"}, "filter", 7, "and #work"),
        ({"sort": "due,-prioritty"}, "sort", 6, "priority"),
        ({"sort": "relevance"}, "sort", 1, None),
        ({"q": "?!"}, "q", 1, None),
        ({"zone": "Mars/Olympus"}, "zone", None, None),
        ({"status": "open"}, "status", None, None),
    ],
)
async def test_what_can_not_be_read_is_refused_with_its_column_and_what_was_meant(
    user: User, parameters: dict[str, str], field: str, column: int | None, suggestion: str | None
) -> None:
    answer = await user.http.get("/v1/tasks", params=parameters)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation")
    [error] = answer.json()["errors"]
    assert (error["field"], error.get("column"), error.get("suggestion")) == (field, column, suggestion)


async def found(user: User, q: str, **parameters: object) -> tuple[list[str], str | None]:
    """The titles that are found, and what was looked for if that is not what was typed."""
    answer = await page(user, q=q, **parameters)
    return [task["title"] for task in answer["items"]], answer["corrected"]


async def test_words_are_found_in_titles_and_notes_the_best_first(user: User, stages: StandIn) -> None:
    await put(
        stages,
        a_task(user, "Something else", notes="see the café report"),
        a_task(user, "Annual Report"),
        a_task(user, "Tidy up"),
    )
    assert await found(user, "report") == (["Annual Report", "Something else"], None)
    assert await found(user, "REPORT cafe") == (["Something else"], None)
    assert await found(user, "ann rep") == ([], None)  # only the last word may be the beginning of one
    assert await found(user, "annual rep") == (["Annual Report"], None)
    assert await found(user, "report", filter='notes ~ "café"') == (["Something else"], None)
    assert await found(user, "report", sort="created", filter="completed") == ([], None)


async def test_a_word_that_is_mistyped_is_found_as_what_was_meant(user: User, stages: StandIn) -> None:
    await put(stages, *(a_task(user, title) for title in ("Quarterly report", "Quartz", "Reprimand")))
    for typed in ("reprot", "erport", "rport", "repport", "quartrly"):
        titles, corrected = await found(user, typed)
        assert (titles, corrected) == (["Quarterly report"], corrected), typed
        assert corrected, typed
    assert await found(user, "quartz reprot") == ([], "quartz report")
    assert await found(user, "zzzz") == ([], None)


async def test_pages_of_what_was_meant_lead_on(user: User, stages: StandIn) -> None:
    await put(stages, *(a_task(user, f"Report {n}", created_at=AT + n) for n in range(5)))
    assert await titles(user, q="reprot", limit=2) == [f"Report {n}" for n in (4, 3, 2, 1, 0)]


async def test_what_was_found_is_marked_and_stays_text(user: User, stages: StandIn) -> None:
    await put(stages, a_task(user, "<b>Reports</b>", notes="x " * 200 + "the Café report"))
    [task] = (await page(user, q="report"))["items"]
    title, notes = task["highlights"]["title"], task["highlights"]["notes"]
    assert [part["text"] for part in title] == ["<b>", "Reports", "</b>"]
    assert [part["text"] for part in (*title, *notes) if part["match"]] == ["Reports", "report"]
    assert len("".join(part["text"] for part in notes)) < 200


async def test_the_numbers_of_tasks_are_those_of_the_list(user: User, stages: StandIn) -> None:
    at_nine = r.Due("2026-12-01", "23:30:00", "America/New_York")
    await put(
        stages,
        a_task(user, "one report", tags=("home",), priority=r.Priority.HIGH, due=r.Due("2026-12-01")),
        a_task(user, "two reports", tags=("home", "work"), due=at_nine),
        a_task(user, "three", status=r.Status.COMPLETED),
        a_task(user, "four", status=r.Status.DELETED),
    )

    async def facets(**parameters: str) -> dict[str, Any]:
        answer = await user.http.get("/v1/tasks/facets", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json() | {
            name: {count["value"]: count["tasks"] for count in counts}
            for name, counts in answer.json().items()
            if isinstance(counts, list)
        }

    assert await facets(zone="Europe/Paris") == {
        "total": 3,
        "status": {"open": 2, "completed": 1},
        "priority": {"high": 1, "none": 2},
        "list": {None: 3},
        "tags": {"home": 2, "work": 1},
        "due": {"2026-12-01": 1, "2026-12-02": 1},
        "corrected": None,
    }
    assert (await facets(filter="#home", zone="America/New_York"))["due"] == {"2026-12-01": 2}
    assert (await facets(q="reprots"))["total"] == 1
    assert (await facets(filter="#nowhere"))["total"] == 0


async def test_a_cursor_leads_on_among_what_it_was_given_for_only(user: User, stages: StandIn) -> None:
    await put(stages, a_task(user, "one"), a_task(user, "two"))
    cursor = (await page(user, filter="open", limit=1))["next"]
    assert len((await page(user, filter="open", cursor=cursor))["items"]) == 1
    for other in ({"filter": "not open"}, {"sort": "title"}, {"filter": "open", "zone": "Europe/Paris"}):
        answer = await user.http.get("/v1/tasks", params={**other, "cursor": cursor})
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/cursor"), other


async def test_each_page_is_as_of_the_first(user: User, stages: StandIn) -> None:
    await put(stages, *(a_task(user, title, due=day(-1)) for title in ("one", "two")))
    cursor = (await page(user, filter="overdue", limit=1))["next"]
    name, (asked, now, position, terms) = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    assert name == "tasks"
    earlier = json.dumps([name, [asked, now - 3 * 86_400_000, position, terms]]).encode()
    before_they_were_due = base64.urlsafe_b64encode(earlier).rstrip(b"=").decode()
    assert len((await page(user, filter="overdue", cursor=cursor))["items"]) == 1
    assert (await page(user, filter="overdue", cursor=before_they_were_due))["items"] == []


SIGNS = ("(", ")", "#", "#a", '"', '"b"', "<", "=", "~", ",", "\\", "%", "_", "'", ";--", "$1", "{}", "\0", "\ud800")
NAMES = ("open", "due", "start", "title", "priority", "high", "list", "tags", "today", "+9999y", "now", "-9999h")
WORDS = (*SIGNS, *NAMES, "not", "and", "or", "in", "has", "no", "2026-12-01")
HOSTILE = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
VALUES = st.sampled_from(("0001-01-01T00:00:00+23:59", "true", "HIGH", "2026-11-23 10:00:00"))
TERMS = st.lists(
    st.fixed_dictionaries({"words": st.lists(HOSTILE, max_size=2), "beginning": st.booleans()}), max_size=2
)
POSITIONS = st.lists(st.none() | st.text(max_size=8) | VALUES, max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.dictionaries(st.sampled_from(("filter", "q", "sort", "zone", "cursor")), HOSTILE, max_size=3))
async def test_nothing_that_is_asked_breaks_it_or_shows_what_is_anothers(
    new_user: Callable[[], User], strangers: User, asked: dict[str, str]
) -> None:
    encoded = {name: text.encode(errors="surrogatepass") for name, text in asked.items()}
    answer = await strangers.http.get("/v1/tasks", params=encoded)  # type: ignore[arg-type]  # bytes go as they are
    assert answer.status_code in (200, 400, 422), answer.text
    assert answer.status_code != 200 or answer.json()["items"] == []
    counted = {name: text for name, text in encoded.items() if name in {"filter", "q", "zone"}}
    answer = await strangers.http.get("/v1/tasks/facets", params=counted)  # type: ignore[arg-type]
    assert answer.status_code in (200, 422), answer.text
    assert answer.status_code != 200 or answer.json()["total"] == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sort=st.sampled_from(("-created", "due", "relevance,title")), now=st.integers(), position=POSITIONS, terms=TERMS)
async def test_no_cursor_breaks_it(
    strangers: User, sort: str, now: int, position: list[str | None], terms: list[dict[str, object]]
) -> None:
    cursor = encoded("tasks", [digest("", "report", sort, "UTC"), now, position, terms])
    answer = await strangers.http.get("/v1/tasks", params={"q": "report", "sort": sort, "cursor": cursor})
    assert answer.status_code in (200, 400, 422), answer.text


def encoded(name: str, position: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, position]).encode()).rstrip(b"=").decode()


AN_ID = "5d1a1c1e-6d3f-4d7a-9a55-0d9f3e6b7c21"
LISTS = {
    "reminders": "/v1/reminders",
    "notifications": "/v1/notifications",
    "lists": "/v1/lists",
    "filters": "/v1/filters",
    "targets": "/v1/targets",
    "tags": "/v1/tags",
    "history": f"/v1/tasks/{AN_ID}/history",
    "series": f"/v1/tasks/{AN_ID}/series",
}
"""A list for each name in a cursor, beside the tasks."""
TEXTS = st.sampled_from(("", "V", "\0", "a\0", "\ud800", "\udfff\ud800", "é", "infinity", "NaN")) | st.text(max_size=8)
INSTANTS = st.sampled_from(
    ("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59.999999-23:59", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")
)
NUMBERS = st.integers() | st.sampled_from((2**63 - 1, 2**63, -(2**63), 10**400)) | st.floats()
PLACES = st.one_of(TEXTS, INSTANTS, NUMBERS, st.none(), st.tuples(TEXTS | INSTANTS | NUMBERS, st.just(AN_ID) | TEXTS))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(LISTS)), position=PLACES)
@example(name="tags", position="\0")
@example(name="lists", position=["\0", AN_ID])
@example(name="filters", position=["\0", AN_ID])
@example(name="series", position=["\0", AN_ID])
@example(name="targets", position=["\0", AN_ID])
@example(name="reminders", position=["0001-01-01T00:00:00+10:00", AN_ID])
@example(name="notifications", position=["0001-01-01T00:00:00+10:00", AN_ID])
async def test_no_cursor_breaks_any_list(strangers: User, name: str, position: object) -> None:
    answer = await strangers.http.get(LISTS[name], params={"cursor": encoded(name, position)})
    assert answer.status_code in (200, 400, 404), answer.text


async def test_no_cursor_breaks_the_refusals_of_a_bulk(user: User, stages: StandIn) -> None:
    body = {"filter": "open", "action": "complete"}
    href = (await user.http.post("/v1/bulks", json=body, headers={"Prefer": "wait"})).json()["href"]
    for number in (0, 2**63 - 1, 2**63, -1, "\0"):
        answer = await user.http.get(f"{href}/refusals", params={"cursor": encoded("refusals", number)})
        assert answer.status_code == (200 if number in (0, 2**63 - 1) else 400), answer.text


@pytest.fixture
async def strangers(new_user: Callable[[], User], stages: StandIn) -> User:
    """A user without tasks, while another has some."""
    other = new_user()
    await put(stages, a_task(other, "Private", tags=("a",), due=day(0)), a_task(other, "b", priority=r.Priority.HIGH))
    return new_user()
