"""The small sites are the same for the same seed, all to be reached, and as their pages say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from crawler.practice.small_sites import Place, markup, web
from crawler.practice.small_sites_server import Answers


@settings(max_examples=20, deadline=None)
@given(sites=st.integers(1, 60), seed=st.integers(0, 1_000))
def test_every_page_can_be_reached_from_the_first(sites: int, seed: int) -> None:
    targets = {page.place: page.targets for page in web(sites, seed)}

    reached: set[Place] = set()
    queue: list[Place] = [(0, 0)]
    while queue:
        place = queue.pop()
        if place not in reached:
            reached.add(place)
            queue += targets[place]

    assert reached == targets.keys()


def test_a_seed_gives_the_same_web_each_time() -> None:
    assert list(web(30, seed=1)) == list(web(30, seed=1)) != list(web(30, seed=2))


def test_sites_and_pages_are_heavy_tailed() -> None:
    pages = list(web(2_000))
    sizes = [0] * 2_000
    for page in pages:
        sizes[page.place[0]] += 1

    assert sorted(sizes)[1_000] <= 2
    assert max(sizes) > 50
    assert max(len(page.targets) for page in pages) > 100


def test_a_page_has_the_links_that_it_is_said_to_have() -> None:
    for page in web(20):
        document = html.document_fromstring(markup(page, lambda place: f"/{place[0]}"))

        assert sum(1 for _ in document.iter("a")) == len(page.targets)


def test_the_server_has_an_answer_for_each_page_and_for_nonsense() -> None:
    answers = Answers(5)

    assert answers.answer(b"GET /0/0.html HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert answers.answer(b"GET /nowhere HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 404 ")
    assert answers.answer(b"nonsense").startswith(b"HTTP/1.1 404 ")
