"""Callbacks by name: what can be called again after the process has ended.

A bound method of the spider becomes its name, a `functools.partial` of one its name and the
arguments. A lambda or a closure has no name under which a later process would find it.
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from crawler.errors import CallbackError
from crawler.messages import Callback


class CallbackRef(msgspec.Struct, frozen=True):
    """A callback as it is kept.

    Attributes:
        name: Attribute of the spider.
        args: Positional arguments that go behind the response.
        kwargs: Keyword arguments; the request's `cb_kwargs` win over them.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = msgspec.field(default_factory=dict)


def reference(spider: object, callback: Callback | str) -> CallbackRef:
    """Return the name under which a spider's callback can be found again.

    Raises:
        CallbackError: It is no callable attribute of this spider; the message names it.
    """
    if isinstance(callback, str):
        resolve(spider, CallbackRef(callback))
        return CallbackRef(callback)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    function: object = callback
    while isinstance(function, functools.partial):
        args = (*function.args, *args)
        kwargs = {**function.keywords, **kwargs}
        function = function.func
    name = str(getattr(function, "__name__", ""))
    if not callable(function) or getattr(spider, name, None) != function:
        raise CallbackError(_refusal(spider, function))
    return CallbackRef(name, args, kwargs)


def resolve(spider: object, ref: CallbackRef) -> Callback:
    """Return the callable a reference stands for; the response comes first, then `ref.args`.

    Raises:
        CallbackError: The spider has no such method (any more).
    """
    method = getattr(spider, ref.name, None)
    if not callable(method):
        raise CallbackError(f"spider {type(spider).__name__} has no method {ref.name!r}")
    found: Callback = method
    return found


def _refusal(spider: object, callback: object) -> str:
    name = getattr(callback, "__qualname__", None) or repr(callback)
    kind = type(spider).__name__
    if not callable(callback):
        return f"callback {callback!r:.80} cannot be called"
    if "<lambda>" in name or "<locals>" in name:
        return (
            f"callback {name} is a lambda or a local function, which a resumed crawl could not "
            f"find again; use a method of {kind}, or functools.partial of one"
        )
    owner = getattr(callback, "__self__", spider)
    if owner is not spider:
        return f"callback {name} belongs to {owner!r:.80}, not to this spider"
    return f"callback {name} is no method of {kind}"
