from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from crawler.frontier.fingerprint import Fingerprints
from crawler.messages import NewRequest
from crawler.urls import CanonicalRules

FINGERPRINTS = Fingerprints(11, CanonicalRules())

requests = st.builds(
    NewRequest,
    url=st.sampled_from(["http://a/", "http://a/b", "http://a/b?x=1"]),
    method=st.sampled_from(["GET", "POST"]),
    body=st.sampled_from([b"", b"1 2\n", b"\n", b"1 2", b"1 2\n1 2\n"]),
    dont_filter=st.booleans(),
    ordinal=st.integers(1, 3),
)
parents = st.integers(1, 3)


def meant(request: NewRequest, parent: int) -> tuple[object, ...]:
    place = (parent, request.ordinal) if request.dont_filter else None
    return request.url, request.method, request.body, place


@given(requests, parents, requests, parents)
def test_two_requests_are_the_same_exactly_if_they_mean_the_same(
    one: NewRequest, one_parent: int, other: NewRequest, other_parent: int
) -> None:
    same = FINGERPRINTS.of(one, one_parent) == FINGERPRINTS.of(other, other_parent)

    assert same is (meant(one, one_parent) == meant(other, other_parent))


def test_a_plain_request_is_the_same_as_a_link() -> None:
    assert FINGERPRINTS.of(NewRequest(url="http://a/b"), 5) == FINGERPRINTS.of_url("http://a/b")


def test_stores_with_other_seeds_have_other_fingerprints() -> None:
    other = Fingerprints(12, CanonicalRules())

    assert other.of_url("http://a/") != FINGERPRINTS.of_url("http://a/")
