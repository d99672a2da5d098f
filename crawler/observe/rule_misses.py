"""Rules of a config that found nothing: each named, with the command to look at it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from crawler.observe.console import safe
from crawler.observe.quantities import share
from crawler.observe.summary import RuleCounts


class PlacedRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as the config has it.

    Attributes:
        place: `extract.0`, `follow.1`.
        pages: Which pages it is for, in words; "" for all.
        selector: Of links, or of the elements that are items each, as `css "p.price"`; "" for none.
        fields: Of an extract rule: field to its selector. One without a selector is left out.
    """

    place: str
    pages: str = ""
    selector: str = ""
    fields: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def follows(self) -> bool:
        """It is a follow rule."""
        return self.place.startswith("follow.")


def rule_misses(
    rules: Sequence[PlacedRule],
    counts: Mapping[str, RuleCounts],
    last: Mapping[str, RuleCounts],
    config: str,
    program: str = "crawler",
) -> list[str]:
    """Return a sentence for each rule, or field of one, that found nothing in a whole run.

    Those that found something the last time come first.

    Args:
        rules: Those of the config.
        counts: What each found.
        last: The same of the last good run; empty when there is none.
        config: Path of the config, for the command.
        program: What the user types to call this program.
    """
    lines: list[tuple[float, str]] = []
    for rule in rules:
        count = counts.get(rule.place, RuleCounts())
        before = last.get(rule.place, RuleCounts())
        tried = f"Try: {program} try {shlex.quote(config)} {_url(count.sample)}"
        for text, share_then in _of_rule(rule, count, before):
            then = f" Last run it matched {share(share_then)}." if share_then else ""
            lines.append((share_then, f"{text}.{then} {tried}"))
    return [line for _, line in sorted(lines, key=lambda pair: -pair[0])]


def _of_rule(
    rule: PlacedRule, count: RuleCounts, before: RuleCounts
) -> Iterator[tuple[str, float]]:
    """Yield what was missed, and the share of pages or items in which it was found last time."""
    if not count.pages:
        # A follow rule applies to every page: without any, it is no news that it found nothing.
        if not rule.follows:
            which = rule.pages or "it"
            yield f"{rule.place}: {which} applied to no page that came to a good end", 0.0
    elif not count.found:
        place, what = _whole(rule)
        text = f"{place}: {what} matched 0 of {_count(count.pages, 'page')}"
        yield text, _part(before.pages - before.empty, before.pages)
    else:
        for name, selector in rule.fields.items():
            if count.missing.get(name, 0) >= count.found:
                text = f"{rule.place}.fields.{name}: {selector} matched 0 of"
                found = before.found - before.missing.get(name, 0)
                # Without `each` a page gives one item at most: pages are what a user counts.
                if rule.selector:
                    yield f"{text} {_count(count.found, 'item')}", _part(found, before.found)
                else:
                    yield f"{text} {_count(count.pages, 'page')}", _part(found, before.pages)


def _whole(rule: PlacedRule) -> tuple[str, str]:
    """Return the place and the words for a rule none of whose selectors matched."""
    if rule.follows:
        return rule.place, rule.selector
    if rule.selector:
        return f"{rule.place}.each", rule.selector
    if len(rule.fields) == 1:
        ((name, selector),) = rule.fields.items()
        return f"{rule.place}.fields.{name}", selector
    return rule.place, f"all {len(rule.fields)} selectors"


def _part(part: int, whole: int) -> float:
    return max(0, part) / whole if whole else 0.0


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _url(sample: str) -> str:
    """Return a page to look at, if it can be pasted as it is."""
    return shlex.quote(sample) if sample and safe(sample) == sample else "URL"
