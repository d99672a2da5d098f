"""What items go through between their page and the outputs: `transform`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crawler.config.models.fields import (
    FieldName,
    Listed,
    Settings,
    Span,
    bad_value,
    bad_whole,
    written,
)
from crawler.config.models.files import Pixels, placed
from crawler.config.models.steps import PYTHON_FORM

#: Steps over pictures, which the job must download: `files`.
PICTURE_STEPS = ("resize", "thumbnail", "dhash")
_STEPS = ("python", "text", "simhash", *PICTURE_STEPS)
#: Endings of the pictures that can be written.
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".avif")
_THUMBNAIL = "thumbs/{name}/{sha256:2}/{sha256}.jpg"


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


def _save_as(value: str) -> str:
    if not value.endswith(PICTURE_ENDINGS):
        raise bad_value("is no picture that can be written", f"end in {', '.join(PICTURE_ENDINGS)}")
    return placed(value, ("sha256", "host", "name"), "thumbs/{sha256:2}/{sha256}.webp")


class ResizeSettings(Settings):
    """A size in pixels, and what to do with a picture of another shape: one key."""

    fit: Pixels | None = Field(
        default=None, description="Into these, its shape kept; never made larger."
    )
    cover: Pixels | None = Field(
        default=None, description="To these, what is over at two sides cut off."
    )
    pad: Pixels | None = Field(
        default=None, description="To these, its shape kept, white at two sides."
    )

    @property
    def way(self) -> Literal["fit", "cover", "pad"]:
        """What is done with another shape."""
        if self.fit is not None:
            return "fit"
        return "cover" if self.cover is not None else "pad"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        size = self.fit or self.cover or self.pad
        assert size is not None  # there is one
        return size

    @model_validator(mode="after")
    def _one_way(self) -> ResizeSettings:
        if len(self.model_fields_set) != 1:
            raise bad_whole("a picture is resized in one way", "write {resize: {fit: 1024x1024}}")
        return self


class TransformStepSettings(Settings):
    """An entry of `transform.steps`: one key, the step; for pictures, what is made of them."""

    python: Annotated[str, AfterValidator(_function)] | None = Field(
        default=None,
        description="Your own function: a dict comes in; a dict takes its place, a list of dicts "
        "fans out, None drops it. With `files` of a list `func(data: bytes, line: dict)`, and the "
        "dict it returns joins the line. `pkg.mod:func`, or a file beside the config, "
        "`steps.py:func`.",
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

    resize: ResizeSettings | None = Field(
        default=None,
        description="Of a downloaded picture, one of another size: `{fit: 1024x1024}`, "
        "`{cover: 256x256}`, `{pad: 256x256}`; needs `save_as`.",
    )
    thumbnail: Pixels | None = Field(
        default=None,
        description="The same as `resize: {cover: ...}`, saved as "
        f"`{_THUMBNAIL}` if `save_as` says nothing else: `128x128`.",
    )
    dhash: FieldName | None = Field(
        default=None,
        description="How a downloaded picture looks, 16 hexadecimal digits that differ in few "
        "bits for pictures that look alike, into the field of this name.",
    )
    save_as: Annotated[str, AfterValidator(_save_as)] | None = Field(
        default=None,
        description="Of `resize` and `thumbnail`: where the picture goes, below the base "
        "directory: `thumbs/{sha256}.webp`. Its ending says the format.",
    )
    quality: int = Field(
        default=82, ge=1, le=100, description="Of `resize` and `thumbnail`: of JPEG, WebP, AVIF."
    )
    to: FieldName | None = Field(
        default=None,
        description="Of `resize` and `thumbnail`: the field that names the picture. Default: "
        "`resized`, `thumbnail`.",
    )

    @property
    def name(self) -> str:
        """The step."""
        return next(name for name in _STEPS if name in self.model_fields_set)

    @property
    def field(self) -> str:
        """The field of a manifest that a step over pictures fills."""
        if self.dhash is not None:
            return self.dhash
        return self.to or ("resized" if self.resize is not None else "thumbnail")

    @property
    def place(self) -> str:
        """Where a picture goes that is made."""
        return self.save_as or _THUMBNAIL

    @model_validator(mode="after")
    def _one_step(self) -> TransformStepSettings:
        steps = [name for name in _STEPS if name in self.model_fields_set]
        if len(steps) != 1:
            raise bad_whole("one step has one name", f"one of {', '.join(_STEPS)}")
        if self.resize is not None and self.save_as is None:
            raise bad_whole("resize needs a place", 'add save_as: "thumbs/{sha256}.webp"')
        more = self.model_fields_set - {steps[0]}
        if more and steps[0] not in ("resize", "thumbnail"):
            raise bad_whole(f"the step {steps[0]} has no {min(more)}")
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
