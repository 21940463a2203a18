"""Why a sending failed, in the words of ``domain.reasons``: by the types of errors, never by what these quote."""

import smtplib
import socket
import ssl
from collections.abc import Iterator

import httpx
import requests

from channels.network import Forbidden
from domain import reasons

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (Forbidden, reasons.FORBIDDEN),
    (requests.TooManyRedirects, reasons.REDIRECTS),
    (requests.Timeout, reasons.TIMED_OUT),
    (TimeoutError, reasons.TIMED_OUT),
    (socket.gaierror, reasons.UNRESOLVED),
    (ssl.SSLCertVerificationError, reasons.NO_TRUST),
    (ssl.SSLError, reasons.NO_TLS),
    (ConnectionRefusedError, reasons.NO_LISTENER),
    (httpx.ConnectError, reasons.NO_CONNECTION),
    (httpx.RemoteProtocolError, reasons.NO_ANSWER),
    (httpx.DecodingError, reasons.NO_ANSWER),
    (httpx.NetworkError, reasons.NO_ANSWER),
    (smtplib.SMTPServerDisconnected, reasons.NO_ANSWER),
    (smtplib.SMTPNotSupportedError, reasons.UNSUPPORTED),
    (requests.ConnectionError, reasons.NO_ANSWER),
)
"""Reasons by error type, the most specific first."""


def reason(error: BaseException, seconds: float) -> str:
    """Return why a sending with a timeout of ``seconds`` failed, by the types of an error and of its causes."""
    chain = list(_chain(error))
    if status := next(filter(None, map(_status, chain)), None):
        return reasons.of_status(status)
    known = (text for kind, text in _REASONS if any(isinstance(each, kind) for each in chain))
    return next(known, reasons.OTHER).format(seconds=seconds, error=type(error).__name__)


def _status(error: BaseException) -> int | None:
    """Return the status with which a server refused, None for another error."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), None)
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        if isinstance(error, BaseExceptionGroup):  # of the attempts to connect to each address of a host
            yield from error.exceptions
        yield from (each for each in error.args if isinstance(each, BaseException))  # requests wraps urllib3's
        error = error.__cause__ or error.__context__
