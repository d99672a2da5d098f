"""Conditions over the numbers of a finished run: `gone > 100 or failed_share >= 5%`.

    condition   = term {"or" term}
    term        = factor {"and" factor}
    factor      = "not" factor | "(" condition ")" | value OPERATOR value
    value       = NAME | NUMBER, with % or a unit where the name has one
    OPERATOR    = ">" | ">=" | "<" | "<=" | "==" | "!="

Read by hand into a small frozen tree: nothing of it is ever run as code. Two values that are
compared are of one kind, so that no number is taken for seconds by one and for minutes by another.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from crawler.config import units
from crawler.config.suggest import did_you_mean
from crawler.outcome import ErrorClass, SkipReason

Kind = Literal["number", "share", "time", "size"]

#: What may be compared: its kind, and what it is.
NAMES: Mapping[str, tuple[Kind, str]] = {
    "items": ("number", "items written"),
    "dropped": ("number", "items that user code left out"),
    "quarantined": ("number", "items that broke their schema"),
    "new": ("number", "items that are new, of an incremental job"),
    "changed": ("number", "items that changed, of an incremental job"),
    "gone": ("number", "items that are gone, of an incremental job"),
    "known": ("number", "requests of the run"),
    "done": ("number", "pages that were fetched and read"),
    "failed": ("number", "requests that failed at once"),
    "dead": ("number", "requests that failed until they were given up"),
    "failed_share": ("share", "(failed + dead) / (done + failed + dead)"),
    "skipped": ("number", "requests that were left out"),
    "pending": ("number", "requests that are left"),
    "errors": ("number", "tries that went wrong"),
    "bytes": ("size", "bodies received"),
    "pages_per_s": ("number", "pages a second"),
    "duration": ("time", "time that the run took"),
    "cpu": ("time", "CPU time of all its processes"),
    "peak_memory": ("size", "most memory of its main process"),
    "exit": ("number", "its exit code"),
    "failures": ("number", "failures in a row, this run's included; 0 when it is good"),
}

#: What counts by a word of its own behind a dot, and the words that there are; none: any.
FAMILIES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "items": ((), "items of a kind: `items.Book`"),
    "http": ((), "answers with a status: `http.404`"),
    "errors": (tuple(ErrorClass), "tries that went wrong in a way: `errors.timeout`"),
    "skipped": (tuple(SkipReason), "requests left out for a reason: `skipped.robots`"),
}

#: A condition is a line, not a program.
_LONGEST = 1_000
_DEEPEST = 50

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9][0-9_]*(?:\.[0-9]+)?[A-Za-z%]*)|(?P<name>[A-Za-z_][\w.-]*)"
    r"|(?P<mark>[<>=!]=|&&|\|\||[^\w\s]))",
    re.ASCII,
)
_INSTEAD = {"=": "==", "&&": "and", "||": "or", "!": "not", "=<": "<=", "=>": ">="}
#: How a number of each kind is written.
UNITS: Mapping[Kind, str] = {
    "number": "a number without a unit, as 100",
    "share": "a share, as 5%",
    "time": "a duration, as 20s or 4h",
    "size": "a size, as 8MiB",
}


class ConditionError(ValueError):
    """A condition that cannot be read.

    Attributes:
        hint: What to write instead; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Number(msgspec.Struct, frozen=True):
    """A number that stands in the condition, in seconds, bytes or parts of 1."""

    value: float
    kind: Kind


class Name(msgspec.Struct, frozen=True):
    """A number of the run, by its name."""

    name: str
    kind: Kind


class Comparison(msgspec.Struct, frozen=True):
    """Two values, and how they must stand to each other."""

    left: Number | Name
    sign: str
    right: Number | Name


class Not(msgspec.Struct, frozen=True):
    """What must not hold."""

    inner: Condition


class All(msgspec.Struct, frozen=True):
    """What must hold together."""

    parts: tuple[Condition, ...]


class Any(msgspec.Struct, frozen=True):
    """Of what one must hold."""

    parts: tuple[Condition, ...]


Condition = Comparison | Not | All | Any


def holds(condition: Condition, numbers: Mapping[str, float]) -> bool:
    """Tell whether a condition holds.

    Args:
        condition: From `parse_condition`.
        numbers: Those of the run by name; one that is absent is 0.
    """
    match condition:
        case Comparison(left, sign, right):
            return _OPERATORS[sign](_value(left, numbers), _value(right, numbers))
        case Not(inner):
            return not holds(inner, numbers)
        case All(parts):
            return all(holds(part, numbers) for part in parts)
        case Any(parts):
            return any(holds(part, numbers) for part in parts)


def _value(value: Number | Name, numbers: Mapping[str, float]) -> float:
    return value.value if isinstance(value, Number) else numbers.get(value.name, 0.0)


