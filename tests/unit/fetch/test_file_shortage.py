from __future__ import annotations

import errno

import pytest

from crawler.errors import FetchError
from crawler.fetch.file_shortage import is_shortage


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_a_shortage_is_seen_through_the_errors_around_it(code: int) -> None:
    error = caused(
        FetchError("connect", "x", url="http://a/"), caused(ValueError(), OSError(code, "too many"))
    )

    assert is_shortage(error)


def test_a_host_that_refuses_is_no_shortage() -> None:
    assert not is_shortage(
        caused(FetchError("connect", "x", url="http://a/"), OSError(errno.ECONNREFUSED, "no"))
    )


def test_causes_that_go_round_end() -> None:
    one, two = ValueError(), ValueError()
    one.__cause__, two.__cause__ = two, one

    assert not is_shortage(one)
