"""A real mail server on loopback that keeps what it is handed, and can be told to misbehave.

with running_smtp() as mail:
    mail.fault = Fault.REFUSES
    ...
    mail.fault = None
    assert mail.letters[0]["Subject"] == "…"
"""

from __future__ import annotations

import enum
import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.processes import free_port


class Fault(enum.Enum):
    REFUSES = "550 says that there is nobody of this name"
    GREYLISTS = "451 wants to be asked again later"
    REFUSES_CONTENT = "554 does not like what is written"
    HANGS_UP = "closes the connection before it has taken the letter"
    TAKES_AND_HANGS_UP = "takes the letter, and closes the connection instead of saying so"


@dataclass
class MailServer:
    """Letters as they arrived; `fault` decides what happens to the next ones."""

    host: str
    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    fault: Fault | None = None

    @property
    def url(self) -> str:
        """For PIXELSITE_MAIL_URL."""
        return f"smtp+plain://{self.host}:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.fault is Fault.REFUSES:
            return f"550 5.1.1 <{address}> nobody here"
        if self.fault is Fault.GREYLISTS:
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.fault is Fault.REFUSES_CONTENT:
            return "554 5.7.1 no"
        if self.fault is Fault.HANGS_UP:
            return self._hang_up(server)
        assert isinstance(envelope.content, bytes)
        letter: Any = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default)
        self.letters.append(letter)
        return self._hang_up(server) if self.fault is Fault.TAKES_AND_HANGS_UP else "250 taken"

    @staticmethod
    def _hang_up(server: SMTP) -> str:
        assert server.transport is not None
        server.transport.abort()  # type: ignore[attr-defined]  # a transport of a socket
        return "421 never read"


@contextmanager
def running_smtp() -> Iterator[MailServer]:
    """Start the server; stop it at the end."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # it logs every line: tests read the site's own log
    server = MailServer(host="127.0.0.1", port=free_port())
    controller = Controller(server, hostname=server.host, port=server.port)
    controller.start()
    try:
        with smtplib.SMTP(server.host, server.port, timeout=5) as probe:
            assert probe.noop()[0] == 250
        yield server
    finally:
        controller.stop()
