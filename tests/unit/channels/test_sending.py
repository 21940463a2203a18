"""Messages are sent to real servers: good, refusing, redirecting, silent and forbidden ones."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_ece import decrypt

from channels.network import Networks
from channels.sealing import Seal
from channels.sending import Message, Sender
from domain import reasons
from local import ports
from tests.receiver import Receiver
from tests.unit.channels.servers import mailbox

SEAL = Seal(b"k" * 32)
MESSAGE = Message("delivery", "Water the plants", "Reminder", {"id": "delivery", "title": "Water the plants"})
HERE = Networks.parse("127.0.0.0/8")


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    sender = Sender(HERE, SEAL, 4, seconds=3)
    yield sender
    sender.close()


async def test_a_webhook_gets_the_message_as_json_under_its_id(sender: Sender):
    with Receiver() as receiver:
        assert await sender.send("t", receiver.url, MESSAGE) is None
        [received] = receiver.received
    assert (received.key, received.media, received.body) == ("delivery", "application/json", MESSAGE.body)


async def test_a_mail_has_the_title_as_its_subject(sender: Sender):
    with mailbox() as (box, address):
        assert await sender.send("t", address, MESSAGE) is None
        [mail] = box.mails
    assert mail["subject"] == "Water the plants"
    assert "anna@example.org" in mail["to"]


async def test_a_service_of_apprise_gets_the_message(sender: Sender):
    with Receiver() as receiver:
        assert await sender.send("t", receiver.url.replace("http:", "json:"), MESSAGE) is None
        [received] = receiver.received
    assert (received.body["title"], received.body["message"]) == ("Water the plants", "Reminder")


async def test_a_browser_gets_the_message_encrypted_for_it_alone(sender: Sender):
    key, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with PushService() as service:
        keys = {"p256dh": base64.urlsafe_b64encode(point).decode(), "auth": base64.urlsafe_b64encode(auth).decode()}
        assert await sender.send("t", json.dumps({"endpoint": service.url, "keys": keys}), MESSAGE) is None
        [(headers, body)] = service.received
    told = json.loads(decrypt(body, private_key=key, auth_secret=auth, version="aes128gcm"))
    assert (told["title"], told["id"]) == ("Water the plants", "delivery")
    assert headers["authorization"].startswith("vapid t=")
    assert headers["ttl"] == "86400"


@pytest.mark.parametrize("scheme", ["http", "json"])
@pytest.mark.parametrize("status", [400, 404, 500, 302])
async def test_a_refusal_is_described_by_its_status(sender: Sender, scheme: str, status: int):
    with Receiver() as receiver:
        receiver.statuses["Water the plants"] = status
        assert await sender.send("t", receiver.url.replace("http:", f"{scheme}:"), MESSAGE) == reasons.of_status(status)
        assert len(receiver.received) == 1  # a redirect is not followed


async def test_a_refused_mail_is_described_by_its_status(sender: Sender):
    with mailbox() as (box, address):
        box.refusing = "554 planted-in-the-answer"
        assert await sender.send("t", address, MESSAGE) == reasons.of_status(554)


@pytest.mark.parametrize("scheme", ["http", "json", "mailto"])
async def test_a_host_without_a_listener_is_described(sender: Sender, scheme: str):
    host = f"{ports.HOST}:{ports.choose(['nobody'], {})['nobody']}"
    address = f"{scheme}://{host}?from=rondo@example.org&to=anna@example.org&mode=insecure"
    assert await sender.send("t", address, MESSAGE) == reasons.NO_LISTENER


@pytest.mark.parametrize("scheme", ["http", "json", "mailto"])
async def test_a_host_in_another_network_is_not_connected_to(scheme: str):
    with Receiver() as receiver:
        address = (
            receiver.url.replace("http:", f"{scheme}:") + "?from=rondo@example.org&to=anna@example.org&mode=insecure"
        )
        assert await Sender(Networks(), SEAL, 1).send("t", address, MESSAGE) == reasons.FORBIDDEN
        assert receiver.received == []


@pytest.mark.parametrize("scheme", ["http", "json"])
async def test_a_server_that_hangs_is_given_up_in_time_and_its_thread_ends(scheme: str):
    sender = Sender(HERE, SEAL, 1, seconds=0.5)
    with Receiver() as receiver:
        receiver.answering.clear()
        address, began = receiver.url.replace("http:", f"{scheme}:"), time.monotonic()
        assert await sender.send("t", address, MESSAGE) == reasons.TIMED_OUT.format(seconds=0.5)
        assert time.monotonic() - began < 3
        with Receiver() as other:  # by the only thread
            async with asyncio.timeout(10):
                while await sender.send("other", other.url, MESSAGE):
                    pass
        receiver.answering.set()


async def test_a_target_that_hangs_takes_no_thread_of_others(sender: Sender):
    with Receiver() as hanging, Receiver() as other:
        hanging.answering.clear()
        tries = [asyncio.ensure_future(sender.send("hanging", hanging.url, MESSAGE)) for _ in range(20)]
        async with asyncio.timeout(2.5):
            assert await sender.send("other", other.url, MESSAGE) is None
        assert len(hanging.received) <= 1
        hanging.answering.set()
        await asyncio.gather(*tries)


class PushService:
    """A push service that takes everything."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []

    def __enter__(self) -> "PushService":
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.received.append((headers, self.rfile.read(int(headers["content-length"]))))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((ports.HOST, 0), Handler)
        self.url = f"http://{ports.HOST}:{self._server.server_port}/push"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
