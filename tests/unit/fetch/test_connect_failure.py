from __future__ import annotations

import errno
import ssl

import pytest

from crawler.fetch.connect_failure import (
    connect_failure,
    not_http,
    one_line,
    tls_class,
    tls_failure,
)
from crawler.outcome import ErrorClass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('::1', 9, 0, 0)"),
            "cannot connect to e.org:9: connection refused",
            id="refused",
        ),
        pytest.param(
            OSError(None, "Domain name not found"),
            "cannot connect to e.org:9: domain name not found",
            id="no-number",
        ),
        pytest.param(
            ConnectionResetError(),
            "cannot connect to e.org:9: the connection was closed",
            id="nothing-said",
        ),
    ],
)
def test_a_failed_connection_is_told_in_plain_words(error: OSError, said: str) -> None:
    assert connect_failure("e.org", 9, error) == said


def test_a_port_without_tls_is_not_blamed_on_the_system() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")

    assert connect_failure("a.example", 443, error).endswith("does not speak TLS")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", ErrorClass.PROTOCOL),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired", ErrorClass.TLS),
    ],
)
def test_no_tls_at_all_is_another_error_than_bad_tls(said: str, kind: ErrorClass) -> None:
    assert tls_class(ssl.SSLError(1, said)) == kind


def test_what_others_said_becomes_one_short_line_without_control_codes() -> None:
    assert one_line("a\x1b[31mb\nc") == "a [31mb c"
    assert len(one_line("x" * 9999)) == 300


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"\0\0\x12\4\0\0\0\0\0", "HTTP/2"),
        (b"\x16\3\1\0\x5a", "TLS"),
        (b"\x15\3\3", "TLS"),
        (b"\x18\3\3", "this is no HTTP"),
        (b"SSH-2.0-x", "this is no HTTP"),
        (b"\0\0", "this is no HTTP"),
        (b"", "this is no HTTP"),
    ],
)
def test_another_protocol_is_known_by_its_first_bytes(first: bytes, said: str) -> None:
    assert said in not_http(first)


def test_a_certificate_is_refused_in_openssls_words() -> None:
    bad = ssl.SSLCertVerificationError(1, "[SSL: X] whatever")
    bad.verify_message = "certificate has expired"
    alert = ssl.SSLError(1, "[SSL: Y] whatever")
    alert.reason = "TLSV1_ALERT_PROTOCOL_VERSION"

    assert tls_failure("a.example", 443, bad) == (
        "cannot trust a.example:443: certificate has expired"
    )
    assert tls_failure("a.example", 443, alert).endswith(": tlsv1 alert protocol version")
