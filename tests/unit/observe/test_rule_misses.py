from __future__ import annotations

import pytest

from crawler.observe.rule_misses import PlacedRule, rule_misses
from crawler.observe.summary import RuleCounts

BOOK = PlacedRule(
    place="extract.0", pages='url "/b/*"', fields={"price": 'css "p.price"', "isbn": 'xpath "//i"'}
)
ROWS = PlacedRule(place="extract.1", selector='css "tr"', fields={"a": 'css "td"'})
NEXT = PlacedRule(place="follow.0", selector='css "li.next a"')
SEEN = "http://a.example/b/1"


def missed(rule: PlacedRule, count: RuleCounts | None, last: RuleCounts | None = None) -> list[str]:
    counts = {} if count is None else {rule.place: count}
    return rule_misses([rule], counts, {} if last is None else {rule.place: last}, "my books.yaml")


def test_a_field_that_matched_nowhere_is_named_with_what_it_was_and_what_to_do() -> None:
    now = RuleCounts(pages=412, found=400, empty=12, missing={"price": 400}, sample=SEEN)
    last = RuleCounts(pages=400, found=400, missing={"price": 4})

    assert missed(BOOK, now, last) == [
        (
            'extract.0.fields.price: css "p.price" matched 0 of 412 pages. Last run it matched 99%.'
            f" Try: crawler try 'my books.yaml' {SEEN}"
        )
    ]


@pytest.mark.parametrize("lacking", [0, 1, 399])
def test_a_field_that_matched_once_is_not_named(lacking: int) -> None:
    assert (
        missed(BOOK, RuleCounts(pages=412, found=400, empty=12, missing={"price": lacking})) == []
    )


def test_of_a_rule_for_many_items_a_page_items_are_counted() -> None:
    now = RuleCounts(pages=2, found=30, missing={"a": 30})

    assert missed(ROWS, now)[0].startswith(
        'extract.1.fields.a: css "td" matched 0 of 30 items. Try: crawler try'
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (BOOK, "extract.0: all 2 selectors matched 0 of 9 pages"),
        (ROWS, 'extract.1.each: css "tr" matched 0 of 9 pages'),
        (NEXT, 'follow.0: css "li.next a" matched 0 of 9 pages'),
    ],
)
def test_a_rule_that_found_nothing_is_named_once(rule: PlacedRule, words: str) -> None:
    lines = missed(rule, RuleCounts(pages=9, empty=9, sample=SEEN))

    assert len(lines) == 1
    assert lines[0].startswith(words)


def test_a_rule_that_no_page_was_for_is_named() -> None:
    assert missed(BOOK, None) == [
        (
            'extract.0: url "/b/*" applied to no page that came to a good end.'
            " Try: crawler try 'my books.yaml' URL"
        )
    ]


def test_a_follow_rule_without_a_page_to_look_at_is_no_news() -> None:
    assert missed(NEXT, None) == []


def test_a_page_that_cannot_be_pasted_is_not_offered() -> None:
    now = RuleCounts(pages=1, empty=1, sample="http://a.example/\x1b[2J")

    assert missed(NEXT, now)[0].endswith("URL")


def test_what_matched_the_last_time_comes_first() -> None:
    now = RuleCounts(pages=9, found=9, missing={"price": 9, "isbn": 9})
    last = RuleCounts(pages=9, found=9, missing={"price": 9})

    first, second = missed(BOOK, now, last)

    assert "isbn" in first
    assert "Last run it matched 100%" in first
    assert "price" in second
