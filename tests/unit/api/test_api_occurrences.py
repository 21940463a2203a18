"""The occurrences of a rule by HTTP."""

from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from api.configuration import Settings
from api.http import tokens
from domain.recurrence.checks import recurrence_set
from domain.recurrence.described import described
from schemas.records import Due
from tests.unit.api.test_api_requests import NOBODY, SECRET

SETTINGS = Settings(
    kafka=NOBODY, registry=f"http://{NOBODY}", postgres=f"postgresql://rondo@{NOBODY}/rondo", secret=SECRET
)


@pytest.fixture
async def http():
    """A client of the API without any of the parts that it can do without here."""
    app = create_app(SETTINGS)
    app.state.services = SimpleNamespace(long_work=app.state.long_work)
    headers = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://rondo", headers=headers
    ) as client:
        yield client


async def test_it_answers_with_the_preview(http: httpx.AsyncClient) -> None:
    dates = {"exdate": ["2026-03-29T02:30", "2026-03-30T02:30"], "rdate": "2026-03-29T12:00"}
    query = {"rule": "freq=daily", "start": "2026-03-28T02:30", "zone": "Europe/Paris", "limit": 3, **dates}
    answer = await http.get("/v1/occurrences", params=query)
    assert answer.status_code == 200, answer.text
    start = Due("2026-03-28", "02:30:00", "Europe/Paris")
    found = recurrence_set("FREQ=DAILY", start, ["2026-03-29T12:00"], dates["exdate"])
    assert answer.json() == described(found, 3, "en")
    assert [each["local"][5:16] for each in answer.json()["occurrences"]] == [
        "03-28T02:30",
        "03-29T12:00",
        "03-31T02:30",
    ]


async def test_words_are_in_the_language_asked_for(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/occurrences", params={"rule": "FREQ=WEEKLY", "start": "2026-01-30", "language": "de"})
    assert answer.json()["words"] == "Jeden Freitag"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"rule": "FREQ=DAILY;X=1"}, "rule"),
        ({"rule": "FREQ=DAILY;RSCALE=CHINESE"}, "rule"),
        ({"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
        ({"start": "2026-02-30"}, "start"),
        ({"zone": "Mars"}, "zone"),
        ({"exdate": "2026-02-01"}, "exdate"),
        ({"rdate": "2026-02-01"}, "rdate"),
        ({"exdate": ["2026-02-01T09:00"] * 501}, "exdate"),
        ({"limit": "1001"}, "limit"),
        ({"language": "fr"}, "language"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_is_not_right_is_422_with_field_and_sentence(
    http: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    given = {"rule": "FREQ=DAILY", "start": "2026-01-31T09:00"} | query
    answer = await http.get("/v1/occurrences", params=given)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["detail"][-1]) == (field, ".")


async def test_what_is_missing_is_named(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/occurrences")
    assert (answer.status_code, {each["field"] for each in answer.json()["errors"]}) == (422, {"rule", "start"})
