"""A client that openapi-python-client makes of the document, as people make one, works on the API."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from api.app import openapi
from tests.integration.ingress.standin import StandIn, User

GENERATOR = Path(sys.executable).parent / "openapi-python-client"
WAIT = {"prefer": "wait=20"}
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client is made; it has to be made without a warning, of which each means that something is left out."""
    directory = tmp_path_factory.mktemp("generated")
    (directory / "openapi.json").write_text(json.dumps(openapi()))
    done = subprocess.run(
        [GENERATOR, "generate", "--path", "openapi.json", "--output-path", "made", "--fail-on-warning"],
        cwd=directory,
        env={"PATH": str(GENERATOR.parent)},  # it formats what it makes by ruff
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return directory / "made"


@pytest.fixture
async def client(made: Path, api: str, user: User, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The client that was made, of a user of this test's own."""
    monkeypatch.syspath_prepend(made)
    token = user.http.headers["authorization"].removeprefix("Bearer ")
    async with import_module("rondo_client").AuthenticatedClient(base_url=api, token=token) as client:
        yield client


def models() -> Any:
    return import_module("rondo_client.models")


async def call(client: Any, operation: str, *given: Any, **named: Any) -> Any:
    """What an operation, named by its module, answers."""
    answer = await import_module(f"rondo_client.api.{operation}").asyncio(*given, client=client, **named)
    assert not isinstance(answer, models().Problem), answer
    return answer


async def test_a_generated_client_creates_lists_and_completes_a_task(client: Any, stages: StandIn):
    due = models().Due(date=date(2026, 11, 24), time="09:00", zone="Europe/Paris")
    reminders = [models().ReminderBefore(before="PT15M"), models().ReminderAt(at=AT)]
    body = models().NewTask(title="Stand-up", due=due, recurrence="FREQ=DAILY", reminders=reminders)

    created = await call(client, "tasks.create_task", body=body, **WAIT)
    page = await call(client, "tasks.list_tasks", filter_="open and has due")
    done = await call(client, "tasks.complete_task", created.task.id, if_match='"1"', **WAIT)
    changed = await call(client, "tasks.change_task", done.task.id, body=models().Changes(notes="Done"), **WAIT)
    left = await call(client, "tasks.list_tasks", filter_="completed")

    assert [(task.title, task.due.date, task.due.zone) for task in page.items] == [
        ("Stand-up", date(2026, 11, 24), "Europe/Paris")
    ]
    assert {(each.before, each.at) for each in page.items[0].reminders} == {
        ("PT15M", None),
        (None, AT),
    }
    assert (done.command.status, done.task.status, done.task.version) == ("accepted", "completed", 2)
    assert (changed.task.title, changed.task.notes) == ("Stand-up", "Done")
    assert [task.id for task in left.items] == [created.task.id]


async def test_a_generated_client_tells_why_something_is_refused(client: Any):
    body = models().NewTask(title="")
    problem = await import_module("rondo_client.api.tasks.create_task").asyncio(client=client, body=body)
    assert isinstance(problem, models().Problem)
    assert (problem.status, [error.field for error in problem.errors]) == (422, ["title"])


async def test_a_generated_client_moves_and_changes_many(client: Any, stages: StandIn):
    first, second = [
        (await call(client, "tasks.create_task", body=models().NewTask(title=title), **WAIT)).task
        for title in ("One", "Two")
    ]
    await call(client, "tasks.move_task", second.id, body=models().MoveBefore(before=first.id), **WAIT)
    sorted_ = await call(client, "tasks.list_tasks", sort="order")
    bulk = models().NewBulkFilter(filter_="open", action=models().NewBulkFilterAction("complete"))
    changed = await call(client, "bulks.begin_bulk", body=bulk, **WAIT)

    assert [task.title for task in sorted_.items] == ["Two", "One"]
    assert (changed.status, changed.changed) == ("done", 2)
