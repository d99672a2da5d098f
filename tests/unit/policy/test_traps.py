from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crawler.extract.text_signature import text_signature
from crawler.policy.traps import (
    CUT_AT,
    MAX_PATTERNS,
    MAX_TEXTS,
    STALE,
    WARM,
    Leads,
    Pattern,
    Traps,
    Weights,
)

SITE = "http://a.example"


def visit(traps: Traps, url: str, text: str, found: Sequence[str] = (), *, depth: int = 1) -> None:
    """Let a page without an item be read, as the workers and the engine do it."""
    signature = text_signature(text.encode(), url) if traps.wants_text(url) else None
    traps.note_page(url, depth, signature, leads=traps.leads(url, found))


def pages_until_cut(traps: Traps, pages: Iterable[tuple[str, str, list[str], int]]) -> int | None:
    """Return how many pages were read until their pattern was cut; None if it never was."""
    for number, (url, text, found, depth) in enumerate(pages):
        if traps.cut_of(url) is not None:
            return number
        visit(traps, url, text, found, depth=depth)
    return None


def chain(count: int, form: str, text: str) -> Iterable[tuple[str, str, list[str], int]]:
    """Yield pages that each lead to the next, one level deeper."""
    for n in range(count):
        url, onward = (f"{SITE}{form.format(n=at)}" for at in (n, n + 1))
        yield url, text.format(n=n), [onward], n + 1


# What is cut


@pytest.mark.parametrize(
    "form",
    [
        "/calendar?month={n}", "/calendar/{n}/{n}.html", "/list?page={n}&sid=abc",
        "/s/deadbeef{n:08x}/index.html", "/x;jsessionid={n:016X}/a",
    ],
)  # fmt: skip
def test_a_chain_without_end_is_cut_after_some_hundred_pages(form: str) -> None:
    cut = pages_until_cut(Traps(), chain(5_000, form, "No readings in month {n}."))

    assert cut is not None
    assert 100 <= cut <= 120


def test_a_path_that_repeats_itself_is_cut() -> None:
    pages = (
        (f"{SITE}/{'a/b/' * n}a", f"You are at {'a/b/' * n}", [f"{SITE}/{'a/b/' * (n + 1)}a"], n)
        for n in range(1, 500)
    )

    assert pages_until_cut(Traps(), pages) is not None


def test_new_hosts_of_one_domain_without_end_are_cut() -> None:
    pages = (
        (f"http://h{n}.a.example/", "Welcome", [f"http://h{n + 1}.a.example/"], n)
        for n in range(1, 500)
    )

    assert pages_until_cut(Traps(), pages) is not None


def test_facets_in_every_order_are_cut() -> None:
    names = ("colour", "size", "brand", "price", "sort", "view")
    orders = itertools.permutations(names)
    pages = (
        (
            f"{SITE}/list?{'&'.join(f'{name}=1' for name in order)}",
            f"Six things {' '.join(order)}",
            [f"{SITE}/list?{'&'.join(f'{name}=2' for name in order)}"],
            5,
        )
        for order in orders
    )

    assert pages_until_cut(Traps(), pages) is not None


def test_subsets_of_many_facets_become_one_pattern_in_the_end() -> None:
    names = [f"f{letter}" for letter in "abcdefghijklmnop"]
    subsets = (subset for size in range(1, 6) for subset in itertools.combinations(names, size))
    pages = (
        (
            f"{SITE}/list?{'&'.join(f'{name}=1' for name in subset)}",
            "The same six things", [f"{SITE}/list?{'&'.join(subset)}&fz=1"], 5,
        )
        for subset in subsets
    )  # fmt: skip

    assert pages_until_cut(Traps(), pages) is not None


def test_two_patterns_that_lead_to_each_other_are_both_cut() -> None:
    traps = Traps()
    for n in range(2_000):
        month, day = f"{SITE}/month/{n}", f"{SITE}/day/{n}"
        visit(traps, month, f"Month {n}", [day, f"{SITE}/month/{n + 1}"], depth=n)
        visit(traps, day, f"Day {n}", [f"{SITE}/month/{n + 2}", f"{SITE}/day/{n + 1}"], depth=n)

    assert traps.cut_of(f"{SITE}/month/9")
    assert traps.cut_of(f"{SITE}/day/9")


# What is not


def test_look_alike_urls_with_texts_of_their_own_are_never_cut() -> None:
    traps = Traps()
    words = [
        f"w{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}"
        for a, b, c in itertools.product(range(22), repeat=3)
    ]
    pages = (
        (f"{SITE}/item/{n}", f"A {word} for {n} euros", [f"{SITE}/item/{n + 1}"], n)
        for n, word in enumerate(words)
    )

    assert pages_until_cut(traps, pages) is None


def test_pages_that_lead_nowhere_never_count() -> None:
    pages = ((f"{SITE}/leaf/{n}", "Nothing here", list[str](), 2) for n in range(20_000))

    assert pages_until_cut(Traps(), pages) is None


