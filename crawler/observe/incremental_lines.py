"""What a summary says of an incremental run: what was as it was, and what was not reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Kinds of sameness in which a page was asked for and is unchanged, and the words for them.
_UNCHANGED = {
    "not_modified": "304",
    "same_body": "same body",
    "same_fields": "same fields",
}
_REREAD = {"kept": "out of kept bodies", "asked": "asked for again"}
#: Hosts that are named; all are in summary.json.
_NAMED = 2


def incremental_lines(incremental: dict[str, Any]) -> Iterator[str]:
    """Yield lines for the end of a run; none for a job that is not incremental.

    Args:
        incremental: `Summary.incremental`.
    """
    same: dict[str, int] = incremental.get("same", {})
    if not same:
        return
    kinds = [(words, same[kind]) for kind, words in _UNCHANGED.items() if kind in same]
    whole = sum(count for _, count in kinds)
    how = ", ".join(f"{words} {count:,}" for words, count in kinds)
    line = f"  same    {whole:,} pages unchanged" + (f" ({how})" if how else "")
    line += f" · {same.get('changed', 0):,} changed · {same.get('new', 0):,} new"
    if "other_rules" in same:
        line += f" · {same['other_rules']:,} made anew by other rules"
    if "not_due" in same:
        line += f" · {same['not_due']:,} not due"
    yield line
    reread: dict[str, int] = incremental.get("reread", {})
    if reread:
        hows = [f"{reread[how]:,} {words}" for how, words in _REREAD.items() if how in reread]
        yield (
            f"  rules   {sum(reread.values()):,} pages read anew by the rules of today:"
            f" {', '.join(hows)} (each is `reread` in urls.jsonl.gz)"
        )
    left = incremental.get("not_reached", 0)
    if left:
        yield (
            f"  due     {left:,} of {incremental['due']:,} pages that were due were not reached;"
            " the next run begins with them"
        )
    wrong: dict[str, str] = incremental.get("wrong_304", {})
    for place, (host, url) in enumerate(wrong.items()):
        if place < _NAMED:
            more = len(wrong) - _NAMED
            tail = f" (and {more:,} more)" if place == _NAMED - 1 and more > 0 else ""
            yield f"  host    {host} said 304 of a page that changed, {url}: not believed now{tail}"
