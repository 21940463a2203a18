"""Answers a command: 202 with its address, or its outcome with the task as it stands; RFC 7240 says which."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from api import answers, examples, problems
from api.command_log import TaskCommand
from api.ingress import Envelope, Ingress
from api.outcomes import Answered
from api.problems import FieldError, Kind, Problem
from schemas.records import CreateTask, OutcomeKind


async def take(ingress: Ingress, command: TaskCommand, envelope: Envelope) -> Response:
    """Take a command and answer it. Raises ``Problem``, also where the command was rejected."""
    answered = await ingress.take(command, envelope)
    headers = {"Idempotency-Key": envelope.key, "Vary": "Prefer"}
    if answered is None:
        return _pending(command, headers)
    if envelope.seconds is not None:
        headers["Preference-Applied"] = f"wait={envelope.seconds:.0f}"
    return _done(command, answered, headers)


def _pending(command: TaskCommand, headers: dict[str, str]) -> Response:
    taken = answers.Taken(command=answers.Command.pending(command.id), task=answers.TaskRef.of(command.task))
    return _json(202, taken, headers | {"Location": taken.command.href})


def _done(command: TaskCommand, answered: Answered, headers: dict[str, str]) -> Response:
    outcome = answered.outcome
    shown = answers.Command.of(outcome)
    if outcome.kind is OutcomeKind.REJECTED:
        raise _rejection(shown, headers)
    if answered.task:
        headers["ETag"] = answers.etag(answered.task.version)
    done = answers.Done(command=shown, task=answers.Task.of(answered.task) if answered.task else None)
    if outcome.kind is OutcomeKind.ACCEPTED and isinstance(command, CreateTask):
        return _json(201, done, headers | {"Location": answers.task_href(command.task)})
    return _json(200, done, headers)


_REJECTIONS = {"not-found": problems.NOT_FOUND, "invalid": problems.VALIDATION, "version": problems.VERSION}


def _rejection(shown: answers.Command, headers: dict[str, str]) -> Problem:
    kind: Kind = _REJECTIONS.get(shown.code or "", problems.CONFLICT)
    errors = [FieldError(shown.field, shown.detail or kind.meaning)] if shown.field else []
    command = {"id": shown.id, "href": shown.href, "status": shown.status}
    return Problem(kind, shown.detail, errors, headers, code=shown.code, command=command)


def _json(status: int, body: BaseModel, headers: dict[str, str]) -> Response:
    return Response(body.model_dump_json(exclude_unset=True), status, headers, "application/json")


def _responses(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    always = (problems.UNAUTHORIZED, problems.KEY_REUSED, problems.VALIDATION, problems.UNAVAILABLE)
    return {
        202: {
            "description": "The log has the command; its outcome stands at its address soon.",
            "headers": {"Location": {"description": "The command's address.", "schema": {"type": "string"}}},
            "content": {"application/json": {"example": examples.PENDING}},
        },
        200: {
            "description": "What became of the command, where the client preferred to wait or sent it before.",
            "model": answers.Done,
            "content": {"application/json": {"example": examples.ACCEPTED}},
        },
        **problems.documented(*always, problems.OUTCOME_UNKNOWN, *kinds),
    }


_BODY = (problems.MALFORMED, problems.TOO_LARGE, problems.MEDIA)
CREATE_RESPONSES = _responses(*_BODY, problems.CONFLICT) | {
    201: {
        "description": "The task stands, and the client preferred to wait for that.",
        "model": answers.Done,
        "headers": {"Location": {"description": "The task's address.", "schema": {"type": "string"}}},
        "content": {"application/json": {"example": examples.ACCEPTED}},
    }
}
CHANGE_RESPONSES = _responses(*_BODY, problems.NOT_FOUND, problems.CONFLICT, problems.VERSION)
COMMAND_RESPONSES = _responses(
    problems.MALFORMED, problems.TOO_LARGE, problems.NOT_FOUND, problems.CONFLICT, problems.VERSION
)
