"""Items: what a spider may yield as data, and how it becomes a plain record.

A dict, an `Item`, a dataclass, an attrs class, a msgspec Struct or a pydantic model are all
items. The libraries behind the last three are recognised by what their classes carry, so that
none of them is imported for a spider that does not use it.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import decimal
import enum
import math
import uuid
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, ClassVar, Self

import msgspec

from crawler.errors import CallbackError

#: Kind of an item given as a plain dict.
DICT_ITEM = "item"

_MAX_DEPTH = 100
_KEPT = (decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, uuid.UUID, bytes)


class UnplainItemError(CallbackError):
    """An item has a field that holds what is no plain data.

    Attributes:
        name: The item's kind.
        data: Its other fields, as plain data.
        field: Dotted path of the first field that is not.
        why: What is wrong with it: "holds a Lock, which is no plain data".
    """

    def __init__(self, name: str, data: dict[str, Any], field: str, why: str) -> None:
        super().__init__(f"field {field!r} {why}")
        self.name = name
        self.data = data
        self.field = field
        self.why = why


class _UnplainError(Exception):
    """A path, and what is wrong with what stands there."""


class Field(dict[str, Any]):
    """Metadata of one field of an `Item`; a dict, as in Scrapy."""


class Item(MutableMapping[str, Any]):
    """A dict whose keys are declared; names and behaviour are Scrapy's.

        class Book(Item):
            title = Field()

    An undeclared key raises KeyError, setting a field as an attribute AttributeError.
    """

    fields: ClassVar[dict[str, Field]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        fields: dict[str, Field] = {}
        for parent in reversed(cls.__mro__[1:]):
            fields |= getattr(parent, "fields", {})
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        for name in own:
            # As an attribute it would hide the rule that fields are keys.
            delattr(cls, name)
        cls.fields = fields | own

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._values: dict[str, Any]
        object.__setattr__(self, "_values", {})
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self.fields:
            raise KeyError(f"{type(self).__name__} does not support field: {key}")
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name in type(self).fields:
            raise AttributeError(f"Use item[{name!r}] to get field value")
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"Use item[{name!r}] = {value!r} to set field value")
        super().__setattr__(name, value)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(self._values)

    def copy(self) -> Self:
        """Return a shallow copy."""
        return type(self)(self._values)

    def deepcopy(self) -> Self:
        """Return a copy that shares nothing."""
        return copy.deepcopy(self)


def is_item(thing: object) -> bool:
    """Tell whether a spider may yield this as an item."""
    return isinstance(thing, Mapping) or _fields_of(thing) is not None


def to_record(thing: object) -> tuple[str, dict[str, Any]]:
    """Return an item's kind and its fields as plain data that shares nothing with it.

    Plain data is what JSON knows, besides bytes, Decimal, UUID and the types of `datetime`:
    tuples and sets become lists, nested items dicts, keys strings, integers beyond 64 bits
    strings, and lone surrogates U+FFFD, as neither JSON nor UTF-8 has room for the last two.
    A Decimal that is no finite number becomes the float that is none: null, once it is written.

    Raises:
        UnplainItemError: A field holds something else; it is named.
        CallbackError: This is no item.
    """
    if isinstance(thing, Mapping):
        fields: Mapping[Any, Any] | None = thing
        name = type(thing).__name__ if isinstance(thing, Item) else DICT_ITEM
    else:
        fields, name = _fields_of(thing), type(thing).__name__
    if fields is None:
        raise CallbackError(
            f"expected a Request or an item, got {type(thing).__name__}: {thing!r:.80}"
        )
    try:
        return name, {_key(key): _plain(value, _key(key), ()) for key, value in fields.items()}
    except _UnplainError:
        raise _unplain_item(name, fields) from None


def _unplain_item(name: str, fields: Mapping[Any, Any]) -> UnplainItemError:
    plain: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for key, value in fields.items():
        try:
            plain[_key(key)] = _plain(value, _key(key), ())
        except _UnplainError as error:
            wrong.append(error.args)
    return UnplainItemError(name, plain, *wrong[0])


def _fields_of(thing: object) -> Mapping[str, Any] | None:
    """Return the fields of an object that has declared ones; None if it has none."""
    kind = type(thing)
    if isinstance(thing, type):
        return None
    if dataclasses.is_dataclass(thing):
        return {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    if hasattr(kind, "__struct_fields__"):
        return {name: getattr(thing, name) for name in kind.__struct_fields__}
    if hasattr(kind, "__attrs_attrs__"):
        return {field.name: getattr(thing, field.name) for field in kind.__attrs_attrs__}
    if hasattr(kind, "model_fields") and hasattr(thing, "model_dump"):
        dumped: dict[str, Any] = thing.model_dump()
        return dumped
    return None


def _key(key: object) -> str:
    return _text(key) if isinstance(key, str) else str(key)


def _text(value: str) -> str:
    text = value if type(value) is str else str(value)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any, path: str, above: tuple[int, ...]) -> Any:
    """Return a value as plain data; `path` names it in the error, `above` what it stands in."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)  # a subclass, as numpy has one, is no plain data
    if isinstance(value, str):
        return _text(value.value if isinstance(value, enum.Enum) else value)
    if isinstance(value, int):
        return _whole(int(value), path)
    if isinstance(value, _KEPT):
        unfit = isinstance(value, decimal.Decimal) and not value.is_finite()
        return math.nan if unfit else value
    if isinstance(value, enum.Enum):
        return _plain(value.value, path, above)
    if id(value) in above:
        raise _UnplainError(path[:60], "holds itself")
    if len(above) >= _MAX_DEPTH:
        raise _UnplainError(path[:60], f"is nested more than {_MAX_DEPTH} deep")
    return _plain_container(value, path, (*above, id(value)))


def _whole(number: int, path: str) -> int | str:
    if -(1 << 63) <= number < 1 << 64:
        return number
    try:
        return str(number)
    except ValueError:  # sys.set_int_max_str_digits: a page must not make us compute for hours
        raise _UnplainError(path, "holds a whole number of too many digits") from None


def _plain_container(value: Any, path: str, above: tuple[int, ...]) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one, f"{path}[{index}]", above) for index, one in enumerate(value)]
    if isinstance(value, set | frozenset):
        # A set has no order of its own; the same page must give the same line again.
        return sorted(
            (_plain(one, path, above) for one in value), key=lambda one: (str(type(one)), repr(one))
        )
    fields = value if isinstance(value, Mapping) else _fields_of(value)
    if fields is None:
        raise _UnplainError(path, f"holds a {type(value).__name__}, which is no plain data")
    return {_key(key): _plain(one, f"{path}.{_key(key)}", above) for key, one in fields.items()}


_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode_fields(fields: dict[str, Any]) -> bytes:
    """Return plain fields as a JSON object on one line: numbers as numbers, NaN as null.

    Raises:
        CallbackError: A field holds what JSON has no form for.
    """
    try:
        return _encode(fields)
    except (TypeError, ValueError, RecursionError) as error:
        raise CallbackError(f"an item cannot be written as JSON: {error}") from error
