"""Answers that are written without their models say what these would, and a request's fingerprint never changes."""

import json
from datetime import UTC, datetime

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.commands import gateway, responses
from api.models import inputs, listings, outputs
from api.models.entities import RESOURCES, TASK, Subject
from api.models.resource import Resource
from api.models.selection import Selection
from postgres import reader
from schemas import records as r

COMMAND, BULK = "00000000-0000-5000-8000-000000000001", "00000000-0000-5000-8000-000000000002"
FINGERPRINTS = [
    "d03d1f5419f74928b6635d13a4661e2c3d88b55dbf2153c75b71b9e3f6b243b2",
    "bf3c2c7a3b5adb2f8693be722d3a582f68222e821d0e615d1c472b38416a5e2b",
    "d588b5ef1caccbf33a868e3cab56b3d8de2103dfcb1edadeef33008c0f3a31bb",
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.word)
@pytest.mark.parametrize("name", [BULK, "a/b é ?#%", "\U0001f95b"])
def test_a_reference_is_that_of_its_model(resource: Resource, name: str):
    subject = Subject(resource, name)
    assert subject.reference == {word: ref.model_dump(mode="json") for word, ref in subject.ref.items()}


@pytest.mark.parametrize("bulk", [None, BULK])
@pytest.mark.parametrize(
    "command", [r.CompleteTask(COMMAND, "u", 0, "user:u", BULK), r.DeleteList(COMMAND, "u", 0, "user:u", BULK)]
)
def test_the_answer_to_a_command_that_was_taken_is_that_of_its_model(command: responses.Single, bulk: str | None):
    answer = responses._pending(command, bulk, {"Vary": "Prefer"})
    pending, subject = outputs.Command.pending(COMMAND, bulk), Subject.of_command(command)
    members = {"command": pending, **subject.ref}
    assert json.loads(answer.body) == {
        word: each.model_dump(mode="json", exclude_unset=True) for word, each in members.items()
    }
    assert subject.resource.taken.model_validate_json(answer.body)
    assert (answer.status_code, answer.headers["location"]) == (202, pending.href)


def test_the_fingerprint_of_a_request_is_the_one_that_is_on_logs():
    due = {"date": "2026-11-23", "time": "09:00", "zone": "Europe/Paris"}
    body = inputs.NewTask.model_validate(
        {"title": "Stand-up é 🥛", "due": due, "recurrence": "FREQ=DAILY", "reminders": [{"before": "PT10M"}]}
    )
    found = [
        inputs.fingerprint("POST", "/v1/tasks", body),
        inputs.fingerprint("PATCH", f"/v1/tasks/{BULK}", inputs.Changes(due=None, title="x"), 3),
        inputs.fingerprint("DELETE", "/v1/tags/a", None, ['"1"', 'W/"2"']),
    ]
    assert found == FINGERPRINTS


@pytest.mark.parametrize(
    "path",
    [
        "/v1/tasks",
        f"/v1/tasks/{BULK}/move",
        "/v1/tags/a b",
        "/v1/tags/é",
        "/v1/tags/a?b",
        "/v1/tags/a#b",
        "//x/../.",
        "/v1/tags/a\nb",
    ],
)
def test_the_path_in_a_fingerprint_is_the_one_that_is_on_logs(path: str):
    scope = {
        "type": "http",
        "path": path,
        "root_path": "",
        "headers": [(b"host", b"here")],
        "scheme": "http",
        "query_string": b"",
        "server": None,
    }
    assert gateway._path(Request(scope)) == Request(scope).url.path


INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it gets one
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TASKS = st.builds(
    reader.Task,
    id=st.uuids().map(str),
    title=TEXTS,
    notes=TEXTS,
    priority=st.sampled_from(r.Priority),
    tags=st.lists(TEXTS).map(tuple),
    due=st.none() | st.builds(r.Due, TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    due_at=st.none() | INSTANTS,
    recurrence=st.none() | st.builds(r.Recurrence, TEXTS, st.builds(r.Due, TEXTS), st.integers(1, 9)),
    reminders=st.lists(
        st.builds(r.Reminder, TEXTS, st.none() | st.integers(0, 10**7), st.none() | st.integers(0, 10**13))
    ).map(tuple),
    status=st.sampled_from(r.Status),
    series=st.none() | TEXTS,
    occurrence=st.none() | TEXTS,
    version=st.integers(1, 2**62),
    created_at=INSTANTS,
    changed_at=INSTANTS,
    completed_at=st.none() | INSTANTS,
    start=st.none() | st.builds(r.Due, TEXTS),
    start_at=st.none() | INSTANTS,
    parent=st.none() | TEXTS,
    rank=TEXTS,
    pinned=st.booleans(),
    list=st.none() | TEXTS,
)


@given(tasks=st.lists(TASKS, max_size=2), following=st.none() | TEXTS, q=st.none() | st.sampled_from(["a", "o*b é"]))
def test_a_page_of_tasks_is_written_as_its_model_would_be(
    tasks: list[reader.Task], following: str | None, q: str | None
):
    written = listings.page(Selection.read(None, "UTC", 0, q), tasks, following)
    assert written == TypeAdapter(listings.TaskPage).dump_json(listings.TaskPage.model_validate_json(written))
    items = listings.TaskPage.model_validate_json(written).items
    assert [outputs.Task(**one.model_dump(exclude={"highlights"})) for one in items] == [*map(TASK.show, tasks)]
