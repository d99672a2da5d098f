"""What an intake decides, and that the links it knows by sight change nothing of that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier import familiar_links
from crawler.frontier.familiar_links import LONGEST, FamiliarLinks
from crawler.frontier.fingerprint import Fingerprints
from crawler.frontier.seen_set import SeenSet
from crawler.interfaces import PageCommit
from crawler.messages import NewRequest
from crawler.outcome import LinkBatch
from crawler.storage.admitted import Admitted
from crawler.storage.intake import Intake
from crawler.urls import CanonicalRules

URLS = [f"http://e.org/{n}" for n in range(6)] + [
    "http://e.org/x?a=1&b=2",
    "http://e.org/x?b=2&a=1",
]


class Stranger(FamiliarLinks):
    """Knows nothing by sight."""

    def at(self, depth: int, label_rank: int) -> dict[str, int]:
        return {}


def intake(max_depth: int | None = None, *, stranger: bool = False) -> Intake:
    made = Intake(
        Fingerprints(1, CanonicalRules()), SeenSet(), next_row=1, max_depth=max_depth, history=None
    )
    if stranger:
        made._familiar = Stranger()
    return made


def links(*urls: str, rank: int = 0) -> LinkBatch:
    return LinkBatch(list(urls), f"label{rank}" if rank else None, rank)


batches = st.builds(
    lambda urls, rank: links(*urls, rank=rank),
    st.lists(st.sampled_from(URLS), max_size=6), st.integers(0, 3),
)  # fmt: skip
requests = st.builds(
    lambda url, rank, depth: NewRequest(
        url=url, label=f"label{rank}" if rank else None, label_rank=rank, depth=depth
    ),
    st.sampled_from(URLS), st.integers(0, 3), st.integers(0, 3),
)  # fmt: skip
pages = st.builds(
    PageCommit, id=st.integers(0, 3), depth=st.integers(-1, 4),
    links=st.lists(batches, max_size=2), requests=st.lists(requests, max_size=1),
)  # fmt: skip


@given(st.lists(st.lists(pages, max_size=3), max_size=12), st.sampled_from([None, 2]))
def test_what_is_known_by_sight_changes_no_decision(
    crawl: list[list[PageCommit]], max_depth: int | None
) -> None:
    ours, theirs = intake(max_depth), intake(max_depth, stranger=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(familiar_links, "MOST", 4)
        patch.setattr(familiar_links, "PLACES", 3)

        for batch in crawl:
            assert decided(ours.admit(batch)) == decided(theirs.admit(batch))


def decided(admitted: Admitted) -> dict[str, Any]:
    return {
        "rows": admitted.rows,
        "improved": admitted.improved,
        "conflicts": admitted.label_conflicts,
        "children": {row: set(rows) for row, rows in admitted.children.items()},
    }


def test_a_link_that_is_familiar_is_not_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, of_url = intake(), Fingerprints.of_url
    hashed: list[str] = []

    def noted(self: Fingerprints, url: str) -> int:
        hashed.append(url)
        return of_url(self, url)

    monkeypatch.setattr(Fingerprints, "of_url", noted)

    for page in range(1, 4):
        ours.admit([PageCommit(id=page, depth=1, links=[links(*URLS)])])

    assert hashed == [*URLS, URLS[-1]]  # the same as the one before it, to be learnt once


def test_long_urls_and_ever_more_urls_are_not_kept() -> None:
    ours = intake()
    long = "http://e.org/" + "a" * LONGEST
    many = [f"http://e.org/{n}" for n in range(familiar_links.MOST)]

    ours.admit([PageCommit(id=1, links=[links(long, *many)])])
    kept = ours._familiar.at(1, 255)

    assert kept == {}
