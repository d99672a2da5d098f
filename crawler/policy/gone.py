"""When an item is gone: never after one miss, and never many at once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

#: Answers that say that a page is no more.
MISSING = (404, 410)


class GoneRules(msgspec.Struct, frozen=True, kw_only=True):
    """What makes an item gone.

    Attributes:
        after_misses: Runs in a row that must miss it.
        max_share: Share of all known items, 0 to 1, that one run may miss.
        least: So many may be missed in any case.
        unled: An item is missed to whose page nothing leads any more, whatever that answers.
    """

    after_misses: int = 3
    max_share: float = 0.1
    least: int = 10
    unled: bool = False


def is_gone(misses: int, rules: GoneRules) -> bool:
    """Tell whether an item that was missed so often in a row, this time included, is gone."""
    return misses >= rules.after_misses


def at_once(missing: Mapping[int, int], rules: GoneRules) -> int:
    """Return how many items a run misses at once: for the first time, or so that they are gone.

    Whichever are more. A site that loses some items each night would else, with several misses to
    be gone, be taken for one that lost all of them in this one.

    Args:
        missing: How many items it misses, by how many runs in a row missed them before.
        rules: Say when an item is gone.
    """
    last = sum(count for misses, count in missing.items() if is_gone(misses + 1, rules))
    return max(missing.get(0, 0), last)


def too_many(missing: int, live: int, rules: GoneRules) -> bool:
    """Tell whether a run misses more items than can be believed.

    Args:
        missing: Items that it misses at once.
        live: Known items that are not gone, the missing ones included.
        rules: Say how many may be.
    """
    return missing >= rules.least and missing > rules.max_share * live
