from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from crawler.app.run.open_files import make_room
from crawler.errors import ConfigError


@pytest.fixture
def hard() -> Iterator[int]:
    """Lower the soft limit for the test; the hard one stays."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_what_the_connections_need(hard: int) -> None:
    make_room(400)

    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 464


def test_a_limit_that_is_high_enough_is_left_alone(hard: int) -> None:
    make_room(16)

    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 256


def test_more_connections_than_the_machine_allows_files_are_refused(hard: int) -> None:
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine sets no hard limit")

    with pytest.raises(ConfigError, match="ulimit -n"):
        make_room(hard)
