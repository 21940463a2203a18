"""Connects to Postgres, by either driver: the same address means the same to both.

With ``sslmode=require`` or stricter, or with ``RONDO_POSTGRES_CA``, the server's certificate and name are verified.
asyncpg by itself verifies nothing at ``require``; and parameters of libpq that it does not know, it sends to the server
as settings, which refuses them.
"""

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg

from common import settings, tls

if TYPE_CHECKING:  # the process that watches the stack uses psycopg alone
    import asyncpg

_PATIENCE = 5.0
"""Seconds that a server has to answer."""
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_OF_LIBPQ = ("sslmode", "sslrootcert", "channel_binding", "connect_timeout", "gssencmode", "keepalives")
"""Parameters of an address that asyncpg does not get. Binding a password to the TLS channel, which asyncpg can't, adds
nothing where the server's certificate is verified."""


class Trust(settings.Environment):
    """The settings of connections to Postgres, besides its address."""

    postgres_ca: tls.Authorities | None = None
    """A file with the authorities that sign Postgres's certificate (PEM), by default the system's. With
    `sslmode=require` or stricter in the address, or with this, its certificate is verified, with its name."""


async def connect(address: str, **options: Any) -> "asyncpg.Connection":
    """Connect with asyncpg's options. Raises asyncpg's errors, and OSError."""
    import asyncpg  # noqa: PLC0415 - some processes use psycopg alone

    return await asyncpg.connect(**_options(address), **options)


def pool(address: str, **options: Any) -> "asyncpg.Pool":
    """Return a pool of connections, to be entered, with asyncpg's options."""
    import asyncpg  # noqa: PLC0415 - some processes use psycopg alone

    return asyncpg.create_pool(**_options(address), **options)


def connect_psycopg(address: str, **options: Any) -> psycopg.Connection[Any]:
    """Connect with psycopg's options. Raises psycopg's errors."""
    parameters, trust = _parameters(address), Trust()
    if _is_verified(parameters, trust):
        authorities = trust.postgres_ca or ssl.get_default_verify_paths().cafile or "system"
        options = {"sslmode": "verify-full", "sslrootcert": str(authorities), **options}
    return psycopg.connect(address, **options)


async def refusal(address: str) -> str | None:
    """Return a sentence that says what Postgres refuses, and which setting to change.

    None if it refuses nothing, or if no server answers.
    """
    import asyncpg  # noqa: PLC0415 - some processes use psycopg alone

    try:
        connection = await connect(address, timeout=_PATIENCE)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _described(error, address)
    await connection.close(timeout=_PATIENCE)
    return None


def _described(error: Exception, address: str) -> str | None:
    import asyncpg  # noqa: PLC0415 - some processes use psycopg alone

    server, sentence = f"Postgres at {urlsplit(address).netloc.rpartition('@')[2]}", None
    match error:
        case ssl.SSLCertVerificationError():
            return tls.refusal(server, error, "RONDO_POSTGRES", Trust().postgres_ca)
        case asyncpg.InvalidAuthorizationSpecificationError() if "no encryption" in str(error):
            sentence = "asks for TLS: append ?sslmode=require to RONDO_POSTGRES."
        case asyncpg.InvalidAuthorizationSpecificationError():
            sentence = "refuses the user: correct user and password in RONDO_POSTGRES."
        case asyncpg.InvalidCatalogNameError():
            sentence = "has no such database: create it, or correct its name in RONDO_POSTGRES."
        case ConnectionError() if "rejected SSL upgrade" in str(error):  # asyncpg's own
            sentence = "speaks no TLS: remove sslmode from RONDO_POSTGRES, and unset RONDO_POSTGRES_CA."
        case ValueError():
            return "The setting RONDO_POSTGRES is not an address as postgresql://user:password@host:port/database."
    return sentence and f"{server} {sentence}"


def _options(address: str) -> dict[str, Any]:
    """Return asyncpg's options for an address."""
    parameters, trust = _parameters(address), Trust()
    own = {name: value for name, value in parameters.items() if name not in _OF_LIBPQ}
    options: dict[str, Any] = {"dsn": urlsplit(address)._replace(query=urlencode(own, quote_via=quote)).geturl()}
    if _is_verified(parameters, trust):
        options["ssl"] = tls.context(trust.postgres_ca)
    elif "sslmode" in parameters:
        options["ssl"] = parameters["sslmode"]
    return options


def _parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def _is_verified(parameters: dict[str, str], trust: Trust) -> bool:
    return parameters.get("sslmode", "verify-full" if trust.postgres_ca else "") in _ENCRYPTED
