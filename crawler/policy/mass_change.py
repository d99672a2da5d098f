"""Whether the changes of a run are those of a site, or of its template, or no items at all.

A site that was redesigned changes one field of every item: that is drift, told once, with the
field's name. One that answers every request with its error page makes all items alike: then
nothing of the run can be believed. What so many changes at once mean, no single item can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from xxhash import xxh3_128_digest

#: Share of the changed items in which a field must have changed to be drift, or that must have
#: become one and the same for the run not to be believed.
_MOST = 0.5
#: Changes of a field that are told as examples.
_EXAMPLES = 3
#: Characters of a value in an example.
_SHOWN = 40

_encode = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


class Drift(msgspec.Struct):
    """A field that changed in most of the items that changed.

    Attributes:
        field: Kind and field: `Book.price`.
        items: How many items it changed in.
        examples: Some of them: key, old and new value.
    """

    field: str
    items: int
    examples: list[str]

    def told(self) -> str:
        """Return it as a sentence."""
        such = f", such as {'; '.join(self.examples)}" if self.examples else ""
        return (
            f"{self.field} changed in {self.items:,} items at once{such}: has the site got another"
            " layout, or the job other rules? The new values are kept, no event tells of this field"
        )


class MassChange(msgspec.Struct):
    """What the changes of a run are, taken together.

    Attributes:
        changed: Items that changed, of kinds with fields to compare.
        visited: Known items that the run saw.
        drift: Fields that changed because of the site's layout.
        alike: Items that became one and the same; 0 unless that makes the run incredible.
        own: The job's rules are other ones than before: it is they that make the drift.
    """

    changed: int = 0
    visited: int = 0
    drift: list[Drift] = msgspec.field(default_factory=list)
    alike: int = 0
    own: bool = False

    def drifted(self, name: str) -> frozenset[str]:
        """Return the fields of a kind that no event is to tell of."""
        prefix = f"{name}."
        return frozenset(
            one.field.removeprefix(prefix) for one in self.drift if one.field.startswith(prefix)
        )


class ChangeCounter:
    """Looks at all changes of a run before any of them is told.

    Args:
        max_changed: Share of the visited items, 0 to 1, that may change as they like.
        least: So many may do so in any case.
    """

    def __init__(self, max_changed: float, least: int = 20) -> None:
        self._max_changed = max_changed
        self._least = least
        self._changed: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._was: Counter[bytes] = Counter()
        self._is: Counter[bytes] = Counter()

    def add(
        self, name: str, key: str, old: dict[str, Any], new: dict[str, Any], bare: _Bare
    ) -> None:
        """Count an item that changed.

        Args:
            name: Its kind.
            key: Its key.
            old: The fields that differ, as they were.
            new: The same as they are.
            bare: The whole item before and now, without its key and its address.
        """
        self._changed[name] += 1
        for field in dict.fromkeys((*new, *old)):
            place = f"{name}.{field}"
            self._fields[place] += 1
            examples = self._examples.setdefault(place, [])
            if len(examples) < _EXAMPLES:
                values = f"{_shown(old.get(field))} → {_shown(new.get(field))}"
                examples.append(f"{_cut(key)}: {values}")
        before, now = bare
        self._was[_digest(name, before)] += 1
        self._is[_digest(name, now)] += 1

    def judge(self, visited: int, *, own: bool = False) -> MassChange:
        """Return what the changes are.

        Args:
            visited: Known items that the run saw.
            own: Other rules of the job made something else of pages that are the same. What most
                of the changed items have in common is then no change of the site, however few
                they are.
        """
        changed = self._changed.total()
        if own and changed:
            drift = self._drift()
            return MassChange(changed=changed, visited=visited, drift=drift, own=True)
        if changed < self._least or changed <= self._max_changed * visited:
            return MassChange(changed=changed, visited=visited)
        most = max(self._is.values())
        if most >= _MOST * changed and max(self._was.values()) < _MOST * changed:
            return MassChange(changed=changed, visited=visited, alike=most)
        return MassChange(changed=changed, visited=visited, drift=self._drift())

    def _drift(self) -> list[Drift]:
        return [
            Drift(place, count, self._examples[place])
            for place, count in self._fields.most_common()
            if count >= _MOST * self._changed[place.partition(".")[0]]
        ]


_Bare = tuple[dict[str, Any], dict[str, Any]]


def bare(fields: dict[str, Any], key_fields: Sequence[str], url: str) -> dict[str, Any]:
    """Return an item without what tells it from others: its key and its address."""
    return {
        name: value for name, value in fields.items() if name not in key_fields and value != url
    }


def _digest(name: str, fields: dict[str, Any]) -> bytes:
    return xxh3_128_digest(_encode([name, fields]))


def _shown(value: Any) -> str:
    return _cut(_encode(value).decode())


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
