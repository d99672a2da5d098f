"""A crawl that is killed without warning, again and again, is as good as one that is not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scripts.bench.docs_site import POSTGRESQL_DOCS, DocsSite
from scripts.soak.kill import soak


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_kills_at_full_speed_lose_and_repeat_nothing(seed: int, tmp_path: Path) -> None:
    if reason := DocsSite.missing(POSTGRESQL_DOCS):
        pytest.skip(reason)
    with DocsSite(POSTGRESQL_DOCS) as site:
        found = soak(site, tmp_path, kills=5, chance=random.Random(seed), delay="0s")

    assert found == []
