"""What is wrong is refused with a problem that names the field, and nothing of it reaches the log."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from api.http import cursors, tokens
from api.http.problems import CATALOGUE
from tests.integration.ingress.conftest import SECRET
from tests.integration.ingress.standin import Tail, User

MIB = 1024 * 1024
TASK = "/v1/tasks/5d1a1c1e-6d3f-4d7a-9a55-0d9f3e6b7c21"  # in the names of tests, which must be the same in each process
JSON = {"Content-Type": "application/json"}


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem that the answer is, checked against its catalogue."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    kind = CATALOGUE[found["type"].removeprefix("/problems/")]
    assert (found["status"], found["title"], answer.status_code) == (kind.status, kind.title, kind.status)
    return {"kind": kind.name, "fields": [error["field"] for error in found.get("errors", [])], **found}


@dataclass(frozen=True)
class Bad:
    """A body to create a task with, and how it is refused."""

    name: str
    body: object
    kind: str = "validation"
    field: str | None = None

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def task(**fields: object) -> dict[str, object]:
    return {"title": "Call home", **fields}


def due(date: str = "2026-11-24", time: str | None = "09:00", zone: str | None = "Europe/Paris") -> dict[str, object]:
    return {"date": date, "time": time, "zone": zone}


BAD = [
    Bad("no JSON", b"{title: 1}", "malformed", "body"),
    Bad("half of an object", b'{"title": "x"', "malformed", "body"),
    Bad("nothing", b"", "validation", "body"),
    Bad("not UTF-8", b'{"title": "\xff"}', "malformed", "body"),
    Bad("NaN", b'{"title": NaN}', "malformed", "body"),
    Bad("Infinity", b'{"title": "x", "priority": -Infinity}', "malformed", "body"),
    Bad("a number too long", b'{"title": ' + b"9" * 5000 + b"}", "malformed", "body"),
    Bad("a byte order mark", b'\xef\xbb\xbf{"title": "x"}', "malformed", "body"),
    Bad("a field twice", b'{"title": "one", "title": "two"}', "malformed", "title"),
    Bad("deep nesting", b'{"title":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "malformed", "body"),
    Bad("nesting that JSON allows", b'{"title":' + b"[" * 500 + b"]" * 500 + b"}", "validation", "title"),
    Bad("a list", [task()], "validation", "body"),
    Bad("null", None, "validation", "body"),
    Bad("no title", {}, field="title"),
    Bad("an unknown field", task(color="red"), field="color"),
    Bad("an unknown field within due", task(due=due() | {"at": "noon"}), field="due.at"),
    Bad("half a surrogate pair as a field", b'{"title": "x", "\\ud800": 1}', field="body"),
    Bad("a number as title", {"title": 7}, field="title"),
    Bad("a blank title", {"title": " \n "}, field="title"),
    Bad("a title too long", {"title": "x" * 501}, field="title"),
    Bad("NUL in the title", {"title": "a\0b"}, field="title"),
    Bad("an escape character in the title", {"title": "a\x1b[2Jb"}, field="title"),
    Bad("an unescaped control character", b'{"title": "a\x07b"}', field="title"),
    Bad("half a surrogate pair", b'{"title": "\\ud83d"}', field="title"),
    Bad("NUL in the notes", task(notes="a\0b"), field="notes"),
    Bad("notes too long", task(notes="x" * 16_385), field="notes"),
    Bad("no such priority", task(priority="HIGH"), field="priority"),
    Bad("a number as a tag", task(tags=[1]), field="tags.0"),
    Bad("an empty tag", task(tags=[""]), field="tags.0"),
    Bad("too many tags", task(tags=[str(n) for n in range(51)]), field="tags"),
    Bad("the year 10000", task(due=due("10000-01-01")), field="due.date"),
    Bad("the year 10000 in UTC", task(due=due("9999-12-31", "23:00", "America/New_York")), field="due.date"),
    Bad("no such day", task(due=due("2026-02-30")), field="due.date"),
    Bad("a week date", task(due=due("2026-W10-1")), field="due.date"),
    Bad("a number as date", task(due=due() | {"date": 20261124}), field="due.date"),
    Bad("no such time", task(due=due(time="25:00")), field="due.time"),
    Bad("no such zone", task(due=due(zone="Europe/Atlantis")), field="due.zone"),
    Bad("a path as zone", task(due=due(zone="../../etc/passwd")), field="due.zone"),
    Bad("a zone without a time", task(due=due(time=None)), field="due.zone"),
    Bad("no due date", task(due={"time": "09:00"}), field="due.date"),
    Bad("no rule", task(due=due(), recurrence="often"), field="recurrence"),
    Bad("a rule of two lines", task(due=due(), recurrence="FREQ=DAILY\nDTSTART:20260101"), field="recurrence"),
    Bad(
        "a rule that never matches",
        task(due=due(), recurrence="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        field="recurrence",
    ),
    Bad("a rule every second", task(due=due(), recurrence="FREQ=SECONDLY"), field="recurrence"),
    Bad("a rule without a due", task(recurrence="FREQ=DAILY"), field="due"),
    Bad("a reminder that says nothing", task(reminders=[{}]), field="reminders.0"),
    Bad(
        "a reminder that says both",
        task(reminders=[{"before": "PT1M", "at": "2026-11-23T09:00:00Z"}]),
        field="reminders.0",
    ),
    Bad("a duration of months", task(due=due(), reminders=[{"before": "P1M"}]), field="reminders.0.before"),
    Bad("a number as duration", task(due=due(), reminders=[{"before": 900}]), field="reminders.0.before"),
    Bad("a duration too long", task(due=due(), reminders=[{"before": "P999999999W"}]), field="reminders.0.before"),
    Bad("an instant without offset", task(reminders=[{"at": "2026-11-23T09:00:00"}]), field="reminders.0.at"),
    Bad("an instant in the year 0", task(reminders=[{"at": "0000-11-23T09:00:00Z"}]), field="reminders.0.at"),
    Bad("an instant before 1970", task(reminders=[{"at": "1969-11-23T09:00:00Z"}]), field="reminders.0.at"),
    Bad("a reminder before no start", task(reminders=[{"before": "PT1M", "relative_to": "start"}]), field="reminders"),
    Bad("257 KiB", task(notes="x" * 257 * 1024), "too-large", "body"),
    Bad("10 MB", task(notes="x" * 10 * MIB), "too-large", "body"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_body_is_refused_and_nothing_is_on_the_log(bad: Bad, user: User, tail: Tail) -> None:
    before = await tail.ends()

    refused = problem(await user.http.post("/v1/tasks", content=bad.content(), headers=JSON))

    assert refused["kind"] == bad.kind
    assert refused["fields"] == ([bad.field] if bad.field else [])
    assert await tail.ends() == before


async def test_every_field_at_fault_is_named_at_once(user: User) -> None:
    body = {"title": "", "notes": "\0", "due": due(zone="Nowhere")}
    refused = problem(await user.http.post("/v1/tasks", json=body))
    assert refused["fields"] == ["due.zone", "notes", "title"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"status": "open"}, "status"),
        ({"due": due(zone="Nowhere")}, "due.zone"),
        ({"recurrence": "FREQ=MINUTELY"}, "recurrence"),
        ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
        ({"due": None, "recurrence": "FREQ=DAILY"}, "due"),
    ],
)
async def test_a_bad_change_is_refused(body: object, field: str, user: User, tail: Tail) -> None:
    before = await tail.ends()
    refused = problem(await user.http.patch(TASK, json=body))
    assert (refused["kind"], refused["fields"]) == ("validation", [field])
    assert await tail.ends() == before


async def test_a_body_in_chunks_is_cut_off_at_the_limit(user: User, tail: Tail) -> None:
    before, sent = await tail.ends(), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"title": "'
        for _ in range(10 * 16):
            sent += 64 * 1024
            yield b"x" * 64 * 1024

    refused = problem(await user.http.post("/v1/tasks", content=endless(), headers=JSON))

    assert (refused["kind"], refused["fields"]) == ("too-large", ["body"])
    assert await tail.ends() == before


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_media_type_is_refused(media: str, user: User) -> None:
    headers = {"Content-Type": media}
    refused = problem(await user.http.post("/v1/tasks", content=b'{"title": "x"}', headers=headers))
    assert (refused["kind"], refused["fields"]) == ("media-type", ["Content-Type"])


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "é".encode("latin-1")])
async def test_an_idempotency_key_that_is_not_short_plain_text_is_refused(key: str | bytes, user: User) -> None:
    headers = {"Idempotency-Key": key}
    refused = problem(await user.http.post("/v1/tasks", json=task(), headers=headers))
    assert (refused["kind"], refused["fields"]) == ("validation", ["idempotency-key"])


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_task_id_that_is_no_uuid_is_refused(method: str, user: User) -> None:
    body = {"title": "x"} if method == "PATCH" else None
    refused = problem(await user.http.request(method, "/v1/tasks/42", json=body))
    assert (refused["kind"], refused["fields"]) == ("validation", ["task"])


async def test_an_unknown_path_is_a_problem(user: User) -> None:
    assert problem(await user.http.get("/v1/nothing"))["kind"] == "not-found"


async def test_a_method_that_a_path_does_not_know_is_a_problem_with_those_it_knows(user: User) -> None:
    answer = await user.http.put(TASK, json=task())
    assert problem(answer)["kind"] == "method"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/v1/tasks", "/v1/reminders", "/v1/notifications", f"{TASK}/history", f"{TASK}/series"]
)
@pytest.mark.parametrize("cursor", ["x", "e30", "bnVsbA", "WyIyMDI2LTExLTIzVDA5OjAwOjAwWiIsIngiXQ", "é", "LTE"])
async def test_a_cursor_that_was_not_given_out_is_refused(path: str, cursor: str, user: User) -> None:
    refused = problem(await user.http.get(path, params={"cursor": cursor}))
    assert (refused["kind"], refused["fields"]) == ("cursor", ["cursor"])


async def test_a_cursor_of_another_list_is_refused(user: User) -> None:
    cursor = cursors.write("reminders", (datetime.now(UTC), str(uuid4())))
    assert (await user.http.get("/v1/reminders", params={"cursor": cursor or ""})).status_code == 200
    refused = problem(await user.http.get("/v1/tasks", params={"cursor": cursor or ""}))
    assert (refused["kind"], refused["fields"]) == ("cursor", ["cursor"])


@pytest.mark.parametrize(
    "path", ["/v1/tasks", "/v1/reminders", "/v1/notifications", TASK, f"{TASK}/history", f"{TASK}/series"]
)
async def test_a_parameter_that_does_not_exist_is_refused(path: str, user: User) -> None:
    refused = problem(await user.http.get(path, params={"stauts": "open"}))
    assert (refused["kind"], refused["fields"]) == ("validation", ["stauts"])


async def test_a_parameter_that_is_given_twice_is_refused(user: User) -> None:
    refused = problem(await user.http.get("/v1/tasks?q=milk&q=bread"))
    assert (refused["kind"], refused["fields"]) == ("validation", ["q"])


BODILESS = [("POST", f"{TASK}/complete"), ("POST", f"{TASK}/reopen"), ("DELETE", TASK)]


@pytest.mark.parametrize(("method", "path"), BODILESS)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"at": "2026-11-23"}', "validation"),
        (b"null", "validation"),
        (b"[]", "validation"),
        (b"{", "malformed"),
        (b'{"x": "' + b"x" * 257 * 1024 + b'"}', "too-large"),
    ],
)
async def test_a_body_where_none_belongs_is_refused(
    method: str, path: str, body: bytes, kind: str, *, user: User, tail: Tail
) -> None:
    before = await tail.ends()
    refused = problem(await user.http.request(method, path, content=body, headers=JSON))
    assert (refused["kind"], refused["fields"]) == (kind, ["body"])
    assert await tail.ends() == before


@pytest.mark.parametrize(("method", "path"), BODILESS)
@pytest.mark.parametrize("body", [b"", b"{}", b" {}\n"])
async def test_an_empty_body_says_no_more_than_none(method: str, path: str, body: bytes, user: User) -> None:
    assert (await user.http.request(method, path, content=body, headers=JSON)).status_code == 202


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "1e3"])
async def test_a_limit_out_of_bounds_is_refused(limit: str, user: User) -> None:
    refused = problem(await user.http.get("/v1/tasks", params={"limit": limit}))
    assert (refused["kind"], refused["fields"]) == ("validation", ["limit"])


def _signed(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    now = datetime.now(UTC)
    standard = {"sub": str(uuid4()), "iat": now, "exp": now + timedelta(hours=1)}
    left = {name: value for name, value in {**standard, **claims}.items() if value is not None}
    return jwt.encode(left, secret, algorithm=algorithm)


UNSIGNED = jwt.encode({"sub": str(uuid4())}, None, algorithm="none")
LONG_AGO = datetime.now(UTC) - timedelta(days=400)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        f"Basic {_signed()}",
        f"Bearer {UNSIGNED}",
        f"Bearer {_signed('another secret, of the same length')}",
        f"Bearer {_signed(SECRET * 2, algorithm='HS512')}",
        f"Bearer {tokens.issue(SECRET, str(uuid4()), now=LONG_AGO)}",
        f"Bearer {_signed(sub='root')}",
        f"Bearer {_signed(sub=None)}",
        f"Bearer {_signed(exp=None)}",
    ],
)
async def test_without_a_valid_token_nothing_is_read_or_written(header: str | None, api: str, tail: Tail) -> None:
    before = await tail.ends()
    headers = {} if header is None else {"Authorization": header}
    async with httpx.AsyncClient(base_url=api, headers=headers) as client:
        for answer in (await client.get("/v1/tasks"), await client.post("/v1/tasks", content=b"{")):
            assert problem(answer)["kind"] == "unauthorized"
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await tail.ends() == before


async def test_each_type_of_problem_leads_to_its_meaning(user: User) -> None:
    for kind in CATALOGUE.values():
        assert (await user.http.get(kind.type)).json()["title"] == kind.title


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("parent", "house", "parent"),
        ("order", "a0", "order"),
        ("order", 1, "order"),
        ("pinned", "yes", "pinned"),
        ("start", {"date": "2026-02-30"}, "start.date"),
        ("start", {"date": "2026-11-24", "zone": "Europe/Paris"}, "start.zone"),
    ],
)
async def test_a_plan_that_is_none_is_refused_by_its_field(user: User, field: str, value: Any, named: str):
    answer = await user.http.post("/v1/tasks", json={"title": "Roof", field: value})
    assert [error["field"] for error in problem(answer)["errors"]] == [named]
