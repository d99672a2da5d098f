"""What items must look like: `schemas`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from crawler.config.models.defaults import check_default, check_fits
from crawler.config.models.fields import FieldName, Listed, Settings, bad_value, bad_whole
from crawler.config.models.typed_values import TYPES, item_type, typed
from crawler.config.suggest import did_you_mean
from crawler.expressions import plain

_NUMBERS = ("int", "float", "decimal")
_TEXTS = ("str", "url")


def _type(value: str, info: ValidationInfo) -> str:
    """Check that a type is known; the names of the job's schemas are in the context."""
    name, _ = item_type(value)
    schemas = (info.context or {}).get("schemas", ())
    if name in TYPES or name in schemas:
        return value
    known = (*TYPES, *schemas)
    hint = did_you_mean(name, known) or f"types are {', '.join(known)}, and list[...] of them"
    raise bad_value("is no type and no schema", hint)


def _schema_name(value: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w*", value):
        raise bad_value("is no name for a schema", "use letters, digits and _")
    if value in TYPES or value == "list":
        raise bad_value("is a type already", "choose another name, e.g. " + value.title())
    return value


class SchemaFieldSettings(Settings):
    """A field of a schema; its type alone, as in `title: str`, is the short form."""

    type: Annotated[str, AfterValidator(_type)] = Field(
        description="`str int float decimal bool date datetime url`, the name of another schema, "
        "or a list of these: `list[str]`."
    )
    key: bool = Field(
        default=False, description="Part of what tells one item from another; never missing."
    )
    optional: bool = Field(default=False, description="It may be missing, and is null then.")
    ge: float | None = Field(default=None, description="At least this; for numbers.")
    gt: float | None = Field(default=None, description="More than this.")
    le: float | None = Field(default=None, description="At most this.")
    lt: float | None = Field(default=None, description="Less than this.")
    pattern: str | None = Field(
        default=None, description="Regular expression that is found in the text."
    )
    min_length: int | None = Field(
        default=None, ge=0, description="Fewest characters of a text, or entries of a list."
    )
    max_length: int | None = Field(default=None, ge=0, description="Most of them.")
    one_of: Listed[object] | None = Field(
        default=None, min_length=1, description="The only values allowed."
    )
    # The last: it is checked against all of the above.
    default: object = Field(default=None, description="The value when it is missing.")

    @field_validator("key")
    @classmethod
    def _simple_key(cls, value: bool, info: ValidationInfo) -> bool:
        name, many = _type_of(info)
        if value and name and (many or name not in TYPES):
            raise bad_whole("a key is a single value, no list and no record")
        return value

    @field_validator("optional")
    @classmethod
    def _key_is_there(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("key"):
            raise bad_whole("a key cannot be optional", "remove optional, or key")
        return value

    @field_validator("ge", "gt", "le", "lt")
    @classmethod
    def _bound_of_numbers(cls, value: float | None, info: ValidationInfo) -> float | None:
        name, many = _type_of(info)
        if value is not None and name and (many or name not in _NUMBERS):
            raise bad_whole(f"{info.field_name} is for {', '.join(_NUMBERS)}, not {_called(info)}")
        return value

    @field_validator("pattern")
    @classmethod
    def _pattern_of_text(cls, value: str | None, info: ValidationInfo) -> str | None:
        name, many = _type_of(info)
        if value is None:
            return value
        if name and (many or name not in _TEXTS):
            raise bad_whole(f"pattern is for {', '.join(_TEXTS)}, not {_called(info)}")
        try:
            plain(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise bad_value(f"is no regular expression: {error}") from None
        return value

    @field_validator("min_length", "max_length")
    @classmethod
    def _length_of_text(cls, value: int | None, info: ValidationInfo) -> int | None:
        name, many = _type_of(info)
        if value is not None and name and not many and name not in _TEXTS:
            names = "str, url and lists"
            raise bad_whole(f"{info.field_name} is for {names}, not {_called(info)}")
        return value

    @field_validator("one_of")
    @classmethod
    def _values_of_type(
        cls, value: tuple[object, ...] | None, info: ValidationInfo
    ) -> tuple[object, ...] | None:
        name, many = _type_of(info)
        if value is None or not name:
            return value
        if many or name not in TYPES:
            raise bad_whole(f"one_of is for single values, not {_called(info)}")
        for one in value:
            check_fits(name, one)
        return value

    @field_validator("default")
    @classmethod
    def _default_fits(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and _type_of(info)[0]:
            check_default(value, info.data)
        return value

    @model_validator(mode="after")
    def _room(self) -> SchemaFieldSettings:
        """Refuse bounds that nothing is between."""
        low = max((b for b in (self.ge, self.gt) if b is not None), default=None)
        high = min((b for b in (self.le, self.lt) if b is not None), default=None)
        if low is not None and high is not None:
            strict = low == self.gt or high == self.lt
            if low > high or (low == high and strict):
                raise bad_whole(f"no number is between {low:g} and {high:g}")
        short, long = self.min_length, self.max_length
        if short is not None and long is not None and short > long:
            raise bad_whole(f"no length is between {short} and {long}")
        return self

    @property
    def has_default(self) -> bool:
        """Whether a default is given."""
        return self.default is not None

    @property
    def typed_default(self) -> object:
        """The default as a value of the type; None without one."""
        name, many = item_type(self.type)
        if many and isinstance(self.default, list):
            return [typed(name, one) for one in self.default]
        return typed(name, self.default) if self.has_default else None

    @property
    def bounds(self) -> dict[str, int | float]:
        """The limits that are given, by key; whole ones as whole numbers, as they were written."""
        keys = ("ge", "gt", "le", "lt", "min_length", "max_length")
        given = {key: getattr(self, key) for key in keys}
        return {
            key: int(value) if value == int(value) else value
            for key, value in given.items()
            if value is not None
        }


def _type_of(info: ValidationInfo) -> tuple[str, bool]:
    """Return the type beside the value that is checked; an empty name if that is wrong itself."""
    return item_type(info.data.get("type", ""))


def _called(info: ValidationInfo) -> str:
    return str(info.data.get("type", ""))


SchemaName = Annotated[str, AfterValidator(_schema_name)]
SchemaFields = Annotated[dict[FieldName, SchemaFieldSettings], Field(min_length=1)]
