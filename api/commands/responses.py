"""Responds to a command: 202 with its address or, if the client waits (RFC 7240), its outcome with its entity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from fastapi import Response
from pydantic import BaseModel

from api.commands.command_log import Single
from api.commands.gateway import Gateway, Submission
from api.commands.outcomes import Answered
from api.http import document, problems
from api.http.problems import FieldError, Problem, ProblemType
from api.models import outputs
from api.models.entities import Subject
from api.models.resource import Resource
from domain.rejections import Code
from schemas.records import ChangeTasks, OutcomeKind


async def take(
    gateway: Gateway, command: Single, submission: Submission, before: Sequence[ChangeTasks] = ()
) -> Response:
    """Accept a command, after the chunks ``before`` it, and respond.

    Raises ``Problem``, also where the command was rejected.
    """
    headers = {"Idempotency-Key": submission.key, "Vary": "Prefer", **submission.applied(waited=False)}
    bulk = before[0].bulk if before else None
    pending = partial(_pending, command, bulk, headers)
    answered = await gateway.take(command, submission, before, pending)
    if answered is None:
        return pending()
    return _done(command, bulk, answered, headers | submission.applied(waited=True))


def _pending(command: Single, bulk: str | None, headers: dict[str, str]) -> Response:
    subject, href = Subject.of_command(command), outputs.command_href(command.id)
    taken: dict[str, Any] = {"id": command.id, "href": href, "status": "pending"}
    if bulk:
        taken["bulk"] = {"id": bulk, "href": outputs.bulk_href(bulk)}
    content = msgspec.json.encode({"command": taken, **subject.reference})
    return Response(content, 202, headers | {"Location": href}, "application/json")


def _done(command: Single, bulk: str | None, answered: Answered, headers: dict[str, str]) -> Response:
    outcome, subject = answered.outcome, Subject.of_command(command)
    resource, item = subject.resource, answered.item
    decided = outputs.Command.of(outcome, subject.field(outcome.field), bulk)
    if outcome.kind is OutcomeKind.REJECTED:
        raise _rejection(decided, headers)
    if resource.etags and item is not None:
        headers["ETag"] = resource.etags(item)[0]
    members = subject.show(item)
    if outcome.kind is OutcomeKind.ACCEPTED and type(command) is resource.of.create:
        return _json(201, decided, members, headers | {"Location": subject.href})
    return _json(200, decided, members, headers)


REJECTIONS: Mapping[str, ProblemType] = {
    Code.NOT_FOUND: problems.NOT_FOUND,
    Code.INVALID: problems.VALIDATION,
    Code.VERSION: problems.VERSION,
}
"""The problem of a rejection, by its code; a conflict for any other."""


def _rejection(rejected: outputs.Command, headers: dict[str, str]) -> Problem:
    kind: ProblemType = REJECTIONS.get(rejected.code or "", problems.CONFLICT)
    errors = [FieldError(rejected.field, rejected.detail or kind.meaning)] if rejected.field else []
    command = rejected.model_dump(include={"id", "href", "status", "bulk"})
    return Problem(kind, rejected.detail, errors, headers, code=rejected.code, command=command)


def _json(
    status: int, command: outputs.Command, members: Mapping[str, BaseModel | None], headers: dict[str, str]
) -> Response:
    body = {
        name: None if one is None else one.model_dump(mode="json", exclude_unset=True)
        for name, one in {"command": command, **members}.items()
    }
    return Response(msgspec.json.encode(body), status, headers, "application/json")


@dataclass(frozen=True)
class Documented:
    """The OpenAPI responses of commands on a resource."""

    of: Resource[Any, Any]

    @property
    def create(self) -> dict[int | str, dict[str, Any]]:
        """The responses of a command that creates an entity."""
        created = self._outcome(f"The {self.of.word} was created, and the client preferred to wait for that.")
        created["headers"] |= document.location(f"The {self.of.word}'s address.")
        return self._responses(*_BODY, problems.CONFLICT, problems.VERSION) | {201: created}

    @property
    def change(self) -> dict[int | str, dict[str, Any]]:
        """The responses of a command whose body has the changes."""
        return self._responses(*_BODY, *_STANDING)

    @property
    def command(self) -> dict[int | str, dict[str, Any]]:
        """The responses of a command without a body."""
        return self._responses(problems.MALFORMED, problems.TOO_LARGE, *_STANDING)

    @property
    def change_of_many(self) -> dict[int | str, dict[str, Any]]:
        """The responses of a change that first selects tasks."""
        return self._responses(*_BODY, *_STANDING, problems.TOO_MUCH)

    @property
    def command_of_many(self) -> dict[int | str, dict[str, Any]]:
        """The responses of a command without a body that first selects tasks."""
        return self._responses(problems.MALFORMED, problems.TOO_LARGE, *_STANDING, problems.TOO_MUCH)

    def _responses(self, *kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
        always = (*problems.ANYWHERE, problems.KEY_REUSED)
        refused = problems.documented(*always, problems.DISK_FULL, problems.OUTCOME_UNKNOWN, *kinds)
        for status in _REJECTED & refused.keys():
            refused[status]["headers"] = document.headers(*document.OF_COMMANDS)
        return {
            202: {
                "description": "The command is on the log; its address will have the outcome soon.",
                "headers": document.headers(*document.OF_COMMANDS) | document.location("The command's address."),
                "content": {"application/json": {"example": self.of.pending}},
            },
            200: self._outcome("The outcome of the command, if the client preferred to wait or sent it before."),
            **refused,
        }

    def _outcome(self, description: str) -> dict[str, Any]:
        example = {"application/json": {"example": self.of.accepted}}
        headers = document.headers(*document.OF_COMMANDS, *(["ETag"] if self.of.etags else []))
        return {"description": description, "model": self.of.done, "content": example, "headers": headers}


_STANDING = (problems.NOT_FOUND, problems.CONFLICT, problems.VERSION)
"""Problems of the state of a command's entity."""
_REJECTED = {kind.status for kind in (*REJECTIONS.values(), problems.CONFLICT)}
"""Statuses of rejected commands; these have the headers of any answered command."""
_BODY = (problems.MALFORMED, problems.TOO_LARGE, problems.MEDIA)
