"""Answers that are written without their models say what these would, and a request's fingerprint never changes."""

import json

import pytest
from fastapi import Request

from api.commands import gateway, responses
from api.models import inputs, outputs
from api.models.entities import RESOURCES, Subject
from api.models.resource import Resource
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
