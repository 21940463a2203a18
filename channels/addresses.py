"""Addresses of targets: what kind one is of, and whether it can be sent to. An address may hold a password or a token.

An address is an URL of apprise (``mailto://``, ``ntfy://``, ``tgram://``, ``slack://`` …); an ``https://`` URL, which
is a webhook unless apprise knows the service behind it; or the subscription of a browser to Web Push, as JSON.
"""

import base64
import binascii
import json
import logging
from functools import cache
from typing import Any
from urllib.parse import urlsplit

WEBHOOK, WEB_PUSH = "webhook", "webpush"
"""Kinds besides apprise's own."""
MAX_LENGTH = 4000
"""The most characters of an address."""
_LOCAL = frozenset({"blink1", "dbus", "deltachat", "fcm", "glib", "gnome", "macosx", "syslog", "vapid", "windows"})
"""Plugins of apprise that notify the machine itself, or read its files."""
_POINT, _SECRET = 65, 16
"""Bytes of a browser's public key and of its secret (RFC 8291, section 3)."""


class NoAddress(ValueError):
    """It is no address of a target; the text says why, and quotes nothing of it."""


def kind_of(address: str) -> str:
    """Return the kind of an address, such as mailto. Raises ``NoAddress``."""
    if len(address) > MAX_LENGTH:
        raise NoAddress(f"It has more than {MAX_LENGTH:,} characters.")
    if address.startswith("{"):
        subscription(address)
        return WEB_PUSH
    if plugin := parsed(address):
        if type(plugin).__module__.split(".")[2] in _LOCAL:
            raise NoAddress("Targets of this kind are not supported: they notify the machine that Rondo runs on.")
        return str(_scheme(plugin))
    if _is_web(address):
        return WEBHOOK
    raise NoAddress("It is no address like mailto://user:password@example.org, ntfy://topic or https://example.org.")


def subscription(address: str) -> dict[str, Any]:
    """Return a browser's subscription (Push API, PushSubscription.toJSON). Raises ``NoAddress``."""
    try:
        found = json.loads(address)
        endpoint, keys = found["endpoint"], found["keys"]
        lengths = [len(_decoded(keys[name])) for name in ("p256dh", "auth")]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise NoAddress("It is no subscription of a browser: endpoint, keys.p256dh and keys.auth.") from None
    if not _is_web(endpoint) or lengths != [_POINT, _SECRET]:
        raise NoAddress("It is no subscription of a browser: its endpoint or a key is not usable.")
    return {"endpoint": endpoint, "keys": {name: keys[name] for name in ("p256dh", "auth")}}


def parsed(address: str) -> Any:
    """Return apprise's object for an address, None if it knows none; it follows no redirects."""
    found = _apprise().Apprise.instantiate(address, asset=_asset())
    if found is not None:
        found.redirects = False
        found.socket_connect_timeout, found.socket_read_timeout = 5.0, 15.0
    return found


def _scheme(plugin: Any) -> str:
    """Return the first scheme of a plugin, the plain one before the one with TLS."""
    schemes = plugin.protocol or plugin.secure_protocol
    return schemes if isinstance(schemes, str) else str(schemes[0])


def _is_web(address: object) -> bool:
    try:
        parts = urlsplit(str(address))
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def _apprise() -> Any:
    """Import apprise at its first use: it takes 25 MB."""
    import apprise  # noqa: PLC0415

    logging.getLogger("apprise").propagate = False  # it logs addresses
    return apprise


@cache
def _asset() -> Any:
    """Return what apprise may do besides sending: it stores nothing and makes no keys."""
    apprise = _apprise()
    return apprise.AppriseAsset(app_id="Rondo", app_desc="Rondo", pgp_autogen=False, storage_mode="memory")
