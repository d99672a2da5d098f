"""Claims about sending mail, against a server that takes it or does not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Literal

import pytest

from crawler.clock import SystemClock
from crawler.notify.courier import Couriers, Errand, NotTold, Told
from crawler.notify.mail import MailServer, message_of, send_mail
from crawler.testing.authority import Certificate, CertificateAuthority
from tests.smtp_receiver import SmtpReceiver

Trust = Callable[[str], ssl.SSLContext]
TO = ("x@b.example", "y@b.example")
MESSAGE = message_of("c@a.example", TO, "failed", "one\n.two\n", message_id="m1", wall=0)


def nobody(_: str) -> ssl.SSLContext:
    return ssl.create_default_context()


async def send(
    server: SmtpReceiver,
    tls: Literal["starttls", "tls", "none"] = "none",
    trust: Trust = nobody,
    *,
    user: str | None = None,
    password: str | None = "password",
    seconds: float = 30,
) -> None:
    password = None if user is None else password
    there = MailServer(host="127.0.0.1", port=server.port, tls=tls, user=user, password=password)
    await asyncio.to_thread(send_mail, there, MESSAGE, trust, seconds)


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with SmtpReceiver() as server:
        await send(server)

    ((recipients, mail),) = server.mails
    assert recipients == [*TO]
    assert mail["Subject"] == "failed"
    assert mail.get_content().splitlines() == ["one", ".two"]
    assert server.commands[-1].upper() == "QUIT"


@pytest.mark.parametrize("password", ["password", "pässword"])
@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_user_and_password_are_sent_by_tls(
    authority: CertificateAuthority, trust: Trust, tls: Literal["starttls", "tls"], password: str
) -> None:
    context = authority.context(Certificate.GOOD, "127.0.0.1", "localhost")
    async with SmtpReceiver(context, at_once=tls == "tls") as server:
        await send(server, tls, trust, user="me", password=password)

    assert server.logins == [("me", password)]
    assert len(server.mails) == 1


async def test_without_an_offer_of_tls_nothing_is_sent() -> None:
    async with SmtpReceiver() as server:
        with pytest.raises(NotTold, match="does not offer STARTTLS") as caught:
            await send(server, "starttls", user="me")

    assert not caught.value.passing
    assert not server.logins
    assert not server.mails


async def test_a_certificate_must_be_trusted(authority: CertificateAuthority) -> None:
    context = authority.context(Certificate.GOOD, "127.0.0.1", "localhost")
    async with SmtpReceiver(context) as server:
        with pytest.raises(NotTold, match="is not trusted"):
            await send(server, "starttls", user="me")

    assert not server.logins


@pytest.mark.parametrize(
    ("answers", "words", "passing"),
    [
        ({"RCPT": ["550 no", "550 no"]}, r"takes no mail for them \(550\)", False),
        ({"RCPT": ["450 later", "450 later"]}, r"takes no mail for them \(450\)", True),
        ({"RCPT": ["250 ok", "550 no"]}, "no mail for y@b.example; the others have it", False),
        ({"MAIL": ["553 not from you"]}, "answered 553", False),
        ({"DATA": ["451 later"]}, "answered 451", True),
        ({"TAKEN": ["554 spam"]}, "answered 554", False),
        ({"AUTH": ["535 no"] * 9}, "refused user or password", False),
        ({"EHLO": ["drop"]}, "closed the connection", True),
    ],
)
async def test_what_a_server_refuses_is_said_with_whether_it_may_pass(
    authority: CertificateAuthority, trust: Trust, answers: dict[str, list[str]], words: str,
    passing: bool,
) -> None:  # fmt: skip
    context = authority.context(Certificate.GOOD, "127.0.0.1", "localhost")
    async with SmtpReceiver(context, at_once=True, answers=answers) as server:
        with pytest.raises(NotTold, match=words) as caught:
            await send(server, "tls", trust, user="me")

    assert caught.value.passing is passing
    assert "password" not in str(caught.value).replace("user or password", "")


async def test_a_server_that_hangs_is_left_in_time() -> None:
    async with SmtpReceiver(answers={"MAIL": ["hang"]}) as server:
        with pytest.raises(NotTold, match=r"did not answer within 0\.2 s|closed"):
            await send(server, seconds=0.2)


async def test_a_server_that_has_a_mail_is_not_sent_it_again_when_its_leave_goes_wrong() -> None:
    def told(port: int) -> list[Told]:
        there = MailServer(host="127.0.0.1", port=port, tls="none")
        sent = Couriers(SystemClock(), first_wait=0.001)
        sent.send(
            Errand(
                to="mail",
                what="failure",
                seconds=30,
                deliver=lambda seconds: send_mail(there, MESSAGE, nobody, seconds),
            )
        )
        return sent.collect()

    async with SmtpReceiver(answers={"MAIL": ["421 later"], "QUIT": ["drop"]}) as server:
        (outcome,) = await asyncio.to_thread(told, server.port)

    assert (outcome.ok, outcome.tries, len(server.mails)) == (True, 2, 1)
