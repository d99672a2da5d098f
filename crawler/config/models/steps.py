"""The steps of `then`: one key each, as in `{regex: "([0-9]+)"}`; a bare name stands alone.

A bare step arrives here as its name without a value (`crawler.config.short_forms`).
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from crawler.config.models.fields import Settings, bad_value, bad_whole
from crawler.expressions import plain

#: How each step with an argument is written; what errors and the reference show.
FORMS: dict[str, str] = {
    "regex": '{regex: "rated (\\\\w+)"}',
    "map": "{map: {One: 1, Two: 2}}",
    "contains": '{contains: "In stock"}',
    "split": '{split: ","}',
    "join": '{join: ", "}',
    "replace": '{replace: ["old", "new"]}',
    "default": "{default: 0}",
    "datetime": '{datetime: "%d %B %Y"}',
    "python": '{python: "steps.py:tidy"}',
}
#: Steps that may stand alone although they can have an argument.
EITHER = frozenset(("split", "join", "datetime"))

#: How a function is named.
PYTHON_FORM = re.compile(r"(?:.+\.py|[^\W\d]\w*(?:\.[^\W\d]\w*)*):[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def _alone(value: object, info: ValidationInfo) -> None:
    if value is not None and value is not True:
        raise bad_whole(f"the step '{info.field_name}' takes nothing", f"write {info.field_name}")


def _given(value: object, info: ValidationInfo) -> object:
    name = str(info.field_name)
    if value is None and name not in EITHER:
        raise bad_whole(f"the step '{name}' needs to know more", f"write {FORMS[name]}")
    return value


def _text(value: object, info: ValidationInfo) -> str | None:
    given = _given(value, info)
    if given is None or isinstance(given, str):
        return given
    name = str(info.field_name)
    hint = f'quote it: "{value}"' if isinstance(value, int | float) else f"write {FORMS[name]}"
    raise bad_whole(f"the step '{name}' needs a text", hint)


def _some_text(value: object, info: ValidationInfo) -> str | None:
    text = _text(value, info)
    if text == "":
        raise bad_whole(f"the step '{info.field_name}' needs a text that is not empty")
    return text


def _regex(value: object, info: ValidationInfo) -> str:
    text = _some_text(value, info) or ""
    try:
        plain(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise bad_value(f"is no regular expression: {error}") from None
    return text


def _form(value: object, info: ValidationInfo) -> str | None:
    text = _some_text(value, info)
    if text is None:
        return None
    try:
        datetime.datetime.strptime("", text)  # noqa: DTZ007 - only the form is looked at
    except ValueError as error:
        if "directive" in str(error) or "stray" in str(error):
            raise bad_value(f"is no form of a date: {error}") from None
    if "%" not in text:
        raise bad_value("is no form of a date", f"write {FORMS['datetime']}")
    return text


def _map(value: object, info: ValidationInfo) -> dict[str, object]:
    given = _given(value, info)
    if not isinstance(given, dict) or not given:
        raise bad_whole("the step 'map' needs a map", f"write {FORMS['map']}")
    for key, meant in given.items():
        if isinstance(meant, list | dict):
            raise bad_whole(f"'{key}' must stand for a single value")
    return dict(given)


def _replace(value: object, info: ValidationInfo) -> dict[str, str]:
    """Return old texts and what each becomes, in order; written so, or as one pair."""
    given: Any = _given(value, info)
    if isinstance(given, list) and len(given) == 2 and isinstance(given[0], str):
        given = {given[0]: given[1]}
    texts = isinstance(given, dict) and all(isinstance(new, str) for new in given.values())
    if not texts or not given:
        hint = f'write {FORMS["replace"]}, or {{replace: {{"old": "new"}}}}'
        raise bad_whole("the step 'replace' needs an old and a new text", hint)
    if "" in given:
        raise bad_whole("the step 'replace' needs an old text that is not empty")
    return dict(given)


def _python(value: object, info: ValidationInfo) -> str:
    text = _some_text(value, info) or ""
    if not PYTHON_FORM.fullmatch(text):
        raise bad_value("names no function", 'write "pkg.mod:func" or "steps.py:func"')
    return text


_TEXT = {"type": "string"}
_PAIR = {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}
_PAIRS = {"type": "object", "additionalProperties": _TEXT, "minProperties": 1}

Alone = Annotated[None, BeforeValidator(_alone), WithJsonSchema({"enum": [None, True]})]
Text = Annotated[str | None, BeforeValidator(_text), WithJsonSchema(_TEXT)]
SomeText = Annotated[str | None, BeforeValidator(_some_text), WithJsonSchema(_TEXT)]
Form = Annotated[str | None, BeforeValidator(_form), WithJsonSchema(_TEXT)]
Regex = Annotated[str | None, BeforeValidator(_regex), WithJsonSchema(_TEXT)]
Mapped = Annotated[
    dict[str, object] | None,
    BeforeValidator(_map),
    WithJsonSchema({"type": "object", "minProperties": 1}),
]
Replaced = Annotated[
    dict[str, str] | None,
    BeforeValidator(_replace),
    WithJsonSchema({"anyOf": [_PAIR, _PAIRS]}),
]
Default = Annotated[object, BeforeValidator(_given), WithJsonSchema({})]
Function = Annotated[str | None, BeforeValidator(_python), WithJsonSchema(_TEXT)]


class StepSettings(Settings):
    """One step of a field's `then`.

    Attributes of steps that are not meant are None; which one is meant, `name` says.
    """

    # A default is no argument: it must not be read like one.
    model_config = ConfigDict(validate_default=False)

    text: Alone = Field(
        default=None, description="The text that a reader sees, its white space collapsed."
    )
    strip: Alone = Field(default=None, description="The text without white space at its ends.")
    lower: Alone = Field(default=None, description="The text in lower case.")
    number: Alone = Field(
        default=None, description="The first number in a text: `1,299.00 €` gives `1299.0`."
    )
    decimal: Alone = Field(default=None, description="The same, exact: for money.")
    datetime: Form = Field(
        default=None,
        description="A date with its time: ISO 8601, RFC 2822, or with the month's name; other "
        "ways of writing need a format of `strptime`. `01/02/2026` alone is never guessed.",
    )
    absolute_url: Alone = Field(
        default=None, description="An address, or the `href` or `src` of an element, in full."
    )
    regex: Regex = Field(
        default=None, description="Group 1 of the first match, or all of it if there is no group."
    )
    map: Mapped = Field(
        default=None, description="What the text stands for; null if it is not there."
    )
    contains: SomeText = Field(
        default=None, description="`true` if the text has this in it, else `false`."
    )
    replace: Replaced = Field(
        default=None,
        description="The text, old replaced by new wherever it stands; also a map of old to new.",
    )
    split: SomeText = Field(
        default=None, description="A list: the parts between this mark, or the words."
    )
    join: Text = Field(
        default=None, description="A list as one text, with this in between, or a space."
    )
    first: Alone = Field(default=None, description="The first of a list.")
    last: Alone = Field(default=None, description="The last of a list.")
    count: Alone = Field(
        default=None, description="How many there are in a list, 0 if it is empty."
    )
    default: Default = Field(default=None, description="The value where there is none so far.")
    python: Function = Field(
        default=None,
        description="What a function of yours makes of it: of a file beside the config, or of a "
        "module, `pkg.mod:func`.",
    )

    @property
    def name(self) -> str:
        """The step."""
        return next(iter(self.model_fields_set))

    @property
    def argument(self) -> Any:
        """What the step is told; None for one that stands alone."""
        return getattr(self, self.name)

    @model_validator(mode="after")
    def _one_step(self) -> StepSettings:
        if len(self.model_fields_set) != 1:
            hint = "begin each step with a dash of its own, or write [text, strip]"
            raise bad_whole("one step has one name", hint)
        return self
