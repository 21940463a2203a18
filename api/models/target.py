"""Targets, as clients send and receive them: an address is received, and never sent."""

from datetime import datetime
from typing import Annotated, Any
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field

from api.http.document import NULL
from api.models import formats
from api.models.formats import Href, Id
from api.models.inputs import Name, Order, Shape
from api.models.outputs import etag
from api.models.resource import Resource
from channels.addresses import MAX_LENGTH
from postgres.rows import TARGETS
from postgres.rows import Target as Row

_ID = "3d5f8a2c-6b41-5e97-8c0d-4a7e9f1b2c68"
NEW: dict[str, Any] = {"name": "My phone", "address": "ntfy://a-topic-of-mine"}
CHANGES: dict[str, Any] = {"enabled": False}
EXAMPLE: dict[str, Any] = {
    "id": _ID,
    "href": f"/v1/targets/{_ID}",
    "name": "My phone",
    "kind": "ntfy",
    "enabled": True,
    "has_address": True,
    "last_sent_at": "2026-11-24T07:45:01Z",
    "failing_since": NULL,
    "error": NULL,
    "order": "0Vbmyum1V",
    "deleted": False,
    "version": 1,
    "created_at": "2026-11-23T09:50:00Z",
    "changed_at": "2026-11-23T09:50:00Z",
}

Address = Annotated[
    str,
    Field(
        description="Where to send: an URL of apprise, such as mailto://user:password@example.org; an https:// URL, "
        "which is a webhook; or the subscription of a browser (PushSubscription) as JSON. No response has it.",
        examples=["ntfy://a-topic-of-mine"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_LENGTH, "writeOnly": True},
        repr=False,
    ),
]


class NewTarget(Shape):
    """The target to create."""

    like = '{"name": "My phone", "address": "ntfy://a-topic-of-mine"}'

    name: Name
    address: Address
    enabled: bool = True
    order: Order = ""


class TargetChanges(Shape):
    """The fields to set (RFC 7396): an absent one is unchanged, null clears it."""

    like = '{"enabled": false}'

    name: Name = ""
    address: Address = ""
    enabled: bool | None = None
    order: Order | None = None


class TargetRef(BaseModel):
    """A reference to a target, which may not exist yet."""

    id: Id
    href: Href


class Target(BaseModel):
    """The current state of a target, and the outcome of deliveries to it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Id
    href: Href
    name: str
    kind: str
    """webhook, webpush, or a kind of apprise, such as mailto."""
    enabled: bool
    has_address: bool
    """A restored target has none until one is set."""
    last_sent_at: datetime | None
    failing_since: datetime | None
    """The first failure since the last success, null if the last delivery succeeded."""
    error: str | None
    """Why the last delivery failed."""
    order: formats.Order
    """Its place in the custom order of targets."""
    deleted: bool
    version: int
    created_at: datetime
    changed_at: datetime


class TestResult(BaseModel):
    """The result of sending a test message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sent": True, "error": NULL}]})

    sent: bool
    error: str | None
    """Why it failed."""


class WebPushKey(BaseModel):
    """The key that browsers subscribe with (RFC 8292, applicationServerKey)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "B" + "A" * 86}]})

    key: str
    """A point of P-256, uncompressed, in base64url."""


def etags(item: Row) -> tuple[str, ...]:
    """Return the entity tags of a target: of its version and its deliveries, and of its version alone."""
    state = crc32(repr((item.has_address, item.last_sent_at, item.failing_since, item.error)).encode())
    return f'"{item.version}.{state:x}"', etag(item.version)


TARGET = Resource(
    TARGETS,
    noun="target",
    described="Where notifications go.",
    ref=TargetRef,
    model=Target,
    changes=TargetChanges,
    example=EXAMPLE,
    etags=etags,
)
