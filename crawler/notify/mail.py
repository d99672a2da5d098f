"""A mail by SMTP, through the standard library's client."""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import msgspec

from crawler.notify.courier import NotTold

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
#: What a login is answered with (RFC 4954 §4).
_WELCOME = 235


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """The server that takes our mail.

    Attributes:
        tls: "starttls" never goes on without it.
        port: None for the usual one.
        user: None for no login; never shown, as the password.
    """

    host: str
    tls: Literal["starttls", "tls", "none"] = "starttls"
    port: int | None = None
    user: str | None = None
    password: str | None = None

    @property
    def number(self) -> int:
        """The port that is asked."""
        return self.port or _PORTS[self.tls]

    @property
    def name(self) -> str:
        """Host and port, as it is spoken of."""
        return f"{self.host}:{self.number}"

    def __repr__(self) -> str:
        return f"MailServer({self.name!r})"


def message_of(
    sender: str, to: Sequence[str], subject: str, text: str, *, message_id: str, wall: float
) -> EmailMessage:
    """Return a mail in plain text.

    Args:
        sender: Whom it is from.
        to: Who gets it.
        subject: One line.
        text: Of any length.
        message_id: The same for every try.
        wall: The time.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(wall, UTC))
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    # So that nobody's absence is answered to it (RFC 3834 §5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message


def send_mail(
    server: MailServer,
    message: EmailMessage,
    trust: Callable[[str], ssl.SSLContext],
    seconds: float,
) -> None:
    """Hand a mail over, once.

    Args:
        server: Who takes it.
        message: The mail.
        trust: Gives the TLS context for a host, by a serialised https URL.
        seconds: Longest wait for each answer.

    Raises:
        NotTold: It was not taken, or not for all.
    """
    try:
        _send(server, message, trust, seconds)
    except smtplib.SMTPAuthenticationError:
        raise NotTold(f"{server.name} refused user or password", passing=False) from None
    except smtplib.SMTPNotSupportedError:
        what = "STARTTLS" if server.tls == "starttls" else "a login"
        raise NotTold(f"{server.name} does not offer {what}", passing=False) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        passing = all(code < 500 for code in codes)
        raise NotTold(
            f"{server.name} takes no mail for them ({codes[0]})", passing=passing
        ) from None
    except smtplib.SMTPResponseException as error:
        passing = 400 <= error.smtp_code < 500
        raise NotTold(f"{server.name} answered {error.smtp_code}", passing=passing) from None
    except smtplib.SMTPServerDisconnected:
        raise NotTold(f"{server.name} closed the connection") from None
    except ssl.SSLCertVerificationError as error:
        why = f"certificate of {server.name} is not trusted: {error.verify_message}"
        raise NotTold(why, passing=False) from None
    except TimeoutError:
        raise NotTold(f"{server.name} did not answer within {seconds:.1f} s") from None
    except socket.gaierror:
        raise NotTold(f"{server.name}: its name is not known") from None
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "the connection failed"
        raise NotTold(f"{server.name}: {why}") from None


def _send(
    server: MailServer,
    message: EmailMessage,
    trust: Callable[[str], ssl.SSLContext],
    seconds: float,
) -> None:
    # Our own name as it is: to look up its domain may take longer than the mail.
    own, url = socket.gethostname(), f"https://{server.host}/"
    client: smtplib.SMTP
    if server.tls == "tls":
        client = smtplib.SMTP_SSL(
            server.host, server.number, own, timeout=seconds, context=trust(url)
        )
    else:
        client = smtplib.SMTP(server.host, server.number, own, timeout=seconds)
    with contextlib.closing(client):
        if server.tls == "starttls":
            client.starttls(context=trust(url))
        if server.user is not None and server.password is not None:
            _log_in(client, server.user, server.password)
        refused = client.send_message(message)
        # It is theirs by now: whatever goes wrong in taking leave, another try would be a second.
        with contextlib.suppress(OSError):
            client.quit()
    if refused:
        whom = ", ".join(refused)
        raise NotTold(f"{server.name} takes no mail for {whom}; the others have it", passing=False)


def _log_in(client: smtplib.SMTP, user: str, password: str) -> None:
    if f"{user}{password}".isascii():
        client.login(user, password)
        return
    # The library sends nothing but ASCII; by RFC 4616 these are UTF-8.
    client.ehlo_or_helo_if_needed()
    plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    code, answer = client.docmd("AUTH", f"PLAIN {plain}")
    if code != _WELCOME:
        raise smtplib.SMTPAuthenticationError(code, answer)
