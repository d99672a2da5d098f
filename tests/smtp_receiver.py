"""A mail server on loopback that takes mail for tests: the part of RFC 5321 that a client uses."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self

from crawler.testing.conversations import Conversations


class SmtpReceiver:
    """Takes mail; use it as an async context manager.

    Args:
        tls: What it needs to speak TLS; None for none.
        at_once: TLS from the first byte, instead of STARTTLS.
        answers: Answers to be given instead of the usual ones, by command: `{"RCPT": ["550 no"]}`,
            one for each time it is used; "hang" says nothing more, "drop" closes the connection.

    Attributes:
        commands: All that came, in order; data excepted.
        mails: What was taken: envelope recipients and the message.
        logins: User and password of each login.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        answers: Mapping[str, list[str]] | None = None,
    ) -> None:
        self._tls, self._at_once = tls, at_once
        self._answers = {word: list(given) for word, given in (answers or {}).items()}
        self._conversations = Conversations()
        self.commands: list[str] = []
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.logins: list[tuple[str, str]] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        tls = self._tls if self._at_once else None
        met = self._conversations.having(self._talk)
        self._server = await asyncio.start_server(met, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._conversations.end(self._server)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            writer.write(b"220 test\r\n")
            recipients: list[str] = []
            while line := (await reader.readline()).decode().strip():
                word = line[:4].upper()
                self.commands.append(line)
                given = self._answers.get(word)
                answer = given.pop(0) if given else self._usual(word, line, recipients)
                if answer == "hang":
                    await reader.read()
                if answer in ("hang", "drop"):
                    break
                if word == "RCPT" and answer.startswith("2"):
                    recipients.append(line.partition("<")[2].rstrip(">"))
                writer.write(answer.encode() + b"\r\n")
                await writer.drain()
                if word == "DATA" and answer.startswith("3"):
                    await self._take(reader, writer, recipients)
                if word == "STAR" and answer.startswith("2") and self._tls is not None:
                    await writer.start_tls(self._tls)
                if word == "QUIT":
                    break

    def _usual(self, word: str, line: str, recipients: list[str]) -> str:
        if word == "EHLO":
            recipients.clear()
            offers = ["test", "AUTH PLAIN"]
            offers += ["STARTTLS"] if self._tls is not None and not self._at_once else []
            return "\r\n".join([f"250-{one}" for one in offers] + ["250 8BITMIME"])
        if word == "AUTH":
            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            self.logins.append((user, password))
            return "235 welcome"
        return {"DATA": "354 go on", "STAR": "220 go on", "QUIT": "221 bye"}.get(word, "250 ok")

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipients: list[str]
    ) -> None:
        raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        self.mails.append((list(recipients), message_from_bytes(raw, policy=default)))
        given = self._answers.get("TAKEN")
        writer.write((given.pop(0) if given else "250 taken").encode() + b"\r\n")
