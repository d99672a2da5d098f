"""TLS: F10 and F11. Trust the root of the test authority before they are played."""

from __future__ import annotations

from crawler.outcome import ErrorClass
from crawler.testing.authority import Certificate
from crawler.testing.faults.play import hold, interrupts, keeps
from crawler.testing.faults.row import Door, FaultRow, dead, done, failed
from crawler.testing.raw_server import answer

_PAGE = answer(b"<title>page</title>", content_type="text/html")


def _refused(number: str, does: str, certificate: Certificate, note: str) -> FaultRow:
    return FaultRow(
        number=number, does=does, expected=failed(ErrorClass.TLS, note), play=keeps(_PAGE),
        door=Door.TLS, certificate=certificate, tries=0, has_after=False,
    )  # fmt: skip


def _alert(number: str, does: str, description: int, note: str) -> FaultRow:
    # RFC 8446 §6: record type 21, version, length; level 2 is fatal.
    record = bytes((21, 3, 1, 0, 2, 2, description))
    return FaultRow(
        number=number, does=does, expected=failed(ErrorClass.TLS, note), play=interrupts(record),
        door=Door.RAW, scheme="https", tries=0, has_after=False,
    )  # fmt: skip


ROWS = (
    _refused("F10", "shows a certificate that has expired", Certificate.EXPIRED, "expired"),
    _refused("F10b", "shows a certificate of another host", Certificate.OTHER_NAME, "match"),
    _refused("F10c", "shows a certificate signed by itself", Certificate.SELF_SIGNED, "self"),
    _refused(
        "F10d", "shows a certificate of an unknown authority", Certificate.UNTRUSTED, "certificate"
    ),
    _alert("F10e", "speaks older versions of TLS only", 70, "version"),
    _alert("F10f", "does not know the name it is asked for", 112, "name"),
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
