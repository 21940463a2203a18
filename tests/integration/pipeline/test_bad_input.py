"""Bad input to the whole: changes, where the ingress' own tests send new tasks; and what only the stages can refuse."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from rondo.client import Problem
from tests.acceptance.days import WAIT, ahead, create_standup
from tests.acceptance.stack import Stack, User
from tests.integration.pipeline.wire import Wire

NEVER = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
NOON = {"date": "2026-12-01", "time": "12:00", "zone": "Europe/Paris"}


@pytest.fixture
def task(user: User) -> dict[str, Any]:
    """A recurring task."""
    return create_standup(user, ahead(3600))


@dataclass(frozen=True)
class Bad:
    """What a change sets, and how it is refused."""

    changes: dict[str, Any]
    field: str
    kind: str = "validation"


BAD = [
    Bad({"colour": "red"}, "colour"),
    Bad({"title": 7}, "title"),
    Bad({"title": "a\0b"}, "title"),
    Bad({"notes": "a\x1b[2Jb"}, "notes"),
    Bad({"tags": ["work\x7f"]}, "tags.0"),
    Bad({"tags": "work"}, "tags"),
    Bad({"priority": 1}, "priority"),
    Bad({"due": {"date": "10000-01-01"}}, "due.date"),
    Bad({"due": NOON | {"zone": "Mars/Olympus"}}, "due.zone"),
    Bad({"due": NOON | {"zone": "Europe/Paris\0"}}, "due.zone"),
    Bad({"due": NOON | {"colour": "red"}}, "due.colour"),
    Bad({"due": NOON, "recurrence": NEVER}, "recurrence"),
    Bad({"recurrence": NEVER}, "recurrence"),
    Bad({"recurrence": "FREQ=DAILY;UNTIL=100000101T000000Z"}, "recurrence"),
    Bad({"recurrence": "FREQ=DAILY;BYDAY=MO\0"}, "recurrence"),
    Bad({"reminders": [{"at": "10000-01-01T00:00:00Z"}]}, "reminders.0.at"),
    Bad({"reminders": [{"before": "PT15M", "colour": "red"}]}, "reminders.0.colour"),
    Bad({"notes": "x" * 10_000_000}, "body", "too-large"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.changes!r:.60}")
async def test_a_bad_change_is_refused_by_its_field_and_nothing_is_on_the_log(
    bad: Bad, user: User, task: dict[str, Any], wire: Wire
) -> None:
    before = await wire.ends()
    with pytest.raises(Problem) as refused:
        user.rondo.update(task["id"], **bad.changes)
    assert 400 <= refused.value.status < 500
    assert (refused.value.kind, list(refused.value.fields)) == (bad.kind, [bad.field])
    assert await wire.ends() == before


@pytest.mark.parametrize("body", [b'{"title": "x"', b"title=x", b'{"title": "\xff"}', b'{"title": "x", "title": "y"}'])
async def test_a_change_that_is_not_json_is_refused_and_nothing_is_on_the_log(
    body: bytes, stack: Stack, wire: Wire
) -> None:
    before = await wire.ends()
    task = stack.owner().rondo.create("Well-formed", wait=WAIT)["task"]
    headers = {"Authorization": f"Bearer {stack.run['token']}", "Content-Type": "application/merge-patch+json"}
    async with httpx.AsyncClient(base_url=stack.run["api"], headers=headers) as client:
        answer = await client.patch(task["href"], content=body)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")
    assert await wire.ends() == before + 1


def test_a_status_that_no_task_has_is_refused(user: User) -> None:
    with pytest.raises(Problem) as refused:
        list(user.rondo.tasks("status = done"))
    assert (refused.value.kind, list(refused.value.fields)) == ("validation", ["filter"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recurrence": "FREQ=DAILY;UNTIL=19990101T000000Z"}, "recurrence"),
        ({"due": None}, "due"),
        ({"reminders": [{"before": "PT1M", "relative_to": "start"}]}, "reminders"),
    ],
)
def test_a_change_that_does_not_go_with_the_task_is_rejected_by_its_field_and_changes_nothing(
    changes: dict[str, Any], field: str, user: User, task: dict[str, Any]
) -> None:
    before = user.rondo.task(task["id"])
    with pytest.raises(Problem) as rejected:
        user.rondo.update(task["id"], **changes, wait=WAIT)
    assert (rejected.value.kind, list(rejected.value.fields)) == ("validation", [field])
    assert user.rondo.task(task["id"]) == before
