"""TLS: F10 and F11. Trust the root of the test authority before they are played."""

from __future__ import annotations

from crawler.outcome import ErrorClass
from crawler.testing.authority import Certificate
from crawler.testing.faults.play import hold, keeps
from crawler.testing.faults.row import Door, FaultRow, dead, done, failed
from crawler.testing.raw_server import answer

_PAGE = answer(b"<title>page</title>", content_type="text/html")


def _refused(number: str, does: str, certificate: Certificate, note: str) -> FaultRow:
    return FaultRow(
        number=number, does=does, expected=failed(ErrorClass.TLS, note), play=keeps(_PAGE),
        door=Door.TLS, certificate=certificate, tries=0, has_after=False,
        names=(lambda _n, own: (own,)) if certificate is Certificate.UNKNOWN_NAME else None,
    )  # fmt: skip


ROWS = (
    _refused("F10", "shows a certificate that has expired", Certificate.EXPIRED, "expired"),
    _refused("F10b", "shows a certificate of another host", Certificate.OTHER_NAME, "match"),
    _refused("F10c", "shows a certificate signed by itself", Certificate.SELF_SIGNED, "self"),
    _refused(
        "F10d", "shows a certificate of an unknown authority", Certificate.UNTRUSTED, "certificate"
    ),
    _refused("F10e", "speaks TLS 1.0 only", Certificate.OLD_PROTOCOL, "version"),
    _refused("F10f", "does not know its name", Certificate.UNKNOWN_NAME, "name"),
    FaultRow(
        number="F10g", does="shows a good certificate (nothing wrong)", expected=done(),
        play=keeps(_PAGE), door=Door.TLS, certificate=Certificate.GOOD,
    ),
    FaultRow(
        number="F11", does="falls silent inside the TLS handshake",
        expected=dead(ErrorClass.TIMEOUT), play=hold, door=Door.RAW, scheme="https", tries=0,
        has_after=False,
    ),
)  # fmt: skip
