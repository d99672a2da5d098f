from __future__ import annotations

import errno
import ssl

import pytest

from crawler.fetch.connect_failure import connect_failure, one_line, tls_class
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
