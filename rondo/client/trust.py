"""The trusted certificates: those of SSL_CERT_FILE and SSL_CERT_DIR, else certifi's, as in httpx."""

import os
from typing import TYPE_CHECKING

from rondo.client.wire import Misled

if TYPE_CHECKING:
    import ssl


def trusted() -> "ssl.SSLContext":
    """Return the TLS context. Raises ``Misled`` if the environment names no valid certificates."""
    import ssl  # noqa: PLC0415 - it takes long to import

    import certifi  # noqa: PLC0415

    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        return ssl.create_default_context(cafile=file or (None if directory else certifi.where()), capath=directory)
    except OSError:
        raise Misled(f"{'SSL_CERT_FILE' if file else 'SSL_CERT_DIR'} names no readable certificates") from None
