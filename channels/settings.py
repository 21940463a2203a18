"""Settings of the processes that send to targets: the API, for test messages, and workers."""

from typing import Annotated

from pydantic import AfterValidator, Field

from channels.network import Networks
from channels.sealing import KEY
from common import settings


def _networks(text: str) -> str:
    try:
        Networks.parse(text)
    except ValueError:
        raise ValueError("It should be networks such as: public 192.168.0.0/16") from None
    return text


class Targets(settings.Settings):
    """The settings of targets."""

    targets_key: Annotated[str, Field(pattern=f"^{KEY}$", repr=False)] = ""
    """Encrypts the addresses of targets: 64 hexadecimal digits, the same for all processes. Without it there are no
    targets. The stack makes one at its first start. If it is lost, all addresses must be entered again."""
    target_networks: Annotated[str, AfterValidator(_networks)] = "public"
    """The networks that targets may be in: `public` for all that are reachable from anywhere, and others such as
    `192.168.0.0/16`. Each user may make Rondo connect to a target, so your own network is left out by default: add it
    if all of your users may reach it ([notifications.md](notifications.md#networks))."""
