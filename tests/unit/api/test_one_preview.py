"""`rondo occurrences` and `GET /v1/occurrences` are one engine: the same answers, the same refusals."""

import asyncio
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from api.app import create_app
from api.http import tokens
from rondo.commands.exits import Failed
from rondo.commands.occurrences import occurrences
from tests.unit.api.test_api_occurrences import SETTINGS
from tests.unit.api.test_api_requests import SECRET

FREQS = st.sampled_from(["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
PARTS = st.sampled_from(
    [
        *("INTERVAL=2", "INTERVAL=0", "COUNT=3", "COUNT=0", "UNTIL=20260401", "UNTIL=20260401T000000Z", "UNTIL=1970"),
        *("BYMONTH=2", "BYMONTHDAY=30", "BYMONTHDAY=-1", "BYDAY=MO,-1FR", "BYDAY=SU", "BYHOUR=2,9", "BYMINUTE=61"),
        *("SKIP=BACKWARD", "RSCALE=GREGORIAN", "RSCALE=HEBREW", "BYSETPOS=-1", "BYWEEKNO=53", "WKST=SU", "NO=1"),
    ]
)
RULES = st.builds(lambda freq, parts: ";".join([f"FREQ={freq}", *parts]), FREQS, st.lists(PARTS, max_size=3))
TIMES = st.sampled_from(["2026-01-31", "2026-03-29T02:30", "2026-03-29T02:30:00Z", "20260201T090000", "2026-02-30"])
ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kathmandu", "UTC", "Mars", "posixrules"])
DATES = st.lists(TIMES | st.just("2026-02-01,2026-02-02") | st.just("2026-04-01T02:30,2026-04-02T02:30"), max_size=2)
Ask = Callable[[dict[str, Any]], httpx.Response]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """A function that asks the API, of which no part but its long work runs."""
    app = create_app(SETTINGS)
    app.state.services = SimpleNamespace(long_work=app.state.long_work)
    headers = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}"}
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://rondo", headers=headers)
    with asyncio.Runner() as runner:
        yield lambda query: runner.run(http.get("/v1/occurrences", params=query))
        runner.run(http.aclose())


QUERIES = st.fixed_dictionaries(
    {
        "rule": RULES,
        "start": TIMES,
        "limit": st.integers(1, 5),
        "language": st.sampled_from(["en", "de"]),
        "exdate": DATES,
        "rdate": DATES,
    },
    optional={"zone": ZONES},
)


@given(query=QUERIES)
@example(query={"rule": "FREQ=MONTHLY;SKIP=BACKWARD", "start": "2026-01-31", "exdate": ["2026-03-31"], "rdate": []})
@example(query={"rule": "FREQ=DAILY", "start": "2026-03-28T02:30", "zone": "Europe/Paris", "language": "de"})
def test_the_terminal_and_http_have_the_same_occurrences_or_the_same_refusal(query: dict[str, Any], ask: Ask) -> None:
    query = {"language": "en"} | query  # the terminal's default is its own
    options = [(name, value) for name, value in query.items() if name != "rule"]
    several = [(name, each) for name, value in options for each in (value if isinstance(value, list) else [value])]
    words = [query["rule"], *(f"--{name}={value}" for name, value in several), "--json"]
    by_http, typed = ask(query), CliRunner().invoke(occurrences, words, standalone_mode=False)
    if by_http.status_code == 200:
        assert json.loads(typed.stdout) == by_http.json()
        return
    [error] = by_http.json()["errors"]
    assert (by_http.status_code, error["field"] in {"rule", "start", "zone", "exdate", "rdate"}) == (422, True)
    assert isinstance(typed.exception, Failed)
    assert (typed.exception.exit_code, typed.exception.message) == (2, error["detail"])
