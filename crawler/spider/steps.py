"""The steps of a field's `then`, compiled once and run over every match.

| Step | Gives |
| --- | --- |
| `text` | visible text, white space collapsed |
| `strip` | the text without white space at its ends |
| `number` | the first number in it: 1234.5 of "£1,234.50" |
| `decimal` | the same, exact |
| `datetime` | a date that can be read one way only; with a form (`"%d/%m/%Y"`), one of that form |
| `absolute_url` | the URL that a link means on its page |
| `regex` | group 1 of the first match, or all of it |
| `map` | what a table says for the text |
| `contains` | true or false |
| `split` | a list: the parts between a mark, or the words |
| `first`, `last` | of a list |
| `join` | a list as one text |
| `count` | how many there are in a list |
| `lower` | lower case |
| `replace` | the text with a part of it replaced |
| `default` | this, when there is nothing so far |
| `python` | what a function of yours makes of it |

Steps over one value are applied to each member of a list in turn. What a step cannot read is None,
and stays None but for `default`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crawler.errors import CallbackError, CloseSpider, ConfigError, IgnoreRequest
from crawler.expressions import Expression
from crawler.extract.document import Document
from crawler.extract.element_text import markup_of
from crawler.spider import step_functions as do
from crawler.spider.rules import StepRule

_PLAIN: Mapping[str, do.Step] = {
    "text": do.text,
    "strip": do.strip,
    "number": do.number,
    "decimal": do.decimal,
    "absolute_url": do.absolute,
    "lower": do.lower,
}
_LISTED = ("first", "last", "join", "count")

#: Every step, in the order of the documentation.
STEPS = (
    "text", "strip", "number", "decimal", "datetime", "absolute_url", "regex", "map", "contains",
    "split", "first", "last", "join", "count", "lower", "replace", "default", "python",
)  # fmt: skip


class Steps:
    """The steps of one field.

    Args:
        rules: In order.
        owner: Begins the message of an error: `field 'price'`.
        many: The field takes every match, so that the first step gets a list.

    Attributes:
        names: What they are called, for messages.

    Raises:
        ConfigError: A step is not known, its argument is none, or it needs a list and has none.
    """

    def __init__(self, rules: Sequence[StepRule], owner: str, *, many: bool) -> None:
        self.names = ", ".join(rule.name for rule in rules)
        #: A user's function may give anything, so that its results are looked at.
        self.foreign = any(rule.name == "python" for rule in rules)
        try:
            self._steps = tuple(_compiled(rule) for rule in rules)
            _check_lists(rules, many=many)
        except ConfigError as error:
            raise ConfigError(f"{owner}: {error.problems[0].message}") from None
        defaults = (number for number, rule in enumerate(rules) if rule.name == "default")
        self._reading = next(defaults, len(rules))

    def run(self, value: Any, document: Document) -> Any:
        """Return what becomes of a match, or of a list of them.

        Raises:
            CallbackError: A user's function raised one of the words of a spider.
            Exception: Whatever else it raised.
        """
        for step in self._steps:
            value = step(value, document)
        return value

    def run_if_read(self, value: Any, document: Document) -> Any:
        """Return the same, but None where only a default would stand in for what cannot be read.

        For sources that are not the last: the next one may say more than the default.
        """
        for number, step in enumerate(self._steps):
            if number == self._reading and is_nothing(value):
                return None
            value = step(value, document)
        return value


def is_nothing(value: Any) -> bool:
    """Tell whether steps made nothing of a match: None, or a list of no more than that."""
    return value is None or (isinstance(value, list) and all(one is None for one in value))


def _compiled(rule: StepRule) -> do.Step:
    plain = _PLAIN.get(rule.name)
    if plain is not None:
        return _over_each(plain)
    make = _MAKERS.get(rule.name)
    if make is None:
        raise ConfigError(f"step {rule.name!r} is not known ({', '.join(STEPS)})")
    return make(rule)


def _over_each(step: do.Step) -> do.Step:
    def run(value: Any, document: Document) -> Any:
        if value is None:
            return None
        if isinstance(value, list):
            return [None if one is None else step(one, document) for one in value]
        return step(value, document)

    return run


def _check_lists(rules: Sequence[StepRule], *, many: bool) -> None:
    """Refuse a step over a list that no list can reach."""
    for rule in rules:
        if rule.name in _LISTED and not many:
            raise ConfigError(f"{rule.name} needs a list: `all: true`, or `split` before it")
        if rule.name in ("split", "python"):
            many = True
        elif rule.name in _LISTED:
            many = False


def _datetime(rule: StepRule) -> do.Step:
    if rule.argument is None:
        return _over_each(do.date_and_time)
    form = _text(rule)
    try:
        datetime.strptime("", form)  # noqa: DTZ007 - only the form is looked at
    except ValueError as error:
        if "directive" in str(error) or "stray" in str(error):
            raise ConfigError(f"datetime: {form!r} is no form of a date: {error}") from None
    return _over_each(do.dated_by(form))


def _regex(rule: StepRule) -> do.Step:
    pattern = _text(rule)
    try:
        return _over_each(do.searched(Expression(pattern)))
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"regex {pattern!r} is no regular expression: {error}") from None


def _map(rule: StepRule) -> do.Step:
    if not isinstance(rule.argument, Mapping):
        raise ConfigError("map needs a map of texts to values")
    return _over_each(
        do.looked_up({(do.as_text(k) or "").strip(): v for k, v in rule.argument.items()})
    )


def _replace(rule: StepRule) -> do.Step:
    given = rule.argument
    if isinstance(given, Mapping):
        pairs = tuple((str(old), str(new)) for old, new in given.items())
    elif isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2:
        pairs = ((str(given[0]), str(given[1])),)
    else:
        raise ConfigError("replace needs [old, new], or a map of old to new")
    if any(not old for old, _ in pairs):
        raise ConfigError("replace cannot look for an empty text")
    return _over_each(do.replacing(pairs))


def _split(rule: StepRule) -> do.Step:
    mark = None if rule.argument is None else _text(rule)
    if mark == "":
        raise ConfigError("split needs a mark that is not empty, or none")
    parts_of = do.split_at(mark)

    def run(value: Any, _: Document) -> Any:
        if value is None:
            return None
        # The parts of several texts are one list, as no other step knows lists of lists.
        several = value if isinstance(value, list) else [value]
        return [part for one in several if one is not None for part in parts_of(one)]

    return run


def _from_list(make: Callable[[list[Any]], Any]) -> do.Step:
    def run(value: Any, _: Document) -> Any:
        return make(value) if isinstance(value, list) else value

    return run


def _first(_: StepRule) -> do.Step:
    return _from_list(lambda many: next((one for one in many if one is not None), None))


def _last(_: StepRule) -> do.Step:
    return _from_list(lambda many: next((one for one in reversed(many) if one is not None), None))


def _join(rule: StepRule) -> do.Step:
    mark = " " if rule.argument is None else _text(rule)

    def joined(many: list[Any]) -> str | None:
        texts = [text for text in map(do.as_text, many) if text is not None]
        return mark.join(texts) if texts else None

    return _from_list(joined)


def _count(_: StepRule) -> do.Step:
    def run(value: Any, _: Document) -> int:
        return len(value) if isinstance(value, list) else int(value is not None)

    return run


def _default(rule: StepRule) -> do.Step:
    given = rule.argument

    def run(value: Any, _: Document) -> Any:
        if isinstance(value, list) and value:
            return [given if one is None or one == "" else one for one in value]
        return given if value is None or value in ("", []) else value

    return run


def _python(rule: StepRule) -> do.Step:
    function = rule.function
    if function is None:
        raise ConfigError("python needs a function, as `pkg.mod:func`")

    def call(value: Any, _: Document) -> Any:
        try:
            return function(markup_of(value) if do.is_element(value) else value)
        except (CloseSpider, IgnoreRequest) as word:
            raise CallbackError(f"a step cannot raise {type(word).__name__}") from word

    return _over_each(call)


_MAKERS: Mapping[str, Callable[[StepRule], do.Step]] = {
    "datetime": _datetime,
    "regex": _regex,
    "map": _map,
    "contains": lambda rule: _over_each(do.containing(_text(rule))),
    "split": _split,
    "first": _first,
    "last": _last,
    "join": _join,
    "count": _count,
    "replace": _replace,
    "default": _default,
    "python": _python,
}


def _text(rule: StepRule) -> str:
    if not isinstance(rule.argument, str):
        raise ConfigError(f"{rule.name} needs a text, as `{{{rule.name}: ...}}`")
    return rule.argument
