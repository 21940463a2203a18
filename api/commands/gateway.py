"""Accepts a command: looks for an earlier outcome, appends it to the log, and waits if the client prefers to."""

import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, TypedDict
from urllib.parse import urlencode
from uuid import uuid4

import structlog
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, WithJsonSchema

from api.commands import request_targets
from api.commands.command_log import Command, CommandLog, OutcomeUnknown, Single, Unavailable
from api.commands.disk import Disk
from api.commands.outcomes import Answered, Outcomes
from api.commands.recent import Recent
from api.http import prefer
from api.http.attempts import Attempt
from api.http.preconditions import Conditions, Preconditions
from api.http.prefer import Preferences
from api.http.problems import KEY_REUSED, OUTCOME_UNKNOWN, UNAVAILABLE, FieldError, Problem
from api.http.requests import User
from api.models.entities import Subject
from api.models.inputs import fingerprint
from api.models.outputs import bulk_href, command_href
from common import clock
from schemas import ids
from schemas.records import ChangeTasks

LOOK = 2.0
"""Seconds to look for an earlier outcome: without one the command is sent again, which is harmless."""
_log = structlog.get_logger("api.commands.gateway")


class Common(TypedDict):
    """The fields that every command has, see ``schemas.records``."""

    id: str
    user: str
    at: int
    actor: str
    fingerprint: str


class Changing(Common):
    """The fields of every command on an entity that exists."""

    expected: int | None


@dataclass(frozen=True)
class Submission:
    """A request besides its body: user, key, preferences and preconditions.

    ``command`` is the command's id: the same key of the same user always names the same command.
    ``attempt`` tracks its progress; with ``strict`` text is refused rather than cleaned. ``expected`` is the version
    that its preconditions allow, None for any, and ``said`` their part of the fingerprint.
    """

    user: str
    key: str
    command: str
    key_given: bool
    seconds: float | None
    method: str
    path: str
    attempt: Attempt
    strict: bool = False
    expected: int | None = None
    said: int | list[str] | None = None

    def fingerprint(self, body: BaseModel | None = None) -> str:
        """Return a hash that distinguishes this request from others with the same key."""
        return fingerprint(self.method, self.path, body, self.said)

    def asking(self, **query: str) -> "Submission":
        """Return the submission with query parameters in its path, which makes it another request."""
        return replace(self, path=f"{self.path}?{urlencode(query)}") if query else self

    def applied(self, *, waited: bool) -> dict[str, str]:
        """Return the header of the preferences that were applied (RFC 7240, section 3), if any."""
        said = [f"wait={self.seconds:.0f}"] if waited and self.seconds is not None else []
        said += [prefer.STRICT] if self.strict else []
        return {"Preference-Applied": ", ".join(said)} if said else {}

    def common(self, body: BaseModel | None = None) -> Common:
        """Return the fields of every command."""
        return {
            "id": self.command,
            "user": self.user,
            "at": clock.now(),
            "actor": f"user:{self.user}",
            "fingerprint": self.fingerprint(body),
        }

    def changing(self, expected: int | None, body: BaseModel | None = None) -> Changing:
        """Return the fields of every command on an entity that exists; ``expected`` is its version, None for any."""
        return {**self.common(body), "expected": expected}


_PREFER = (
    '"wait" or "wait=SECONDS" (RFC 7240): respond with the outcome. "handling=strict": refuse text that would '
    "otherwise be cleaned, such as a title with line breaks."
)


async def _preferences(
    request: Request,
    wishes: Annotated[
        list[str] | None,
        WithJsonSchema({"type": "string"}),  # any text: unknown preferences are ignored
        Header(alias="Prefer", description=_PREFER),
    ] = None,
) -> Preferences:
    return Preferences.of(wishes or [], request.app.state.settings.wait_limit)


Preferred = Annotated[Preferences, Depends(_preferences)]
"""The client's preferences."""
_NEVER = 0  # a version that no entity has
_PLAIN = re.compile(r"[\w/.~-]*", re.ASCII)
_ID = re.compile("[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}", re.ASCII)


async def _submission(
    request: Request,
    user: User,
    preferred: Preferred,
    conditions: Preconditions,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x20-\x7e]+$",
            description="Your key for this request: sent again with the same key and body, it is the same command. "
            "By default a key is generated; the response names it.",
        ),
    ] = None,
) -> Submission:
    key = idempotency_key or str(uuid4())
    path = _ID.sub(lambda found: found[0].lower(), _path(request))
    attempt: Attempt = request.state.attempt
    submission = Submission(
        user,
        key,
        ids.command(user, key),
        idempotency_key is not None,
        preferred.seconds,
        request.method,
        path,
        attempt,
        preferred.strict,
        said=conditions.said,
    )
    structlog.contextvars.bind_contextvars(command=submission.command)
    recent: Recent = request.app.state.services.recent
    if earlier := recent.get(user, submission.command):  # it may be on the log, even if this request fails
        attempt.begun(partial(_unknown, earlier, submission))
        return replace(submission, expected=getattr(earlier, "expected", None))
    expected = await _expected(request, submission, conditions)
    return submission if expected is None else replace(submission, expected=expected)


