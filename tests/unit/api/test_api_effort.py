"""What stays on the event loop takes little work, whatever it says; what may take more goes to a thread."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.app import create_app
from api.concurrency import LongWork
from api.configuration import Settings
from api.http import tokens
from api.http.problems import Problem
from api.models import effort, inputs
from api.models.bulk_inputs import NewBulk, change
from domain.recurrence import occurrences, rule

MOST_CALLS = 15_000
"""The most calls of functions, Python's own included, of a check on the event loop: about a millisecond."""
NOBODY, SECRET = "127.0.0.1:9", "s" * 32


def calls(work: Callable[[], object]) -> int:
    """Return the number of functions that a piece of work calls, also where it raises."""
    made = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    rule.parse.cache_clear()
    occurrences.ever.cache_clear()
    sys.setprofile(count)
    try:
        with suppress(Problem):
            work()
    finally:
        sys.setprofile(None)
    return made


def numbers(*likely: int, most: int) -> st.SearchStrategy[str]:
    lists = st.lists(st.sampled_from(likely) | st.integers(-most, most), min_size=1, max_size=4)
    return lists.map(lambda each: ",".join(map(str, each)))


DAYS = st.builds("{}{}".format, st.sampled_from(["", "1", "5", "-5", "6", "53"]), st.sampled_from(rule.WEEKDAYS))
PARTS = st.fixed_dictionaries(
    {"FREQ": st.sampled_from([*rule.Freq.__members__])},
    optional={
        "INTERVAL": st.sampled_from(["1", "2", "7", "12", "24", "48", "84", "400", "4800", "99999"]),
        "BYMONTH": numbers(2, most=12),
        "BYMONTHDAY": numbers(29, 30, 31, most=31),
        "BYDAY": st.lists(DAYS, min_size=1, max_size=4).map(",".join),
        "BYYEARDAY": numbers(366, most=366),
        "BYWEEKNO": numbers(53, most=53),
        "BYSETPOS": numbers(366, most=366),
        "BYHOUR": numbers(0, 23, most=23),
    },
)
RULES = PARTS.map(lambda parts: ";".join(f"{name}={value}" for name, value in parts.items()))
TEXTS = st.builds(lambda text, times: text * times, st.text(max_size=5), st.sampled_from([1, 30, 400, 4000]))
DATES = st.sampled_from(["1970-01-01", "2026-12-31", "2096-02-29", "2028-02-29", "9998-12-31", "no date"])
TASKS = st.builds(
    dict,
    title=TEXTS,
    notes=TEXTS,
    tags=st.lists(TEXTS, max_size=50),
    due=st.builds(dict, date=DATES),
    recurrence=RULES | TEXTS,
    reminders=st.lists(st.just({"before": "PT10M"}), max_size=20),
)


@given(task=TASKS)
@example(task={"title": "e\u0301" * 1000, "due": {"date": "2096-02-29"}, "recurrence": "FREQ=YEARLY;INTERVAL=24"})
@example(task={"title": "x", "due": {"date": "2096-02-29"}, "recurrence": "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31"})
@example(task={"title": "x", "due": {"date": "2096-02-29"}, "recurrence": "FREQ=MONTHLY;INTERVAL=12;BYDAY=5MO"})
@example(task={"title": "x", "due": {"date": "1970-01-15"}, "recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"})
@example(task={"title": "x", "due": {"date": "2026-01-01"}, "recurrence": "FREQ=MONTHLY;BYDAY=53MO"})
@example(task={"title": "x", "due": {"date": "2026-01-01"}, "recurrence": "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=5MO"})
@example(task={"title": "x", "due": {"date": "2026-01-01"}, "recurrence": "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6"})
@example(task={"title": "x", "notes": "x" * 16_000})
def test_a_check_on_the_event_loop_takes_little_work_whatever_the_body_says(task: dict[str, Any]):
    for body in (inputs.NewTask(**task), inputs.Changes(**task)):
        if effort.is_short(body):
            assert calls(lambda body=body: inputs.checked(body)) <= MOST_CALLS  # type: ignore[misc]
    bulk = NewBulk(filter="all", action="update", changes=task, add_tags=task["tags"]) if "tags" in task else None
    if bulk and effort.is_short_change(bulk):
        assert calls(lambda: change(bulk)) <= MOST_CALLS


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=DAILY;INTERVAL=3;COUNT=10",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
        "FREQ=YEARLY",
    ],
)
def test_a_rule_as_people_have_it_is_checked_on_the_event_loop(text: str):
    assert effort.is_short(inputs.NewTask(title="Stand-up", recurrence=text))


class Watched(LongWork):
    """Long work that counts the pieces that went to a thread."""

    threads = 0

    async def run(self, *given: Any, **named: Any) -> Any:
        """Run a piece of work in a thread."""
        self.threads += 1
        return await super().run(*given, **named)


@pytest.fixture(scope="module")
async def api() -> AsyncIterator[tuple[httpx.AsyncClient, Watched]]:
    """A client of the API without any of its parts, and its long work."""
    settings = Settings(
        kafka=NOBODY, registry=f"http://{NOBODY}", postgres=f"postgresql://rondo@{NOBODY}/rondo", secret=SECRET
    )
    app = create_app(settings)
    app.state.long_work = watched = Watched()
    token = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}"}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://rondo", headers=token) as client:
            yield client, watched


NAMED = [{"id": str(UUID(int=number + 1, version=4))} for number in range(effort.FEW)]
TO = f"/v1/tasks/{UUID(int=1, version=4)}"  # the same in each process that collects these tests
UPDATE = {"filter": "all", "action": "update"}
LONG_RULE, LONG_TEXT = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", "x" * (effort.MOST_TEXT + 1)


@pytest.mark.parametrize(
    ("method", "path", "short", "long"),
    [
        ("POST", "/v1/tasks", {"title": "x"}, [{"title": "x", "recurrence": LONG_RULE}, {"title": LONG_TEXT}]),
        ("PATCH", TO, {"title": "x"}, [{"recurrence": LONG_RULE}, {"notes": LONG_TEXT}, {"tags": [LONG_TEXT]}]),
        (
            "POST",
            "/v1/bulks/count",
            {"tasks": NAMED, "action": "complete"},
            [{"tasks": NAMED * 2, "action": "complete"}, {**UPDATE, "changes": {"recurrence": LONG_RULE}}],
        ),
        (
            "POST",
            "/v1/bulks",
            {"tasks": NAMED, "action": "complete"},
            [{"tasks": NAMED * 2, "action": "complete"}, {**UPDATE, "changes": {"notes": LONG_TEXT}}],
        ),
    ],
)
async def test_a_body_that_may_take_long_is_checked_in_a_thread_and_any_other_is_not(
    method: str, path: str, short: Any, long: list[Any], api: tuple[httpx.AsyncClient, Watched]
):
    client, watched = api
    for body in (short, *long):
        watched.threads = 0
        await client.request(method, path, json=body)
        assert bool(watched.threads) == (body is not short), body
