"""Real servers that targets are sent to: one for mail, one for HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage, Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Parsing

from local import ports


class Mailbox(Parsing):
    """Keeps the mails that come; ``refusing`` is the answer instead of taking one."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.mails: list[Message] = []
        self.refusing: str | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self.refusing:
            return self.refusing
        taken: str = await super().handle_DATA(server, session, envelope)
        return taken

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


@contextmanager
def mailbox(port: int | None = None) -> Iterator[tuple[Mailbox, str]]:
    """Run a mail server, on a free port by default; yield its mailbox and the address of a target in it."""
    box, port = Mailbox(), port or ports.choose(["mail"], {})["mail"]
    server = Controller(box, hostname=ports.HOST, port=port)
    server.start()
    try:
        yield box, f"mailto://{ports.HOST}:{port}?from=rondo@example.org&to=anna@example.org&mode=insecure"
    finally:
        server.stop()
