"""What items go through between their page and the outputs: `transform`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crawler.config.models.fields import FieldName, Listed, Settings, Span, bad_whole, written
from crawler.config.models.steps import PYTHON_FORM

_STEPS = ("python", "text", "simhash")


def _workers(value: object) -> object:
    if value == "auto" or (type(value) is int and 1 <= value <= 256):
        return value
    raise bad_whole("the number of process slots is auto, or 1 to 256")


def _function(value: str) -> str:
    if not PYTHON_FORM.fullmatch(value):
        raise bad_whole(f"'{value}' names no function", 'write "pkg.mod:func" or "steps.py:func"')
    return value


class FieldStepSettings(Settings):
    """A built-in step over one field; the field's name alone is the short form."""

    of: FieldName = Field(description="The field that is read.")
    to: FieldName | None = Field(default=None, description="The field that is written.")


def _field_step(value: object) -> object:
    return {"of": value} if isinstance(value, str) else value


FieldStep = Annotated[FieldStepSettings, BeforeValidator(_field_step)]


class TransformStepSettings(Settings):
    """An entry of `transform.steps`: one key, the step."""

    python: Annotated[str, AfterValidator(_function)] | None = Field(
        default=None,
        description="Your own function: a dict comes in; a dict takes its place, a list of dicts "
        "fans out, None drops it. `pkg.mod:func`, or a file beside the config, `steps.py:func`.",
    )
    text: FieldStep | None = Field(
        default=None,
        description="The main text of a page's markup: `{of: html, to: text}`; alone: in place.",
    )
    simhash: FieldStep | None = Field(
        default=None,
        description="The simhash of a text, 16 hexadecimal digits: `{of: text, to: hash}`; alone: "
        "into the field `simhash`.",
    )

    @property
    def name(self) -> str:
        """The step."""
        return next(iter(self.model_fields_set))

    @model_validator(mode="after")
    def _one_step(self) -> TransformStepSettings:
        if len(self.model_fields_set) != 1:
            raise bad_whole("one step has one name", f"one of {', '.join(_STEPS)}")
        return self


class TransformSettings(Settings):
    """`transform`: CPU work over items, in processes of its own."""

    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = Field(
        default="auto", description="Process slots; `auto` is one for each core."
    )
    offload: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="`always`: in slots; `auto`: the same, but built-in steps that take less than "
        "2 ms run on the loop; `never`: all on the loop, where nothing contains what a step does.",
    )
    timeout: Span = written("20s", "Longest time for one item; a slot beyond it is replaced.")
    steps: Listed[TransformStepSettings] = Field(
        default=(), description="What is done to each item, in order."
    )
