"""Endless sites: which kind of pages has stopped bringing anything new.

URLs that look alike are no trap: a shop has a hundred thousand. A trap is a pattern of URLs whose
pages bring nothing (no item, a text that the pattern has shown before, no way to anything but more
of the same) and which goes on: each leads to further ones. Pages that lead nowhere never count, as
what is finite needs no guard.

What such a page counts depends on how much it looks like a trap. One whose text is the same to the
letter, or which lies deeper than any before, counts ten, and a hundred in a row are enough; where
texts differ in numbers alone and the pattern does not get deeper, it takes a thousand. Anything new
halves the count, so that a pattern lives on as long as some two pages in a hundred bring something.

Where each page is an item by itself (a config without rules), the user wants the pages: then such
a page counts two, and those that differ in numbers nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from crawler.url_patterns import UrlPatterns

#: The count at which a pattern is cut.
CUT_AT = 1_000
#: Pages of a pattern without an item before their texts are looked at.
WARM = 10
#: Pages in a row with known texts after which a way to this pattern is nothing new.
STALE = 50
#: Patterns and texts that are remembered; those of the least suspicion are forgotten.
MAX_PATTERNS = 4_096
MAX_TEXTS = 128
#: Patterns that outlive the process: those under suspicion.
MAX_KEPT = 32
_KEPT_TEXTS = 64
#: Longest run of pages whose texts are not looked at, while they are new each time.
_MAX_REST = 32

_EXAMPLE = 300


class Weights(enum.Enum):
    """What a page that brings nothing counts: if it is a strong sign of a trap, and else."""

    ITEMS_WANTED = (10, 1)
    PAGES_WANTED = (2, 0)


class Leads(enum.Enum):
    """Where the new links of a page go."""

    NOWHERE = enum.auto()
    ON = enum.auto()  # to more of the same
    ELSEWHERE = enum.auto()  # to what may be something new


class Pattern(msgspec.Struct):
    """What is known of one pattern.

    Attributes:
        pages: Pages that gave no item.
        barren: Those of them that brought nothing new.
        score: See the module.
        stale: Pages in a row whose text was known, wherever they led.
        deepest: Depth of the deepest page.
        cut: Requests that were not sent because of it.
        is_cut: No more are sent.
        example: A URL of it.
        texts: Folded signatures, the newest last.
        exact: Signatures to the letter, the newest last.
        rest: Pages whose text is not looked at.
        new: Times in a row that the text was new.
    """

    pages: int = 0
    barren: int = 0
    score: int = 0
    stale: int = 0
    deepest: int = -1
    cut: int = 0
    is_cut: bool = False
    example: str = ""
    texts: list[int] = msgspec.field(default_factory=list)
    exact: list[int] = msgspec.field(default_factory=list)
    rest: int = 0
    new: int = 0


class Traps:
    """The patterns of a run.

    Args:
        weights: What a page counts.
        kept: What an earlier process of the run knew.

    Attributes:
        suspects: Some pattern has a score.
        any_cut: Some pattern is cut.
    """

    def __init__(
        self, weights: Weights = Weights.ITEMS_WANTED, kept: dict[str, Pattern] | None = None
    ) -> None:
        self._strong, self._weak = weights.value
        self._patterns: dict[str, Pattern] = dict(kept or {})
        self._urls = UrlPatterns()
        for name in self._patterns:
            self._urls.note_pattern(name)
        self.suspects = any(one.score for one in self._patterns.values())
        self.any_cut = any(one.is_cut for one in self._patterns.values())

    @property
    def counts_pages(self) -> bool:
        """Items do not count, as each page is one."""
        return self._weak == 0

    # Asked

    def wants_text(self, url: str) -> bool:
        """Tell whether the text of a page without an item is to be looked at; for any thread."""
        pattern = self._patterns.get(self._urls.pattern_of(url))
        return pattern is not None and pattern.pages >= WARM and not pattern.rest

    def cut_of(self, url: str) -> tuple[str, Pattern] | None:
        """Return the pattern of a URL if it is cut, with its name."""
        name = self._urls.pattern_of(url)
        pattern = self._patterns.get(name)
        return None if pattern is None or not pattern.is_cut else (name, pattern)

    def leads(self, url: str, found: Iterable[str]) -> Leads:
        """Return where the links of a page go that nobody knew before."""
        own, leads = self._urls.pattern_of(url), Leads.NOWHERE
        for link in found:
            leads, name = Leads.ON, self._urls.pattern_of(link)
            pattern = self._patterns.get(name)
            stale = pattern is not None and (pattern.is_cut or pattern.stale >= STALE)
            if name != own and not stale:
                return Leads.ELSEWHERE
        return leads

    def knows(self, url: str, signature: tuple[int, int]) -> bool:
        """Tell whether a page's text is one that its pattern has shown."""
        pattern = self._patterns.get(self._urls.pattern_of(url))
        return pattern is not None and signature[1] in pattern.texts

    def kept(self) -> dict[str, Pattern]:
        """Return what the next process of the run is to know."""
        known = [pair for pair in self._patterns.items() if pair[1].pages >= WARM // 2]
        known.sort(key=lambda pair: (-pair[1].is_cut, -pair[1].score, -pair[1].stale))
        return {
            name: msgspec.structs.replace(
                one, texts=one.texts[-_KEPT_TEXTS:], exact=one.exact[-_KEPT_TEXTS:]
            )
            for name, one in known[:MAX_KEPT]
        }

    # Told

    def note_item(self, url: str) -> None:
        """Note that a page gave an item; needed only while there are suspects."""
        pattern = self._patterns.get(self._urls.pattern_of(url))
        if pattern is not None:
            pattern.stale = 0
            pattern.score //= 2

    def note_page(
        self, url: str, depth: int, signature: tuple[int, int] | None, *, leads: Leads
    ) -> None:
        """Note a page that gave no item.

        Args:
            url: Its URL.
            depth: Links away from a start.
            signature: Of its text, exact and folded; None if it was not looked at.
            leads: Where its new links go.
        """
        self._urls.note(url)
        name = self._urls.pattern_of(url)
        pattern = self._patterns.get(name) or self._add(name)
        pattern.pages += 1
        deeper, pattern.deepest = depth > pattern.deepest, max(depth, pattern.deepest)
        if signature is None:
            pattern.rest = max(0, pattern.rest - 1)
            return
        exact, folded = signature
        known, same = folded in pattern.texts, exact in pattern.exact
        _remember(pattern.texts, folded)
        _remember(pattern.exact, exact)
        if not known:
            pattern.new += 1
            pattern.rest = min(_MAX_REST, 2 ** min(pattern.new, 8) - 1)
            pattern.stale, pattern.score = 0, pattern.score // 2
            return
        pattern.new, pattern.rest = 0, 0
        pattern.stale += 1
        if leads is Leads.ELSEWHERE:
            pattern.score //= 2
        elif leads is Leads.ON:
            pattern.barren += 1
            pattern.example = pattern.example or url[:_EXAMPLE]
            self._raise(pattern, self._strong if same or deeper else self._weak)

    def note_cut(self, url: str) -> None:
        """Note a request that was not sent."""
        pattern = self._patterns.get(self._urls.pattern_of(url))
        if pattern is not None:
            pattern.cut += 1
            pattern.example = url[:_EXAMPLE] if pattern.cut == 1 else pattern.example

    def _raise(self, pattern: Pattern, weight: int) -> None:
        pattern.score = min(CUT_AT, pattern.score + weight)
        self.suspects = True
        if pattern.score >= CUT_AT:
            pattern.is_cut = self.any_cut = True

    def _add(self, name: str) -> Pattern:
        if len(self._patterns) >= MAX_PATTERNS:
            self._forget()
        pattern = self._patterns[name] = Pattern()
        return pattern

    def _forget(self) -> None:
        """Forget the half that is least suspicious, the oldest first."""
        ranked = sorted(
            self._patterns.items(), key=lambda p: (p[1].is_cut, p[1].score, p[1].stale, p[1].pages)
        )
        for name, _ in ranked[: MAX_PATTERNS // 2]:
            del self._patterns[name]


def _remember(texts: list[int], text: int) -> None:
    if text in texts:
        texts.remove(text)
    elif len(texts) >= MAX_TEXTS:
        del texts[0]
    texts.append(text)