def names_in(condition: Condition) -> frozenset[str]:
    """Return the names that a condition asks for."""
    match condition:
        case Comparison(left, _, right):
            return frozenset(one.name for one in (left, right) if isinstance(one, Name))
        case Not(inner):
            return names_in(inner)
        case All(parts) | Any(parts):
            return frozenset().union(*map(names_in, parts))


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: It is none; the message says where, characters counted from 1.
    """
    if len(text) > _LONGEST:
        raise ConditionError(f"is longer than {_LONGEST} characters")
    return _Reader(text).whole()


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int


class _Reader:
    """Reads a condition from left to right, a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        if self._token.kind == "end":
            raise ConditionError("is empty", "e.g. gone > 100")
        condition = self._condition()
        token = self._token
        if token.text == ")":
            raise _wrong(token, "closes nothing")
        if token.kind != "end":
            raise _wrong(token, "is too much", "join two comparisons by 'and' or 'or'")
        return condition

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _taken(self, text: str) -> bool:
        """Go on if this is what comes next."""
        if self._token.text != text:
            return False
        self._next += 1
        return True

    def _condition(self) -> Condition:
        parts = [self._term()]
        while self._taken("or"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _term(self) -> Condition:
        parts = [self._factor()]
        while self._taken("and"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _factor(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConditionError(f"has more than {_DEEPEST} 'not' and '(' within each other")
        try:
            if self._taken("not"):
                return Not(self._factor())
            if self._taken("("):
                inner = self._condition()
                if not self._taken(")"):
                    raise _wrong(self._token, "stands where ')' is missing")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        begins = self._token
        left = self._operand()
        sign = self._token
        if sign.text not in _OPERATORS:
            hint = f"write {begins.text} > 0" if isinstance(left, Name) else "e.g. gone > 100"
            where = "at its end" if sign.kind == "end" else f"before '{sign.text}'"
            raise ConditionError(f"lacks a comparison {where}", hint)
        self._next += 1
        ends = self._token
        right = self._operand()
        if isinstance(left, Number) and isinstance(right, Number):
            raise _wrong(begins, "is compared with a number, so that it always comes to the same")
        if left.kind != right.kind:
            name, number = (left, ends) if isinstance(left, Name) else (right, begins)
            raise _mismatch(name, number, isinstance(left, Name) and isinstance(right, Name))
        return Comparison(left, sign.text, right)

    def _operand(self) -> Number | Name:
        token = self._token
        self._next += 1
        if token.kind == "number":
            return _number(token)
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            return _name(token)
        raise _wrong(token, "stands where a name or a number is missing")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong(_Token("mark", text[at:].strip()[0], at), "has no meaning here")
        kind = str(match.lastgroup)
        token = _Token(kind, match[kind], match.start(kind))
        if token.text in _INSTEAD:
            raise _wrong(token, "has no meaning here", f"write {_INSTEAD[token.text]}")
        at = match.end()
        found.append(token)
    return [*found, _Token("end", "", at)]


def _number(token: _Token) -> Number:
    text = token.text.replace("_", "")
    readers: tuple[tuple[Kind, Callable[[object], float]], ...] = (
        ("share", units.share), ("time", units.duration), ("size", units.size),
    )  # fmt: skip
    if text.replace(".", "", 1).isdigit():
        return Number(float(text), "number")
    unit = text.lstrip("0123456789.").strip()
    kinds: tuple[Mapping[str, float], ...] = ({"%": 1}, units.DURATION_UNITS, units.SIZE_UNITS)
    for (kind, read), known in zip(readers, kinds, strict=True):
        if unit in known:
            try:
                return Number(read(text), kind)
            except units.UnitError as error:
                raise _wrong(token, str(error), error.hint) from None
    every = [one for known in kinds for one in known]
    hint = did_you_mean(unit, every) or f"units: {', '.join(every)}"
    raise _wrong(token, "has no known unit", hint)


def _name(token: _Token) -> Name:
    text = token.text
    family, dot, word = text.partition(".")
    if not dot:
        if text in NAMES:
            return Name(text, NAMES[text][0])
        hint = did_you_mean(text, NAMES) or f"known are {', '.join(NAMES)}"
        raise _wrong(token, "is no number of a run", hint)
    if family not in FAMILIES:
        hint = did_you_mean(family, FAMILIES) or f"known are {', '.join(FAMILIES)}"
        raise _wrong(token, "is no number of a run", hint)
    words, _ = FAMILIES[family]
    if words and word not in words:
        hint = did_you_mean(word, words) or f"known are {', '.join(words)}"
        raise _wrong(token, f"is none of {family}", hint)
    if not word or (family == "http" and not re.fullmatch("[1-5][0-9][0-9]", word)):
        raise _wrong(token, "is no number of a run", "e.g. http.404, items.Book")
    return Name(text, "number")


def _mismatch(name: Number | Name, other: _Token, two_names: bool) -> ConditionError:
    assert isinstance(name, Name)
    hint = "" if two_names else f"write {UNITS[name.kind]}"
    if other.text.endswith("%") and name.name in ("failed", "dead"):
        hint = "write failed_share"
    return _wrong(other, f"cannot be compared with {name.name}", hint)


def _wrong(token: _Token, what: str, hint: str = "") -> ConditionError:
    """Return the error of a token."""
    shown = f"'{token.text}'" if token.text else "its end"
    return ConditionError(f"{shown} (character {token.at + 1}) {what}", hint)