def _path(request: Request) -> str:
    """Return ``request.url.path``, in which an unescaped ? or # ends the path; most have no such character."""
    path: str = request.scope["path"]
    return path if _PLAIN.fullmatch(path) else request.url.path


Submitted = Annotated[Submission, Depends(_submission)]


async def _expected(request: Request, submission: Submission, conditions: Conditions) -> int | None:
    """Return the version that a request may change. Raises ``Problem`` where the current state fails a precondition."""
    target, services = (
        request_targets.of(submission.path, request.path_params, submission.user),
        request.app.state.services,
    )
    if target is None or not conditions.need(target.has_versions):
        return conditions.version
    if submission.key_given and await services.outcomes.look(submission.user, submission.command):
        return _NEVER  # an answered command is not carried out again, whatever the state of its entity
    async with services.views.of(submission.user) as view:
        return conditions.check(await target.current(view))


async def _version(submission: Submitted) -> int | None:
    return submission.expected


Expected = Annotated[int | None, Depends(_version)]
"""The version that the command's entity must have, None for any."""


class Gateway:
    """Takes a command from a valid request to the log, and returns its outcome."""

    def __init__(self, log: CommandLog, outcomes: Outcomes, recent: Recent, disk: Disk) -> None:
        self._log, self._outcomes, self._recent, self._disk = log, outcomes, recent, disk

    async def take(
        self, command: Single, submission: Submission, before: Sequence[ChangeTasks], pending: Callable[[], Response]
    ) -> Answered | None:
        """Append a command, after the chunks ``before`` it, unless it was answered; return its outcome if it is known.

        ``pending`` makes the response for an accepted command. Raises ``Problem`` where the key was used for another
        request, the disk is nearly full, the log is unavailable or the acknowledgement late.
        """
        waits = submission.seconds is not None
        with self._outcomes.expecting(command.id) if waits else nullcontext() as expected:
            if known := await self.known(submission, command.fingerprint, LOOK):
                return known
            await self.append([*before, command], submission, pending)
            if submission.seconds is None:
                return None
            late = await self._outcomes.wait(command.user, command.id, submission.seconds, expected)
        return _same(command.fingerprint, late) if late else None

    async def known(self, submission: Submission, fingerprint: str, seconds: float | None = None) -> Answered | None:
        """Return the outcome of an earlier request with the client's key, None where there is none yet.

        It looks for at most ``seconds``, or as long as any read. Raises ``Problem`` where the key was used for another
        request.
        """
        if not submission.key_given:
            return None
        answered = await self._outcomes.look(submission.user, submission.command, seconds)
        return _same(fingerprint, answered) if answered else None

    async def append(
        self, commands: Sequence[Command], submission: Submission, pending: Callable[[], Response]
    ) -> None:
        """Append a request's command and the chunks before it, or the chunks of its bulk.

        From here on, the answer no longer says that nothing was done. Raises ``Problem`` as ``take`` does.
        """
        first = next(command for command in commands if command.id == submission.command)
        submission.attempt.within(self._log.timeout)
        await self._disk.check()
        earlier = self._recent.get(first.user, first.id)
        if earlier and earlier.fingerprint != first.fingerprint:
            raise _reused()
        self._recent.add(first)
        submission.attempt.begun(partial(_unknown, first, submission))
        try:
            await self._log.append(commands)
        except Unavailable as error:
            if not earlier:
                self._recent.forget(first)
                submission.attempt.not_taken()
            _log.warning("command not taken", reason=str(error))
            raise Problem(UNAVAILABLE) from error
        except OutcomeUnknown as error:
            _log.warning("command not acknowledged in time", appended=error.appended, of=len(commands))
            raise _unknown(first, submission, error.appended) from error
        submission.attempt.taken(pending, submission.seconds or 0)
        structlog.contextvars.bind_contextvars(type=type(first).__name__, **about(first))
        if submission.seconds is not None:  # it is answered later
            _log.info("command taken")


def about(command: Command) -> dict[str, Any]:
    """Return a command's entity for log events, by its id: a tag is omitted, since a user wrote its name."""
    if isinstance(command, ChangeTasks):
        return {"tasks": command.tasks}
    subject = Subject.of_command(command)
    return {subject.resource.word: subject.name} if subject.resource.of.key == "id" else {}


def _same(fingerprint: str, answered: Answered) -> Answered:
    if answered.outcome.fingerprint != fingerprint:
        raise _reused()
    return answered


def _reused() -> Problem:
    return Problem(KEY_REUSED, errors=[FieldError("Idempotency-Key", "It was used for another request.")])


def _unknown(command: Command, submission: Submission, appended: int = 0) -> Problem:
    if isinstance(command, ChangeTasks):
        href = bulk_href(command.bulk)
        about: dict[str, Any] = {"bulk": {"id": command.bulk, "href": href, "sent": appended, "chunks": command.chunks}}
    else:
        href = command_href(command.id)
        about = {
            "command": {"id": command.id, "href": href, "status": "unknown"},
            **{member: ref.model_dump() for member, ref in Subject.of_command(command).ref.items()},
        }
    headers = {"Location": href, "Idempotency-Key": submission.key}
    return Problem(OUTCOME_UNKNOWN, headers=headers, idempotency_key=submission.key, **about)
