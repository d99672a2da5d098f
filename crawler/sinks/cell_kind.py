"""What the values of a column are, found out value by value, so that one type holds them all.

A file of typed columns is written once all its values are known. A column begins without a kind,
and each value that does not fit makes it wider: whole numbers become floats or decimals, whatever
else does not go together becomes text. So no value can be in the way of the end of a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import msgspec

#: Digits that a decimal may have in all, and places behind the point that each has anyhow, so that
#: the files of a job, one a day, have the same type.
MOST_DIGITS = 76
USUAL_PLACES = 9
#: Digits that a float gives back as they were.
_FLOAT_DIGITS = 15
_text = msgspec.json.Decoder(str).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Kind(msgspec.Struct, frozen=True):
    """What values are.

    Attributes:
        name: "null" (nothing is known), "bool", "int", "float", "decimal", "date", "datetime" (with
            a zone), "local" (a date and time without one), "str".
        whole: Of numbers: the most digits before the point.
        places: The most behind it.
        many: They are lists of such values.
    """

    name: str = "null"
    whole: int = 0
    places: int = 0
    many: bool = False

    def with_(self, other: Kind) -> Kind:
        """Return the narrowest kind that has room for the values of both."""
        if "null" in (self.name, other.name) and self.many == other.many:
            return other if self.name == "null" else self
        if self == Kind() or other == Kind():
            return other if self == Kind() else self
        if self.many != other.many:
            return TEXT
        whole, places = max(self.whole, other.whole), max(self.places, other.places)
        names = {self.name, other.name}
        if len(names) > 1:
            if not names <= {"int", "float", "decimal"}:
                return Kind("str", many=self.many)
            ints = max((one.whole for one in (self, other) if one.name == "int"), default=0)
            names = {"decimal"} if "decimal" in names or ints > _FLOAT_DIGITS else {"float"}
        return _roomy(Kind(names.pop(), whole, places, self.many))


TEXT = Kind("str")
_NULL = Kind()


def declared_kind(written: str) -> Kind:
    """Return the kind that a type of a schema asks for; records are kept as their JSON text."""
    many = written.startswith("list[") and written.endswith("]")
    name = written[5:-1].strip() if many else written
    known = ("bool", "int", "float", "decimal", "date", "datetime")
    return Kind(name if name in known else "str", many=many)


class Column:
    """One column: sees all its values, then says what they are.

    Args:
        declared: What its schema asks for; also the kind of a column without values.
        begins: What is in it already.
    """

    def __init__(self, declared: Kind = TEXT, begins: Kind = _NULL) -> None:
        self._declared = declared
        self._seen = begins

    def see(self, value: msgspec.Raw) -> None:
        """Make room for a JSON value."""
        raw = bytes(value)
        seen = self._seen
        if seen.name == "str" and not seen.many:
            return  # it has room for all
        if raw[:1] == b"[":
            kind = Kind(many=True)
            for one in _list(raw):
                kind = kind.with_(msgspec.structs.replace(self._scalar(bytes(one)), many=True))
        else:
            kind = self._scalar(raw)
        self._seen = seen.with_(kind)

    def _scalar(self, raw: bytes) -> Kind:
        first = raw[:1]
        if first == b"n":
            return _NULL
        if first in (b"t", b"f"):
            return Kind("bool")
        if first == b'"':
            return _dated(raw, self._declared.name)
        return TEXT if first in (b"{", b"[") else _number(raw.decode(), self._declared.name)

    @property
    def kind(self) -> Kind:
        """What its values are, as things stand."""
        if self._seen.name != "null":
            return self._seen
        return self._declared if not self._seen.many else _list_of(self._declared)


def _list_of(declared: Kind) -> Kind:
    return declared if declared.many else Kind("str", many=True)


def _roomy(kind: Kind) -> Kind:
    fits = kind.name != "decimal" or kind.whole + kind.places <= MOST_DIGITS
    return kind if fits else Kind("str", many=kind.many)


def _number(text: str, declared: str) -> Kind:
    """Return what a JSON number is: a float only if that gives its digits back."""
    if text.lstrip("-").isdecimal():
        digits = len(text.lstrip("-"))
        small = digits < 20 and -(1 << 63) <= int(text) < 1 << 63
        if small and declared not in ("float", "decimal"):
            return Kind("int", digits)
        if declared == "float" and digits <= _FLOAT_DIGITS:
            return Kind("float", digits)
        return _roomy(Kind("decimal", digits))
    try:
        _, figures, exponent = Decimal(text).as_tuple()
    except InvalidOperation:  # an exponent beyond what any number has
        return TEXT
    assert isinstance(exponent, int)
    exact = Kind("decimal", max(1, len(figures) + exponent), max(0, -exponent))
    if declared == "decimal":
        return _roomy(exact)
    number = float(text)
    short = declared == "float" or len(figures) <= _FLOAT_DIGITS + 2
    if short and math.isfinite(number) and (number or not any(figures)):
        return msgspec.structs.replace(exact, name="float")
    return _roomy(exact)


def _dated(raw: bytes, declared: str) -> Kind:
    """Return what a JSON text is; one that looks like a date is one only where that is declared."""
    if declared not in ("date", "datetime"):
        return TEXT
    text = text_of(raw)
    try:
        if declared == "date" and len(text) == 10:
            date.fromisoformat(text)
            return Kind("date")
        when = datetime.fromisoformat(text)
        if declared == "datetime":
            return Kind("local" if when.tzinfo is None else _zoned(when))
    except (ValueError, OverflowError):
        pass
    return TEXT


def _zoned(when: datetime) -> str:
    when.astimezone(UTC)  # the first and the last day of time are in no other zone
    return "datetime"


def text_of(raw: bytes) -> str:
    """Return a JSON text, without NUL, which ends a text for many readers."""
    return _text(raw).replace("\0", "\ufffd")


def values(raws: Iterable[msgspec.Raw | None], kind: Kind) -> list[object]:
    """Return JSON values as Python values of a kind that has room for them; None for none."""
    return [None if one is None else value(bytes(one), kind) for one in raws]


def value(raw: bytes, kind: Kind) -> object:
    """Return one JSON value as a Python value of a kind that has room for it."""
    first = raw[:1]
    if first == b"n":
        return None
    if kind.many:
        return values(_list(raw), msgspec.structs.replace(kind, many=False))
    if kind.name == "str":
        return text_of(raw) if first == b'"' else raw.decode()
    return _OF_KIND[kind.name](raw)


_OF_KIND: Mapping[str, Callable[[bytes], object]] = {
    "bool": lambda raw: raw == b"true",
    "int": int,
    "float": float,
    "decimal": lambda raw: Decimal(raw.decode()),
    "date": lambda raw: date.fromisoformat(text_of(raw)),
    "datetime": lambda raw: datetime.fromisoformat(text_of(raw)).astimezone(UTC),
    "local": lambda raw: datetime.fromisoformat(text_of(raw)),
}
