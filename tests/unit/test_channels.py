"""Where notifications go."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from channels.failures import reason
from domain import reasons
from local import ports
from schemas import contract
from schemas.records import Delivery, Notification, Step
from streams.channels import deliver
from streams.messages import reminder
from streams.runtime.settings import Settings
from tests.certificates import untrusted
from tests.receiver import Receiver

DELIVER = """
import asyncio
from common import logs
from schemas.records import Notification, Step
from streams.channels import deliver
from streams.messages import reminder
from streams.runtime.settings import Settings
logs.configure({level!r})
claim = Notification("id", "user", 0, "command", "task", Step.CLAIMED, 1, "log", "Water the plants", 0)
print(asyncio.run(deliver(Settings(kafka="k", registry="r"), claim, reminder(claim))))
"""


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_reminder_is_in_the_log_whatever_else_is_logged(level: str):
    done = subprocess.run(
        [sys.executable, "-c", DELIVER.format(level=level)], capture_output=True, text=True, check=True
    )
    assert "Water the plants" in done.stderr


async def test_a_receiver_may_take_longer_to_answer_than_a_client_waits_by_default():
    claim = Notification("id", "user", 0, "command", "task", Step.CLAIMED, 1, "webhook", "Water the plants", 0)
    with Receiver(seconds=5.5) as receiver:
        settings = Settings(kafka="", registry="", data=Path(), webhook=receiver.url)
        assert await deliver(settings, claim, reminder(claim)) is None


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_a_reminder_that_the_log_does_not_take_is_not_delivered(stderr: str) -> None:
    command = ["bash", "-c", f'exec "$0" -c "$1" {stderr}', sys.executable, DELIVER.format(level="info")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout.startswith("the log can't be written (OSError)")


SECRET = "planted-in-the-address"
CLAIM = Notification("id", "user", 0, "command", "task", Step.CLAIMED, 1, "webhook", "Water the plants", 0)
ANSWERS = [
    (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "refused with status 500"),
    (f"HTTP/1.1 403 {SECRET}\r\nContent-Length: 22\r\n\r\n{SECRET}".encode(), "refused with status 403"),
    (
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/{SECRET}\r\nContent-Length: 0\r\n\r\n".encode(),
        "redirected with status 302, and redirects are not followed",
    ),
    (f"SSH-2.0-{SECRET}\r\n".encode(), "no whole HTTP answer came"),
    (b"", "no whole HTTP answer came"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "no whole HTTP answer came"),
    (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", "no whole HTTP answer came"),
    (None, "no answer in 0 s"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", None),
]


def webhook(scheme: str, host: str, port: int) -> Settings:
    """Settings with a webhook whose address has a user, a password, a path and a key to be kept."""
    address = f"{scheme}://{SECRET}:{SECRET}@{host}:{port}/{SECRET}?key={SECRET}"
    return Settings.model_validate({"kafka": "", "registry": "", "webhook": address})


@asynccontextmanager
async def answering(answer: bytes | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that answers whatever it is sent with these bytes and closes; with None, never."""

    async def answer_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1) if b"SSH" in (answer or b"") else await reader.readuntil(b"}")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_it, "127.0.0.1", ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("answer", "why"), ANSWERS)
async def test_why_a_delivery_failed_is_reported_in_words_that_quote_nothing(
    answer: bytes | None, why: str | None
) -> None:
    async with answering(answer) as port:
        assert (
            await deliver(webhook("http", "127.0.0.1", port), CLAIM, reminder(CLAIM), 0.4 if answer is None else 20)
            == why
        )


async def test_a_host_without_trust_tls_listener_or_name_is_reported_with_that_reason(tmp_path: Path) -> None:
    async with answering(b"", untrusted(tmp_path)) as port:
        assert await deliver(webhook("https", "127.0.0.1", port), CLAIM, reminder(CLAIM)) == reasons.NO_TRUST
    async with answering(b"SSH-2.0") as port:
        assert await deliver(webhook("https", "127.0.0.1", port), CLAIM, reminder(CLAIM)) == reasons.NO_TLS
    assert (
        await deliver(webhook("http", "127.0.0.1", ports.choose(["x"], {})["x"]), CLAIM, reminder(CLAIM))
        == reasons.NO_LISTENER
    )
    for host in (f"{SECRET}.invalid", f"{'x' * 70}.{SECRET}.invalid"):
        assert await deliver(webhook("http", host, 80), CLAIM, reminder(CLAIM)) == reasons.UNRESOLVED


KINDS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, KeyError, RuntimeError)


@pytest.mark.parametrize("kind", KINDS)
def test_no_error_of_whatever_kind_tells_its_text(kind: type[Exception]) -> None:
    assert reason(kind(SECRET), 20) == f"it can't be sent ({kind.__name__})"


EARLIER = {
    f"HTTPStatusError: Server error '500 {SECRET}' for url 'http://u:{SECRET}@h/{SECRET}'\nFor more …": (
        "refused with status 500"
    ),
    f"HTTPStatusError: Redirect response '302 Found' for url 'http://{SECRET}/'\nRedirect location: 'x'": (
        "redirected with status 302, and redirects are not followed"
    ),
    f"HTTPStatusError: {SECRET}": "it can't be sent (HTTPStatusError)",
    f"HTTPStatusError: Server error '\u0665\u0660\u0660 {SECRET}'": "it can't be sent (HTTPStatusError)",
    "TimeoutError: it was not answered within 20 seconds.": "no answer in 20 s",
    f"ConnectError: certificate is not valid for '{SECRET}'.": "it can't be sent (ConnectError)",
    f"Über: {SECRET[:3]}": f"Über: {SECRET[:3]}",
    "handed over": "handed over",
    reasons.UNRESOLVED: reasons.UNRESOLVED,
    None: None,
}
"""What earlier versions recorded, and how it is shown."""


@pytest.mark.parametrize("earlier", EARLIER)
def test_what_earlier_versions_put_on_record_is_reported_without_what_it_quotes(earlier: str | None) -> None:
    assert reasons.redact(earlier) == EARLIER[earlier]


def test_every_record_that_holds_a_step_of_a_delivery_is_cleaned_before_it_is_shown() -> None:
    holding = {kind for kind in contract.RECORDS.values() if _holds_a_step(kind)}
    assert holding == {Notification, Delivery}
    failed = replace(CLAIM, step=Step.FAILED, detail=f"ConnectError: {SECRET}")
    for record in (failed, Delivery(failed)):
        assert SECRET not in str(reasons.cleaned(record))
        assert reasons.cleaned(reasons.cleaned(record)) == reasons.cleaned(record)


def _holds_a_step(kind: type[Struct]) -> bool:
    return kind is Notification or any(field.type is Notification for field in fields(kind))
