"""What a summary says of changed items: their events, and what is odd about keys and fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_EVENTS = ("new", "changed", "moved", "back", "gone")
#: Fields that change at every visit that are named; all are in summary.json.
_NAMED = 3


def change_lines(
    items: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Any]
) -> Iterator[str]:
    """Yield lines for the end of a run; none where nothing was settled.

    Args:
        items: `Summary.items`.
        changes: `Summary.changes`.
    """
    if not changes:
        return
    counts = {event: sum(kind.get(event, 0) for kind in items.values()) for event in _EVENTS}
    told = " · ".join(f"{count:,} {event}" for event, count in counts.items() if count)
    missing = changes["missing"] - counts["gone"]
    beside = f" ({missing:,} missing, not gone yet)" if missing > 0 else ""
    yield f"  events  {told or 'nothing changed'}{beside}"
    if changes["doubles"]:
        such = changes["double_keys"]
        example = f", such as {such[0]}" if such else ""
        count = changes["doubles"]
        what = "1 item has" if count == 1 else f"{count:,} items have"
        yield f"  keys    {what} the key of another{example}"
    restless: dict[str, int] = changes["restless"]
    if restless:
        names = [f"{field} ({count:,} items)" for field, count in list(restless.items())[:_NAMED]]
        more = f" and {len(restless) - _NAMED} more" if len(restless) > _NAMED else ""
        yield (
            f"  fields  {', '.join(names)}{more} changed at each of three visits and more: leave"
            " them out of incremental.fingerprint.of if they mean nothing"
        )
