from __future__ import annotations

import re

import pytest

from scripts.bench.quiet_site import QuietSite


def get(site: QuietSite, path: str, tag: str = "") -> tuple[int, str, str]:
    """Return status, ETag and body."""
    condition = f"If-None-Match: {tag}\r\n" if tag else ""
    answer = site.answer(f"GET {path} HTTP/1.1\r\nHost: a\r\n{condition}\r\n".encode()).decode()
    head, _, body = answer.partition("\r\n\r\n")
    found = re.search(r"ETag: (\S+)", head)
    return int(head.split()[1]), found.group(1) if found else "", body


def test_every_page_can_be_reached_and_there_are_as_many_as_wanted() -> None:
    site = QuietSite(500, validators=True)
    known, queue = {"/"}, ["/"]
    while queue:
        status, _, body = get(site, queue.pop())
        assert status == 200
        fresh = set(re.findall(r'href="([^"]+)"', body)) - known
        known |= fresh
        queue += fresh

    assert len(known) == len(site.answers) == 500


@pytest.mark.parametrize("weak", ["", "W/"])
def test_whoever_has_a_page_gets_no_body_and_is_counted(weak: str) -> None:
    site = QuietSite(500, validators=True)
    _, tag, body = get(site, "/list/3/1")
    before = site.seen.sent

    assert get(site, "/list/3/1", weak + tag) == (304, tag, "")
    assert get(site, "/list/3/1", '"other"') == (200, tag, body)
    assert (site.seen.requests, site.seen.unchanged) == (3, 1)
    assert site.seen.sent > before + len(body)


def test_without_validators_every_answer_is_whole() -> None:
    site = QuietSite(500, validators=False)
    _, _, body = get(site, "/")

    assert get(site, "/", '"any"') == (200, "", body)
    assert site.seen.unchanged == 0
