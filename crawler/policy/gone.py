"""When an item is gone: never after one miss, and never many at once."""

from __future__ import annotations

import msgspec


class GoneRules(msgspec.Struct, frozen=True, kw_only=True):
    """What makes an item gone.

    Attributes:
        after_misses: Runs in a row that must miss it.
        max_share: Share of all known items, 0 to 1, that one run may miss.
        least: So many may be missed in any case.
    """

    after_misses: int = 3
    max_share: float = 0.1
    least: int = 10


def is_gone(misses: int, rules: GoneRules) -> bool:
    """Tell whether an item that was missed so often in a row, this time included, is gone."""
    return misses >= rules.after_misses


def too_many(missing: int, live: int, rules: GoneRules) -> bool:
    """Tell whether a run misses more items than can be believed.

    Args:
        missing: Items that it misses: those that would be gone, and those that would be missed
            for the first time.
        live: Known items that are not gone, the missing ones included.
        rules: Say how many may be.
    """
    return missing >= rules.least and missing > rules.max_share * live
