"""Targets: commands that create, change, delete and restore them; reads; test messages; the key of Web Push."""

import base64
from typing import Annotated
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import Body, Path, Response
from msgspec.structs import replace

from api.commands.gateway import Expected, Submission, Submitted
from api.commands.responses import take
from api.commands.services import Components, Services
from api.entity_routes import EntityRoutes
from api.http.document import NULL
from api.http.preconditions import Current, Preconditions
from api.http.problems import CONFLICT, MALFORMED, NOT_FOUND, TOO_LARGE, VERSION, FieldError, Problem, invalid
from api.http.requests import User, empty
from api.models.inputs import Shape, changed
from api.models.paging import responses
from api.models.target import CHANGES, NEW, TARGET, NewTarget, TargetChanges, TestResult, WebPushKey, etags
from channels.addresses import NoAddress, kind_of
from domain.targets import MOST
from postgres.rows import TARGETS
from schemas import ids
from schemas.records import CreateTarget, DeleteTarget, RestoreTarget, TargetFields, UpdateTarget

routes = EntityRoutes(TARGET)
router = routes.router

TargetId = Annotated[UUID, Path(description="The target's id.")]
New = Annotated[NewTarget, Body(openapi_examples={"target": {"value": NEW}})]
Changes = Annotated[TargetChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


@router.post("", status_code=202, response_model=TARGET.taken, responses=routes.answers.create)
async def create_target(body: New, submission: Submitted, services: Services) -> Response:
    """Create a target. Its address is stored encrypted, and in no response."""
    target, said = ids.derive(TARGET.word, submission.command), _unreadable(body, services)
    fields = await _fields(body, submission, services)
    asked = CreateTarget(**submission.common(said), target=target, fields=fields)
    if not await services.gateway.known(submission, asked.fingerprint):
        async with services.views.of(submission.user) as view:
            if await view.number_of_targets() >= MOST:
                raise Problem(CONFLICT, f"You have {MOST} targets already, which is the most: delete one first.")
        await _store(asked, body.address, services)
    return await take(services.gateway, asked, submission)


@router.patch("/{target_id}", status_code=202, response_model=TARGET.taken, responses=routes.answers.change)
async def change_target(
    target_id: TargetId, body: Changes, submission: Submitted, expected: Expected, services: Services
) -> Response:
    """Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one.

    A new address replaces the former one, which is removed.
    """
    fields, names = await _fields(body, submission, services), changed(body)
    has_address = "address" in names
    common = submission.changing(expected, _unreadable(body, services))
    changes = (*names, "kind") if has_address else names
    asked = UpdateTarget(**common, target=str(target_id), changed=changes, fields=fields)
    if has_address and not await services.gateway.known(submission, asked.fingerprint):
        await _store(asked, body.address, services)
    return await take(services.gateway, asked, submission)


routes.command("delete", DeleteTarget, "Delete a target. Its address is removed at once.")
routes.command("restore", RestoreTarget, "Restore a deleted target. It has no address until one is set.")


@router.post(
    "/{target_id}/test",
    response_model=TestResult,
    responses=responses({"sent": True, "error": NULL}, NOT_FOUND, CONFLICT, VERSION, MALFORMED, TOO_LARGE),
    dependencies=[empty],
)
async def send_test_to_target(
    target_id: TargetId, user: User, conditions: Preconditions, services: Services
) -> TestResult:
    """Send a test message to a target now, and return how that went. It is in no history."""
    async with services.views.of(user) as view:
        found = await view.entity(TARGETS, str(target_id))
    if found is None or found.deleted:
        raise TARGET.missing()
    conditions.check(Current(etags(found), found.version))
    error = await services.addresses.test(user, found.id)
    return TestResult(sent=error is None, error=error)


@router.get("/web-push-key", response_model=WebPushKey, responses=responses({"key": "B" + "A" * 86}))
async def read_web_push_key(services: Services) -> WebPushKey:
    """Return the key that a browser subscribes with, to make its subscription the address of a target."""
    point = services.addresses.seal.vapid.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return WebPushKey(key=base64.urlsafe_b64encode(point).rstrip(b"=").decode())


routes.read(
    "Return a target, and how deliveries to it went; a deleted one is marked as such. The ETag begins with its "
    "version, for `If-Match`."
)
routes.page("Return the targets in the custom order, without deleted ones.")
routes.history("Return the history of a target, also of a purged one: who changed what, when and why.")


async def _store(asked: CreateTarget | UpdateTarget, address: str, services: Components) -> None:
    """Store the address that a command sets."""
    await services.addresses.put(user=asked.user, target=asked.target, command=asked.id, address=address, at=asked.at)


async def _fields(body: NewTarget | TargetChanges, submission: Submission, services: Components) -> TargetFields:
    """Return the fields that a body sets, with the kind and the id of its address. Raises ``Problem``."""
    named = _with_address(body, services.addresses.id_of(submission.command))
    fields: TargetFields = TARGET.checked(named, strict=submission.strict)
    if "address" not in body.model_fields_set:
        return fields
    try:
        kind = await services.long_work.run(submission.user, kind_of, body.address)
    except NoAddress as error:
        raise invalid([FieldError("address", str(error))]) from None
    return replace(fields, kind=kind)


def _unreadable(body: NewTarget | TargetChanges, services: Components) -> Shape:
    """Return a body with a hash in the place of its address, for the fingerprint: the log has no address."""
    is_set = "address" in body.model_fields_set
    return _with_address(body, services.addresses.seal.digest(body.address)) if is_set else body


def _with_address(body: NewTarget | TargetChanges, address: str) -> Shape:
    if "address" not in body.model_fields_set:
        return body
    return body.model_copy(update={"address": address})
