"""What came of one payload that a function in a process slot was given."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """Why there is no value."""

    RAISED = "raised"
    TIMEOUT = "timeout"
    DIED = "died"
    MEMORY = "memory"
    UNPICKLABLE = "unpicklable"
    NOT_IMPORTABLE = "not_importable"
    UNREADABLE = "unreadable"


class Codec(StrEnum):
    """How a payload and its value cross the pipe.

    PICKLE: any plain data. JSON: `bytes` of JSON both ways, read and written in the slot.
    """

    PICKLE = "pickle"
    JSON = "json"


class Done(msgspec.Struct, frozen=True):
    """The function gave a value.

    Attributes:
        value: What it returned; with `Codec.JSON` that as bytes of JSON.
        size: Bytes that it took in the pipe.
    """

    value: Any
    size: int


class Refused(msgspec.Struct, frozen=True):
    """The function gave none, or none that can be had.

    Attributes:
        kind: A value of `Kind`: `raised` (its own exception), `timeout`, `died` (it took its
            process along, twice), `memory`, `unpicklable` (payload or value cannot cross a pipe),
            `not_importable` (there is no such function) or `unreadable` (the payload is no JSON).
        message: What happened and where, in one line. It may quote remote text.
        traceback: Where it happened, from the function on; empty where nothing is known.
    """

    kind: Kind
    message: str
    traceback: str = ""


Offloaded = Done | Refused
