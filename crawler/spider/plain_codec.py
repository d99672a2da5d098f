"""Python values as MessagePack and back, types kept: what `meta` and `cb_kwargs` may hold.

MessagePack knows None, booleans, 64-bit integers, floats, text, bytes, lists and maps. The rest
are extension types whose data is MessagePack again. Nothing but data can be written or read, so
that reading a state file cannot run code. Of a time zone only the offset is kept.
"""

from __future__ import annotations

import datetime
import decimal
import sys
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from crawler.errors import CallbackError
from crawler.items import Item

# The numbers are stored; never change them.
_TUPLE, _SET, _FROZENSET, _PAIRS, _ITEM = 1, 2, 3, 4, 5
_BIG_INT, _DECIMAL, _DATETIME, _DATE, _TIME, _DELTA, _UUID, _TEXT = 16, 17, 18, 19, 20, 21, 22, 23

_MAX_DEPTH = 100
_INT_64 = range(-(1 << 63), 1 << 64)

_SCALARS: tuple[tuple[type, int, Callable[[Any], str]], ...] = (
    (decimal.Decimal, _DECIMAL, str),
    (datetime.datetime, _DATETIME, datetime.datetime.isoformat),
    (datetime.date, _DATE, datetime.date.isoformat),
    (datetime.time, _TIME, datetime.time.isoformat),
    (
        datetime.timedelta,
        _DELTA,
        lambda delta: f"{delta.days} {delta.seconds} {delta.microseconds}",
    ),
    (uuid.UUID, _UUID, str),
)
_READERS: dict[int, Callable[[str], Any]] = {
    _BIG_INT: int,
    _DECIMAL: decimal.Decimal,
    _DATETIME: datetime.datetime.fromisoformat,
    _DATE: datetime.date.fromisoformat,
    _TIME: datetime.time.fromisoformat,
    _DELTA: lambda text: datetime.timedelta(*map(int, text.split())),
    _UUID: uuid.UUID,
}

_encoder = msgspec.msgpack.Encoder()


def dump(value: Any, name: str) -> bytes:
    """Encode a value.

    Args:
        value: Plain data; besides what the module's docstring names: tuples, sets, dicts with
            any plain keys, Decimal, UUID, the types of `datetime`, integers of any size, Items.
        name: What to call it in an error.

    Raises:
        CallbackError: Something in it is no plain data; the message says where it stands.
    """
    return _encoder.encode(_outward(value, name, 0))


def load(raw: bytes) -> Any:
    """Decode what `dump` made; every call gives new objects.

    Raises:
        CallbackError: It names an Item class that this program does not have.
    """
    return _decoder.decode(raw)


def _outward(value: Any, path: str, depth: int) -> Any:
    """Return a value with everything that MessagePack lacks turned into extensions."""
    kind = type(value)
    if value is None or kind is bool or kind is float or kind is bytes:
        return value
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is int:
        return value if value in _INT_64 else _ext(_BIG_INT, str(value))
    if depth > _MAX_DEPTH:
        raise CallbackError(f"{path[:60]} is nested more than {_MAX_DEPTH} deep")
    if kind is dict:
        return _mapping(value, path, depth + 1)
    if kind is list:
        return [_outward(one, f"{path}[{i}]", depth + 1) for i, one in enumerate(value)]
    return _special(value, path, depth + 1)


def _special(value: Any, path: str, depth: int) -> Any:
    for kind, code, write in _SCALARS:
        if type(value) is kind:
            return _ext(code, write(value))
    if isinstance(value, Item):
        cls = type(value)
        fields = _mapping(dict(value), path, depth)
        return _ext(_ITEM, [cls.__module__, cls.__qualname__, fields])
    for many, code in ((tuple, _TUPLE), (set, _SET), (frozenset, _FROZENSET)):
        if type(value) is many:
            return _ext(code, [_outward(one, f"{path}[...]", depth) for one in value])
    # Subclasses of text (as selectors may give) and of numbers lose nothing that matters.
    for plain in (str, int, float):
        if isinstance(value, plain) and not hasattr(value, "__members__"):
            return _outward(plain(value), path, depth)
    raise CallbackError(
        f"{path} holds a {type(value).__name__}, which cannot be kept with the request; "
        "use plain data (text, numbers, bytes, dates, lists, dicts, Items)"
    )


def _mapping(value: dict[Any, Any], path: str, depth: int) -> Any:
    if all(type(key) is str and key.isascii() for key in value):
        return {key: _outward(one, f"{path}[{key!r}]", depth) for key, one in value.items()}
    pairs = [
        (_outward(key, f"a key of {path}", depth), _outward(one, f"{path}[{key!r}]", depth))
        for key, one in value.items()
    ]
    return _ext(_PAIRS, pairs)


def _text(value: str) -> Any:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # Lone surrogates are no text, but a str may hold them.
        return msgspec.msgpack.Ext(_TEXT, value.encode("utf-8", "surrogatepass"))
    return value


def _ext(code: int, data: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, _encoder.encode(data))


def _inward(code: int, data: memoryview) -> Any:
    if code == _TEXT:
        return bytes(data).decode("utf-8", "surrogatepass")
    value = _decoder.decode(data)
    if code in _READERS:
        return _READERS[code](value)
    if code == _TUPLE:
        return tuple(value)
    if code == _SET:
        return set(value)
    if code == _FROZENSET:
        return frozenset(value)
    if code == _PAIRS:
        return {key: one for key, one in value}  # noqa: C416 - pairs are lists
    if code == _ITEM:
        return _item_class(*value[:2])(value[2])
    raise CallbackError(f"a kept request holds a value of the unknown type {code}")


def _item_class(module: str, qualname: str) -> type[Item]:
    # Looked up among what is loaded, never imported: the state must not choose what code runs.
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    if not isinstance(found, type) or not issubclass(found, Item):
        raise CallbackError(f"a kept request holds an Item {module}.{qualname}, which is not known")
    return found


_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=_inward)
