"""What an item's change means: its key, the fields that differ, and the event that is told of it.

An item is known by its key over all runs. What it was is kept as the JSON that the outputs got,
so that a number is the same whether it came from a page or from the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec
from xxhash import xxh3_128_digest

from crawler.outcome import ItemRecord

Kind = Literal["new", "changed", "moved", "back", "gone"]
#: In this order they are told.
KINDS: tuple[Kind, ...] = ("new", "changed", "moved", "back", "gone")
Fields = Mapping[str, Any]

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode
_encode_line = msgspec.json.Encoder(decimal_format="number").encode


class ChangeRules(msgspec.Struct, frozen=True, kw_only=True):
    """What makes an item the same, and what makes it changed.

    Attributes:
        keys: Kind of item to the fields that are its key, in order; a kind that is not there has
            none.
        of: The fields that count; empty for all.
        ignore_case: Capitals make no difference.
    """

    keys: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    of: tuple[str, ...] = ()
    ignore_case: bool = False


class Diff(msgspec.Struct, frozen=True):
    """The fields in which two versions of an item differ, with both values.

    A field that one of them lacks is missing there, too.
    """

    old: dict[str, Any]
    new: dict[str, Any]

    def __bool__(self) -> bool:
        return bool(self.old or self.new)

    @property
    def fields(self) -> list[str]:
        """Their names, in the order of the new version."""
        return list(dict.fromkeys((*self.new, *self.old)))

    def without(self, fields: Sequence[str] | frozenset[str]) -> Diff:
        """Return the difference in all but some fields."""
        return Diff(
            {name: value for name, value in self.old.items() if name not in fields},
            {name: value for name, value in self.new.items() if name not in fields},
        )


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an item between two runs.

    Attributes:
        url: The page that gives it now, or gave it last.
        old: Fields that differ, as they were; None for an item that is new.
        new: The same as they are now; None for one that is gone.
    """

    event: Kind
    key: str
    item: str
    url: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None

    def line(self, run: str, at: str) -> bytes:
        """Return the event as a JSON object.

        Args:
            run: Id of the run that tells it.
            at: When the run saw it, RFC 3339.
        """
        return _encode_line(
            {
                "event": self.event, "key": self.key, "item": self.item, "url": self.url,
                "run": run, "at": at, "old": self.old, "new": self.new,
            }
        )  # fmt: skip


def item_keys(items: Sequence[ItemRecord], url: str, rules: ChangeRules) -> list[str]:
    """Return the keys of the items of one page.

    The key is the text of the schema's key fields, joined by tabs. An item without such fields is
    known by its page, and by its place among those of its kind there: `URL`, `URL#2`, `URL#3`.

    Args:
        items: In page order.
        url: Of the page.
        rules: Name the fields.
    """
    places: dict[str, int] = {}
    keys = []
    for item in items:
        fields = rules.keys.get(item.name, ())
        key = key_of(item.data, fields) if fields else None
        if key is None:
            place = places[item.name] = places.get(item.name, 0) + 1
            key = url if place == 1 else f"{url}#{place}"
        keys.append(key)
    return keys


def key_of(data: Fields, fields: Sequence[str]) -> str | None:
    """Return the key of an item by its fields; None if one of them is missing."""
    values = [data.get(name) for name in fields]
    if any(value is None or value == "" for value in values):
        return None
    return "\t".join(map(_key_text, values))


def _key_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return _encode(value).decode().strip('"')


def read_fields(encoded: bytes) -> dict[str, Any]:
    """Return the fields of an item that was encoded as a JSON object."""
    fields: dict[str, Any] = _decoder.decode(encoded)
    return fields


def item_print(encoded: bytes, rules: ChangeRules) -> bytes:
    """Return 16 bytes that are equal for items whose fields that count are equal.

    Args:
        encoded: The item as a JSON object.
        rules: Say which fields count.
    """
    return xxh3_128_digest(_encode(_counted(read_fields(encoded), rules)))


def _counted(fields: Fields, rules: ChangeRules) -> dict[str, Any]:
    names = rules.of or tuple(fields)
    return {name: _plain(fields[name], rules) for name in names if name in fields}


def _plain(value: Any, rules: ChangeRules) -> Any:
    """Return a value in the form in which it is compared."""
    if isinstance(value, str):
        return value.casefold() if rules.ignore_case else value
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and abs(value) < 1 << 53
        return int(value) if whole else value.normalize()
    if isinstance(value, list):
        return [_plain(one, rules) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one, rules) for name, one in value.items()}
    return value


def difference(old: Fields, new: Fields, rules: ChangeRules) -> Diff:
    """Return the fields that count and differ."""
    was, now = _counted(old, rules), _counted(new, rules)
    names = [
        name
        for name in dict.fromkeys((*now, *was))
        # As JSON, since to Python true is 1.
        if (name in was) != (name in now) or _encode(was[name]) != _encode(now[name])
    ]
    return Diff(
        {name: old[name] for name in names if name in old},
        {name: new[name] for name in names if name in new},
    )


def follows_address(diff: Diff, old_url: str, new_url: str) -> Diff:
    """Return a difference without fields that only say where the item is."""
    same = [
        name
        for name in diff.fields
        if diff.old.get(name) == old_url and diff.new.get(name) == new_url
    ]
    return diff.without(same)


def streaks(before: Mapping[str, int], changed: Sequence[str], *, unbroken: bool) -> dict[str, int]:
    """Return in how many visits in a row each field has changed, those included that just did.

    Args:
        before: The same as of the last change.
        changed: The fields that changed now.
        unbroken: That change was in the run before this one.
    """
    return {name: (before.get(name, 0) if unbroken else 0) + 1 for name in changed}
