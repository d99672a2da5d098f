"""Lines of `quarantine.jsonl`: items that break their schema, and why."""

from __future__ import annotations

from typing import Any

import msgspec

from crawler.outcome import ItemProblem, PageOutcome, Quarantined

# What a schema complains about may be anything; what JSON has no form for is shown as Python does.
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=repr).encode


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One item; `field`, `value` and `reason` are those of its first problem."""

    item: str
    url: str | None
    id: str = msgspec.field(name="_id")
    field: str
    value: Any
    reason: str
    problems: tuple[ItemProblem, ...]
    data: dict[str, Any]


def page_lines(outcome: PageOutcome) -> list[bytes]:
    """Return a line for each item of a page that breaks its schema.

    Their ids have an ordinal of their own, so that those of good items depend on them in nothing.
    """
    prefix, url = outcome.request.item_prefix, outcome.request.url
    return [
        quarantine_line(item, url, f"{prefix}-q{ordinal}")
        for ordinal, item in enumerate(outcome.quarantined)
    ]


def quarantine_line(item: Quarantined, url: str | None, item_id: str) -> bytes:
    """Return one item as a JSON object on one line.

    Args:
        item: The item, with at least one problem.
        url: Its page; None for an item of `start()`.
        item_id: The id that it has in quarantine.
    """
    first = item.problems[0]
    line = _Line(
        item=item.name, url=url, id=item_id, field=first.field, value=first.value,
        reason=first.reason, problems=item.problems, data=item.data,
    )  # fmt: skip
    try:
        return _encode(line)
    except (ValueError, RecursionError):  # such as half a surrogate pair, or endless nesting
        plain = ItemProblem(first.field, ascii(first.value)[:1000], first.reason)
        shown = msgspec.structs.replace(
            line, value=plain.value, problems=(plain,), data={"repr": ascii(item.data)[:10_000]}
        )
        return _encode(shown)
