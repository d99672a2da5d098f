"""The site of the soaks: the same for the same seed, and all of it can be found."""

from __future__ import annotations

import re

from scripts.soak.gaps import gaps_of, shorter_than, shortest
from scripts.soak.jobs_beside import pairs_of
from scripts.soak.seeded_site import ODD, Asked, SeededSite
from scripts.soak.site_process import Request

AUTHORITY = "127.0.0.{host}:80"


def text(site: SeededSite, host: int, path: str) -> str:
    return site.reply(Asked(host, path, before=1), AUTHORITY).body


def test_the_same_seed_gives_the_same_site() -> None:
    one, other, third = (SeededSite(seed, pages=60, hosts=2) for seed in (1, 1, 2))

    assert text(one, 1, "/p/0") == text(other, 1, "/p/0")
    assert one.kinds == other.kinds
    assert one.kinds != third.kinds


def test_nearly_every_page_can_be_found_from_the_first() -> None:
    site = SeededSite(5, pages=800, hosts=2)
    found, waiting = set(), [(0, "/p/0"), (1, "/p/0")]
    while waiting:
        host, path = waiting.pop()
        if (host, path) not in found:
            found.add((host, path))
            for link in re.findall('href="([^"]+)"', text(site, host, path)):
                other = re.match(r"http://127\.0\.0\.(\d+):80(.*)", link)
                waiting.append((int(other[1]) - 1, other[2]) if other else (host, link))

    assert len(found) > 0.95 * 800


def test_every_kind_of_oddity_is_there() -> None:
    site = SeededSite(3, pages=4000, hosts=40)

    assert {kind for kinds in site.kinds for kind in kinds} == {"plain", *ODD}


def test_a_busy_page_answers_the_second_time() -> None:
    site = SeededSite(3, pages=4000, hosts=1)
    path = f"/p/{site.kinds[0].index('busy')}"

    answers = [site.reply(Asked(0, path, before=n), AUTHORITY).status for n in range(2)]

    assert answers == [503, 200]


def test_a_page_that_wants_a_cookie_leads_to_itself() -> None:
    site = SeededSite(3, pages=4000, hosts=1)
    path = f"/p/{site.kinds[0].index('cookie')}"

    first = dict(site.reply(Asked(0, path), AUTHORITY).fields)
    cookie = first["set-cookie"].partition(";")[0]

    assert first["location"] == path
    assert site.reply(Asked(0, path, cookie=cookie), AUTHORITY).status == 200


def test_chains_of_redirects_come_to_an_end() -> None:
    site = SeededSite(3, pages=4000, hosts=1)
    for page, kind in enumerate(site.kinds[0]):
        path, hops = site.path(0, page), 0
        while kind in ("moved", "known"):
            fields = dict(site.reply(Asked(0, path), AUTHORITY).fields)
            if "location" not in fields or "set-cookie" in fields:
                break
            path, hops = fields["location"], hops + 1
            assert hops < 20


def test_gaps_are_those_of_each_host_by_itself() -> None:
    log = [
        Request(at, host, 0, "soak", "/") for at, host in [(1.0, 0), (1.1, 1), (2.0, 0), (2.05, 1)]
    ]

    gaps = gaps_of(log)

    assert [round(gap.seconds, 3) for gap in gaps] == [1.0, 0.95]
    assert [gap.host for gap in shorter_than(gaps, 0.98)] == [1]
    assert round(shortest(gaps), 3) == 0.95


def test_between_requests_of_two_jobs_the_larger_delay_is_wanted() -> None:
    log = [
        Request(at, host, 0, agent, "/")
        for at, host, agent in [(1.0, 0, "a"), (2.0, 0, "b"), (2.5, 1, "a"), (3.0, 0, "a")]
    ]

    pairs = pairs_of(log, {"a": 0.5, "b": 1.5})

    assert [(pair.seconds, pair.wanted, pair.across) for pair in pairs] == [
        (1.0, 1.5, True), (1.0, 1.5, True),
    ]  # fmt: skip
