from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from crawler.app.job.open_files import LEAST_IDLE, MOST_IDLE, idle_room, make_room
from crawler.errors import ConfigError


@pytest.fixture
def hard() -> Iterator[int]:
    """Lower the soft limit for the test; the hard one stays."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def soft_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_the_soft_limit_is_raised_to_what_connections_need_and_those_that_wait(hard: int) -> None:
    make_room(400)

    assert soft_limit() >= min(hard if hard >= 0 else 1 << 30, 400 + 64 + MOST_IDLE)
    assert idle_room(400) <= MOST_IDLE


def test_a_limit_that_is_high_enough_is_left_alone(hard: int) -> None:
    make_room(16)
    before = soft_limit()

    make_room(8)

    assert soft_limit() == before


def test_few_connections_wait_where_few_files_may_be_open(hard: int) -> None:
    assert idle_room(16) == LEAST_IDLE


def test_more_connections_than_the_machine_allows_files_are_refused(hard: int) -> None:
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine sets no hard limit")

    with pytest.raises(ConfigError, match="ulimit -n"):
        make_room(hard)