def test_lists_that_all_look_alike_but_lead_to_things_are_not_cut() -> None:
    traps = Traps()
    for n in range(3_000):
        url = f"{SITE}/list/{n}"
        visit(traps, url, f"Page {n}", [f"{SITE}/list/{n + 1}", f"{SITE}/thing/{n}"], depth=n)

    assert traps.cut_of(f"{SITE}/list/1") is None


def test_a_pattern_lives_on_as_long_as_some_pages_bring_an_item() -> None:
    traps = Traps()
    for n in range(5_000):
        url = f"{SITE}/page/{n}"
        visit(traps, url, "Nothing", [f"{SITE}/page/{n + 1}"], depth=n)
        if n % 20 == 0:
            traps.note_item(url)

    assert traps.cut_of(f"{SITE}/page/1") is None


def test_where_every_page_is_wanted_numbers_alone_are_news_unless_it_gets_ever_deeper() -> None:
    wanted = Traps(Weights.PAGES_WANTED)
    tree = (
        (f"{SITE}/{n}", f"Page {n}", [f"{SITE}/{2 * n}", f"{SITE}/{2 * n + 1}"], n.bit_length())
        for n in range(1, 20_000)
    )

    assert pages_until_cut(wanted, tree) is None
    cut = pages_until_cut(Traps(Weights.PAGES_WANTED), chain(5_000, "/m/{n}", "Month {n}"))
    assert cut is not None
    assert 500 <= cut <= 520


# Memory, and other processes


@given(st.lists(st.integers(0, 3), max_size=60))
def test_a_restart_at_any_page_changes_nothing(restarts: list[int]) -> None:
    plain, restarted = Traps(), Traps()
    for n, again in enumerate([*restarts, *[1] * 200]):
        url, onward = f"{SITE}/m/{n}", [f"{SITE}/m/{n + 1}"]
        visit(plain, url, f"Month {n}", onward, depth=n)
        visit(restarted, url, f"Month {n}", onward, depth=n)
        if again == 0 and n >= WARM:
            stored = msgspec.json.encode(restarted.kept())
            restarted = Traps(kept=msgspec.json.decode(stored, type=dict[str, Pattern]))
        assert restarted.cut_of(url) == plain.cut_of(url)


def test_any_number_of_patterns_takes_no_more_memory_than_some() -> None:
    traps = Traps()
    for n in range(3 * MAX_PATTERNS):
        word = "".join(chr(97 + int(digit)) for digit in str(n))
        visit(traps, f"{SITE}/{word}/x", "x")

    assert len(traps._patterns) <= MAX_PATTERNS


def test_a_pattern_under_suspicion_outlives_any_number_of_others() -> None:
    traps = Traps()
    assert pages_until_cut(traps, chain(200, "/m/{n}", "Month {n}")) is not None
    for n in range(2 * MAX_PATTERNS):
        word = "".join(chr(97 + int(digit)) for digit in str(n))
        visit(traps, f"{SITE}/{word}/x", "x")

    assert traps.cut_of(f"{SITE}/m/7") is not None


class TrapMachine(RuleBasedStateMachine):
    """One pattern beside a model in which every page is looked at and nothing is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.traps = Traps()
        self.url = f"{SITE}/p/1"
        for _ in range(WARM):
            self.traps.note_page(self.url, 0, None, leads=Leads.NOWHERE)
        self.texts: set[int] = set()
        self.exact: set[int] = set()
        self.deepest = 0
        self.score = self.stale = 0
        self.cut = False

    @rule(
        exact=st.integers(0, 40), depth=st.integers(0, 30), leads=st.sampled_from(Leads),
        times=st.integers(1, 30),
    )  # fmt: skip
    def pages_are_read(self, exact: int, depth: int, leads: Leads, times: int) -> None:
        for _ in range(times):
            folded = exact // 10
            strong = exact in self.exact or depth > self.deepest
            self.deepest = max(self.deepest, depth)
            if folded not in self.texts:
                self.stale, self.score = 0, self.score // 2
            else:
                self.stale += 1
                if leads is Leads.ELSEWHERE:
                    self.score //= 2
                elif leads is Leads.ON:
                    self.score = min(CUT_AT, self.score + (10 if strong else 1))
            self.cut = self.cut or self.score >= CUT_AT
            self.texts.add(folded)
            self.exact.add(exact)
            self.traps.note_page(self.url, depth, (exact, folded), leads=leads)

    @rule()
    def an_item_is_found(self) -> None:
        self.traps.note_item(self.url)
        self.stale, self.score = 0, self.score // 2

    @rule()
    def the_process_ends_and_another_begins(self) -> None:
        stored = msgspec.json.encode(self.traps.kept())
        self.traps = Traps(kept=msgspec.json.decode(stored, type=dict[str, Pattern]))

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        assert (self.traps.cut_of(self.url) is not None) == self.cut
        [pattern] = self.traps.kept().values()
        assert (pattern.score, pattern.stale) == (self.score, self.stale)
        assert len(pattern.texts) <= MAX_TEXTS
        assert self.traps.leads("http://b.example/", [self.url]) is (
            Leads.ON if self.cut or self.stale >= STALE else Leads.ELSEWHERE
        )


TestTrapMachine = TrapMachine.TestCase
TestTrapMachine.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
