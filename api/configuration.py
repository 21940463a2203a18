"""The API's settings, from the environment: ``RONDO_KAFKA``, ``RONDO_POSTGRES`` and so on."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from channels.settings import Targets
from common import room, settings


def _networks(text: str) -> str:
    for each in text.split(","):
        try:
            ip_network(each.strip())
        except ValueError:
            raise ValueError("It should be addresses and networks such as 10.0.0.7, 10.244.0.0/16") from None
    return text


Seconds = Annotated[float, Field(gt=0)]


class Settings(Targets, settings.Serving):
    """The API's settings."""

    kafka: settings.Brokers
    registry: settings.Address
    postgres: settings.Address
    secret: Annotated[str, Field(min_length=32, repr=False)]
    """Signs tokens; HS256 wants at least 32 bytes (RFC 7518, section 3.2). The stack makes one at its first start."""
    host: str = "127.0.0.1"
    """The address to listen on. Read [SECURITY.md](../SECURITY.md) before you change it."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """The API's port on that address."""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = "127.0.0.1"
    """The proxies before the API, as addresses and networks such as `10.0.0.7, 10.244.0.0/16`. Of a request from one of
    them, the client is that of `X-Forwarded-For`, and the scheme that of `X-Forwarded-Proto`."""

    disk: Path | None = None
    """The data directory in which the broker keeps its log: while its disks have too little room, commands are refused.
    The stack names it where the broker is its own; room for another's log is that broker's business."""
    disk_bytes: Annotated[int, Field(ge=room.MIB)] = room.ENOUGH
    """Bytes to be free on each disk of the data directory. With less commands are refused; with half of it nothing is
    started, and what fills the disk is stopped; from three quarters on it goes on by itself. A file that can still be
    made (an inode) counts as 256 KiB."""

    reads: Annotated[int, Field(ge=1)] = 3
    """The most reads of one user that run at once. Others of theirs wait, and get 429 when their time is over."""

    produce_timeout: Seconds = 10.0
    """Seconds after which a command that the broker has not acknowledged is answered "outcome unknown"."""
    query_timeout: Seconds = 10.0
    """Seconds that one read of the views may take, waiting for a connection included."""
    wait_limit: Seconds = 30.0
    """The longest wait, in seconds, that ``Prefer: wait`` is granted."""
    poll: Seconds = 1.0
    """Seconds between two looks at a command's outcome while no notification wakes its waiter."""
    pause: Seconds = 1.0
    """Seconds between two attempts to reach a part that is away."""
