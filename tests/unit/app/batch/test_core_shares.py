from __future__ import annotations

import pytest

from crawler.app.batch.core_shares import core_shares


@pytest.mark.parametrize(
    ("cores", "jobs", "workers", "threads", "shares"),
    [
        (8, 20, None, None, (8, 1)),
        (8, 3, None, None, (3, 2)),
        (8, 1, None, None, (1, 8)),
        (8, 20, None, 4, (2, 4)),
        (2, 20, None, 4, (1, 4)),
        (8, 20, 4, None, (4, 2)),
        (2, 20, 4, None, (4, 1)),
        (2, 20, 2, 3, (2, 3)),
        (8, 2, 6, None, (2, 4)),
        (8, 0, None, None, (1, 8)),
    ],
)
def test_cores_are_shared_out(
    cores: int, jobs: int, workers: int | None, threads: int | None, shares: tuple[int, int]
) -> None:
    assert core_shares(cores, jobs, workers, threads) == shares
