"""The types of single values: what a key may hold, and what is said when it does not.

Every check raises one of two pydantic errors that `crawler.config.translate` turns into problems:
`VALUE`, whose text goes on after the quoted value, and `WHOLE`, whose text stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from crawler.config import units
from crawler.config.suggest import did_you_mean
from crawler.errors import ConfigError
from crawler.globs import compile_patterns
from crawler.policy.politeness import LimitRule
from crawler.policy.scope import Scope
from crawler.urls import UrlError, parse

VALUE: Literal["config_value"] = "config_value"
WHOLE: Literal["config_whole"] = "config_whole"

T = TypeVar("T")


class Settings(BaseModel):
    """What all sections share: frozen, strict, unknown keys refused, defaults checked."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,
    )


def written(default: str | Mapping[str, str] | Sequence[Mapping[str, str]], text: str) -> Any:
    """Return a field whose default is in the notation of the file, and read like its values.

    Args:
        default: What might stand in the file. A section's is `{}`: a factory would make pydantic
            build that section a second time, by itself.
        text: Description of the key.
    """
    return Field(default=default, description=text)


def bad_value(text: str, hint: str = "") -> PydanticCustomError:
    """Return the error of a single value; `text` goes on after the quoted value."""
    return PydanticCustomError(VALUE, "{text}", {"text": text, "hint": hint})


def bad_whole(text: str, hint: str = "") -> PydanticCustomError:
    """Return an error whose text says all."""
    return PydanticCustomError(WHOLE, "{text}", {"text": text, "hint": hint})


def _unit(read: Callable[[object], T]) -> Callable[[object], T]:
    def validate(value: object) -> T:
        try:
            return read(value)
        except units.UnitError as error:
            raise bad_value(str(error), error.hint) from None

    return validate


def _more_than_nothing(value: float) -> float:
    if value <= 0:
        raise bad_value("must be more than nothing")
    return value


def _pattern(value: str) -> str:
    try:
        compile_patterns((value,))
    except ConfigError as error:
        raise bad_whole(error.problems[0].message) from None
    return value


def _host(value: str) -> str:
    if "://" in value:
        raise bad_value(
            "is a URL", f"write the host alone: {value.split('/')[2].rpartition('@')[2]}"
        )
    try:
        Scope(hosts=(value,))
    except ConfigError as error:
        raise bad_whole(error.problems[0].message) from None
    return value


def _match(value: str) -> str:
    _host(value.partition("/")[0])
    try:
        LimitRule(match=value)
    except ConfigError as error:
        raise bad_whole(error.problems[0].message) from None
    return value


_DEMO = "{demo}"


def _start_url(value: str, info: ValidationInfo) -> str:
    demo = bool(info.context and info.context.get("demo"))
    if _DEMO in value and not demo:
        raise bad_value("names the practice site", "set demo: true")
    try:
        parse(value.replace(_DEMO, "http://127.0.0.1:1"))
    except UrlError as error:
        why = str(error).removesuffix(f": {value!r}")
        raise bad_value(f"is no http(s) URL: {why}", _scheme_hint(value)) from None
    return value


def _scheme_hint(value: str) -> str:
    bare = re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?", value)
    return f"write https://{value}" if bare else ""


def _version(value: int) -> int:
    if value != 1:
        raise bad_value("is no version of this format that is known here", "write version: 1")
    return value


def _job_name(value: str) -> str:
    if value == "runs.sqlite" or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", value):
        tidy = re.sub(r"[^A-Za-z0-9._-]+", "-", value).strip("-.")[:100]
        hint = f"e.g. {tidy}" if tidy and tidy != "runs.sqlite" else ""
        text = "cannot name files: at most 100 letters, digits, '.', '_' and '-', not '.' first"
        raise bad_value(text, hint)
    return value


def _spider(value: str) -> str:
    if not re.fullmatch(r".+\.py:[^\W\d]\w*", value):
        raise bad_value("names no class in a file", 'write "spiders/portal.py:PortalSpider"')
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\r\n\0]", value):
        raise bad_whole("a line break or NUL would end the header")
    return value


def _media_type(value: str) -> str:
    if not re.fullmatch(r"[\w!#$&^.+-]+/(\*|[\w!#$&^.+-]+)|\*/\*", value):
        raise bad_value("is no media type", "e.g. text/html or image/*")
    return value.lower()


