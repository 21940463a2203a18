"""Reasons of failed deliveries, in a fixed vocabulary: none quotes an address, an answer or an error's own text.

An address may hold a password, a key or a token, and a reason stays on the log for ever and is shown to users.
"""

import re
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from schemas.records import Delivery, Notification

TIMED_OUT = "no answer in {seconds:.0f} s"
REFUSED = "refused with status {status}"
REDIRECTED = "redirected with status {status}, and redirects are not followed"
UNRESOLVED = "the host's name can't be resolved"
NO_CONNECTION = "the host can't be reached"
NO_LISTENER = "the host refused the connection"
NO_TRUST = "the host's certificate is not trusted"
NO_TLS = "the host speaks no TLS that is understood"
NO_ANSWER = "no whole HTTP answer came"
NOT_LOGGED = "the log can't be written ({error})"
FORBIDDEN = "the host is in no network that targets may be in"
REDIRECTS = "redirected, and redirects are not followed"
UNSUPPORTED = "the server does not support what the address asks for"
REFUSED_BY_SERVICE = "the service did not take it"
NO_ADDRESS = "the target has no address"
DISABLED = "the target is disabled"
NO_TARGET = "all targets are disabled"
UNKNOWN_TARGET = "the target is not in the views yet"
NO_KEY = "the address can't be decrypted with RONDO_TARGETS_KEY"
NO_STORE = "the database with the addresses can't be reached"
NOTHING_DUE = "nothing is overdue, due or starts"
VIEWS_BEHIND = "the views are behind the log"
NO_VIEWS = "the views can't be read"
NO_LOG = "the log can't be read"
OTHER = "it can't be sent ({error})"
"""``error`` is the name of an error's type."""

Record = TypeVar("Record", bound=Struct)

_EARLIER = re.compile(r"(?P<error>[A-Z]\w*): (?P<text>.*)", re.DOTALL | re.ASCII)
_STATUS = re.compile(r"'(\d{3}) ", re.ASCII)


def of_status(status: int) -> str:
    """Return the reason of a delivery that was answered with a status other than 2xx."""
    return (REDIRECTED if 300 <= status < 400 else REFUSED).format(status=status)


def cleaned(record: Record) -> Record:
    """Return a record that may be shown: a ledger step without text that earlier versions quoted."""
    if isinstance(record, Notification):
        return replace(record, detail=redact(record.detail))
    return replace(record, last=cleaned(record.last)) if isinstance(record, Delivery) else record


def redact(detail: str | None) -> str | None:
    """Return a ledger step's detail without the text that earlier versions quoted, after an error's type."""
    earlier = _EARLIER.fullmatch(detail or "")
    if not earlier:
        return detail
    if earlier["error"] == "HTTPStatusError" and (status := _STATUS.search(earlier["text"])):
        return of_status(int(status[1]))
    if earlier["error"] == "TimeoutError":
        return TIMED_OUT.format(seconds=20)
    return OTHER.format(error=earlier["error"])
