"""No secret follows a redirect to another origin, and all of them reach their own."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from crawler.testing.authority import CertificateAuthority
from scripts.soak.redirect_matrix import CHANGES, REFRESH, STATUSES, Seen, carry


@pytest.fixture(scope="module", params=["asyncio", "threads"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    authority = CertificateAuthority(tmp_path_factory.mktemp("authority"))
    return asyncio.run(carry(tmp_path_factory.mktemp("matrix"), request.param, authority))


def test_no_secret_arrives_at_another_origin(seen: Seen) -> None:
    assert seen.leaks == []


def test_every_secret_reaches_its_own_origin(seen: Seen) -> None:
    cells = len(CHANGES) * (len(STATUSES) + 1)

    assert len(seen.own) == cells * 2 * 3  # by method, and by where its secrets stand
    assert seen.missing == []


@pytest.mark.parametrize("change", range(len(CHANGES)), ids=CHANGES)
def test_redirects_are_followed_all_the_same(seen: Seen, change: int) -> None:
    asked = {status: seen.count(change, status)[0] for status in (*STATUSES, REFRESH)}

    # A POST that would keep its body is refused (307, 308); a choice (300) and a page are pages.
    assert asked == {300: 0, 301: 6, 302: 6, 303: 6, 307: 3, 308: 3, REFRESH: 0}