# RFC 9110 §5.6.2: what the name of a header, and of a cookie (RFC 6265 §4.1.1), may consist of.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_KEYS = {"cookie": "fetch.cookies", "user-agent": "fetch.user_agent"}
_SECRET_HEADERS = {
    "authorization": "use fetch.auth, for the origin that needs it",
    "proxy-authorization": "write http://USER:PASSWORD@HOST:PORT in fetch.proxies",
}
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def _header_name(value: str) -> str:
    lower = value.lower()
    if lower in _OWN_KEYS:
        raise bad_value("is no header to set here", f"use {_OWN_KEYS[lower]}")
    if lower in _SECRET_HEADERS:
        text = "is refused here: these headers go to every host, which would give a secret away"
        raise bad_value(text, _SECRET_HEADERS[lower])
    if lower in _FRAMING:
        raise bad_value("is set by the crawler itself")
    return checked_token(value)


def checked_token(value: str) -> str:
    """Return the name of a header or cookie.

    Raises:
        PydanticCustomError: It is none.
    """
    if not _TOKEN.fullmatch(value):
        raise bad_value("is no valid name: letters, digits and -_. only")
    return value


def _cookie_value(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f;]", value):
        raise bad_whole("a cookie's value cannot hold ';' or control characters")
    return value


def checked_placeholders(value: str) -> str:
    """Return a path whose placeholders are known.

    Raises:
        PydanticCustomError: One is not.
    """
    for name in re.findall(r"\{([^{}]*)\}", value):
        if name not in ("name", "run_id", "date"):
            hint = did_you_mean(name, ("name", "run_id", "date")) or "known are name, run_id, date"
            raise bad_value(f"has an unknown placeholder {{{name}}}", hint)
    return value


_OUTPUT_ENDINGS = (".jsonl", ".csv", ".jsonl.gz", ".csv.gz", ".parquet")


def _output_path(value: str) -> str:
    name = value.rpartition("/")[2]
    if not name.endswith(_OUTPUT_ENDINGS) or name in _OUTPUT_ENDINGS:
        text = "has no known format" if name not in _OUTPUT_ENDINGS else "has no name"
        raise bad_value(text, "end it in .parquet, or in .jsonl or .csv, with .gz behind it or not")
    return checked_placeholders(value)


def _list_file(value: str) -> str:
    if value != "-" and not value.lower().endswith((".csv", ".jsonl", ".txt")):
        raise bad_value("is no known kind of list", 'a .csv, .jsonl or .txt, or "-" for stdin')
    return value


#: What `provenance` adds to items.
_STAMPED = frozenset(("_url", "_id", "_job", "_run", "_at", "_depth", "_from"))


def _field_name(value: str) -> str:
    if value in _STAMPED:
        raise bad_value("is written by the crawler itself", "choose another name")
    if not value:
        raise bad_whole("a field needs a name")
    return value


def _text_schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_DURATION = _text_schema(units.DURATION_PATTERN, "20s")
_SIZE = _text_schema(units.SIZE_PATTERN, "8MiB")
_SHARE = _text_schema(units.SHARE_PATTERN, "5%")

#: Seconds.
Duration = Annotated[float, BeforeValidator(_unit(units.duration)), _DURATION]
#: Seconds, more than none.
Span = Annotated[
    float, BeforeValidator(_unit(units.duration)), AfterValidator(_more_than_nothing), _DURATION
]
#: Bytes, more than none.
Size = Annotated[int, BeforeValidator(_unit(units.size)), AfterValidator(_more_than_nothing), _SIZE]
#: 0 to 1.
Share = Annotated[float, BeforeValidator(_unit(units.share)), _SHARE]

FormatVersion = Annotated[int, AfterValidator(_version)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Host = Annotated[str, AfterValidator(_host)]
HostMatch = Annotated[str, AfterValidator(_match)]
StartUrl = Annotated[str, AfterValidator(_start_url)]
JobName = Annotated[str, AfterValidator(_job_name)]
SpiderName = Annotated[str, AfterValidator(_spider)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_one_line)]
CookieName = Annotated[str, AfterValidator(checked_token)]
CookieValue = Annotated[str, AfterValidator(_cookie_value)]
MediaType = Annotated[str, AfterValidator(_media_type)]
OutputPath = Annotated[str, AfterValidator(_output_path)]
ListFile = Annotated[str, AfterValidator(_list_file)]
FieldName = Annotated[str, AfterValidator(_field_name)]

#: A tuple that is written as a list; its items stay strict.
Listed = Annotated[tuple[T, ...], Strict(False)]
