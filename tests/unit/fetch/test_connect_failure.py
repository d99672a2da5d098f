from __future__ import annotations

import errno
import ssl

import pytest

from crawler.fetch.connect_failure import connect_failure


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
    ],
)
def test_a_failed_connection_is_told_in_plain_words(error: OSError, said: str) -> None:
    assert connect_failure("e.org", 9, error) == said


def test_a_port_without_tls_is_not_blamed_on_the_system() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")

    assert connect_failure("a.example", 443, error).endswith("does not speak TLS")
