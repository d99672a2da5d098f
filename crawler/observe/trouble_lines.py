"""What a summary says of hosts that did not work, hosts that refuse, and traps."""

from __future__ import annotations

from collections.abc import Iterator, Sized

from crawler.observe.summary import Summary

#: Of each, how many are named; all are in summary.json.
_NAMED = 2
#: Characters of an example or an error, which a site may have written.
_LONGEST = 120


def trouble_lines(summary: Summary) -> Iterator[str]:
    """Yield lines for the end of a run; sites may have written parts of them."""
    for place, (host, why) in enumerate(summary.given_up.items()):
        if place < _NAMED:
            yield f"  host    {host} given up: {_short(why)}{_more(place, summary.given_up)}"
    for place, (host, what) in enumerate(summary.refusing.items()):
        if place < _NAMED:
            yield f"  host    {host} answers {what}: blocked?{_more(place, summary.refusing)}"
    for place, (name, trap) in enumerate(summary.traps.items()):
        if place < _NAMED:
            yield (
                f"  trap    {name}: {trap['pages']:,} pages, the last ones brought nothing new;"
                f" {trap['cut']:,} more not fetched, such as {_short(trap['example'])}"
                f"{_more(place, summary.traps)}"
            )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _more(place: int, named: Sized) -> str:
    left = len(named) - _NAMED
    return f" (and {left:,} more, see summary.json)" if place == _NAMED - 1 and left > 0 else ""
