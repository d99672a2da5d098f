"""A job's transforms, one after the other over one item; in a slot, or on the loop.

Plain data goes in and comes out, so that it may cross a pipe. Whatever a step of the user's does is
told as plain data as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

from crawler.items import is_item, to_record
from crawler.offload.named_function import find_function, why

CHAIN = "crawler.offload.chain:transform"


class Step(TypedDict):
    """One step.

    Keys:
        place: Where it stands, as `transform.steps.0`.
        function: Its name, `pkg.mod:func` or `/path/file.py:func`.
        of: Of a built-in step: the field that it reads; "" for a step over the whole item.
        to: The field that it writes.
    """

    place: str
    function: str
    of: str
    to: str


class Task(TypedDict):
    """An item and what is to be done with it."""

    steps: list[Step]
    record: dict[str, Any]


class Result(TypedDict):
    """What came of it: records, or the step that failed and why."""

    records: list[dict[str, Any]]
    place: str
    reason: str


def transform(task: Task) -> Result:
    """Run every step over an item, and over all that a step makes of it. Raises nothing."""
    records = [task["record"]]
    for step in task["steps"]:
        try:
            records = [new for record in records for new in _applied(step, record)]
        # The user's code: what ends programs elsewhere (sys.exit) spoils one item here.
        except BaseException as error:  # noqa: BLE001
            return Result(records=[], place=step["place"], reason=why(error))
    return Result(records=records, place="", reason="")


def _applied(step: Step, record: dict[str, Any]) -> list[dict[str, Any]]:
    function: Callable[[Any], Any] = find_function(step["function"])
    if step["of"]:
        value = record.get(step["of"])
        made = None if value is None else function(value)
        return [{**record, step["to"]: made}]
    given = function(record)
    if given is None:
        return []
    many = given if isinstance(given, list) else [given]
    return [_plain(one) for one in many]


def _plain(thing: Any) -> dict[str, Any]:
    """Return a record as plain data; one that is none is the step's fault.

    Raises:
        TypeError: It is no item.
        CallbackError: It holds what cannot be written.
    """
    if not is_item(thing):
        raise TypeError(
            f"a step returns a dict, a list of dicts, or None; this one gave {type(thing).__name__}"
        )
    return to_record(thing)[1]
