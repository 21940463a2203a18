"""TLS as a client: the server's certificate and name are always verified."""

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator


def context(authorities: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the authorities in this file; without one, those of the system.

    OpenSSL finds the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name. Raises ValueError, with a sentence,
    for a file without a certificate in PEM format.
    """
    return _context(None if authorities is None else _text(authorities))


@lru_cache(maxsize=4)
def _context(authorities: str | None) -> ssl.SSLContext:
    """Return one context for all clients that trust the same: loading a system's authorities takes 20 ms."""
    return ssl.create_default_context(cadata=authorities)


def _text(file: Path) -> str:
    """Return the certificates in a file, without comments in other characters, which ``ssl`` refuses."""
    try:
        text = file.read_bytes().decode("ascii", "ignore")
    except OSError as error:
        raise ValueError(f"{str(file)!a} can't be read ({error.strerror})") from None
    if "-----BEGIN CERTIFICATE-----" not in text:  # without one, ``ssl`` would trust the system's
        raise ValueError(f"{str(file)!a} has no certificate in PEM format")
    return text


def _readable(file: Path) -> Path:
    try:
        context(file)
    except ssl.SSLError:
        raise ValueError(f"{str(file)!a} has a certificate that is not valid") from None
    return file


Authorities = Annotated[Path, AfterValidator(_readable)]
"""A file with certificates of authorities, in PEM format."""


_OTHER_NAME = (62, 64)
"""OpenSSL's codes for a certificate of another host, or of another address."""


def refusal(server: str, error: ssl.SSLCertVerificationError, setting: str, authorities: Path | None) -> str:
    """Return a sentence about a server's certificate that was refused; ``setting`` names the server's address."""
    if error.verify_code in _OTHER_NAME:
        return f"{server} has a certificate for another name: write in {setting} a name that it is for."
    trusted = f"the authorities in {str(authorities)!a}" if authorities else "the system's authorities"
    return (
        f"{server} has a certificate that is not valid by {trusted} ({error.verify_message}):"
        f" set {setting}_CA to a file with the authority that signed it."
    )
