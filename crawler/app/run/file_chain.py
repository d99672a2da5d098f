"""What a job's steps make of a downloaded file, in a slot: paths and plain data cross the pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, cast

import msgspec

from crawler.errors import FileFault
from crawler.media.disk_room import FULL
from crawler.media.picture import Picture
from crawler.media.picture_shape import Making
from crawler.offload.named_function import NotImportable, find_function, why

FILE_CHAIN = "crawler.app.run.file_chain:work_on"
IMPORTABLE = "crawler.app.run.file_chain:importable"
#: What a step of the user's is called with: the bytes, and the line.
_VALUES = 2


class FileStep(TypedDict):
    """One step.

    Keys:
        place: Where it stands, as `transform.steps.0`.
        field: Of a step over pictures: the field that it fills.
        making: The picture that it makes, None for none.
        function: Of a step of the user's, its name; "" for none.
        shown: Of the picture that it makes: its path as it stands in the line.
    """

    place: str
    field: str
    making: Making | None
    function: str
    shown: str


class FileChainTask(TypedDict):
    """A file and what is to be done with it.

    Keys:
        path: Where it is.
        line: What is known of it, for the user's functions.
        media_type: What its bytes are.
        max_pixels: Most pixels that are decoded.
        decode: It is to be decoded, if it is a picture, whether or not a step needs that.
        sync: What is made of it is to survive the loss of power.
        steps: In order.
    """

    path: str
    line: dict[str, Any]
    media_type: str
    max_pixels: int
    decode: bool
    sync: bool
    steps: list[FileStep]


class FileChainResult(TypedDict):
    """What came of it.

    Keys:
        fields: For its line.
        fault: In one word, why it is not to be kept.
        why: The same for people, or why a step failed.
        place: That step, as `transform.steps.0`; "" for none.
        unwritable: What is made of it cannot be written, and why.
        full: That is because the disk is full.
    """

    fields: dict[str, Any]
    fault: str
    why: str
    place: str
    unwritable: str
    full: bool


def importable(function: str) -> str:
    """Import a step of the user's; return "", or why it cannot be had."""
    try:
        find_function(function, _VALUES)
    except NotImportable as error:
        return str(error)
    return ""


def work_on(task: FileChainTask) -> FileChainResult:
    """Decode a picture, once, and run every step over it. Raises nothing."""
    fields: dict[str, Any] = {}
    place = ""
    try:
        picture = _picture_of(task)
        for step in task["steps"]:
            place = step["place"]
            if step["function"]:
                fields |= _given(step["function"], task, fields)
            elif picture is not None and step["making"] is not None:
                _make(picture, step["making"], sync=task["sync"])
                fields[step["field"]] = step["shown"]
            elif picture is not None:
                fields[step["field"]] = picture.dhash()
    except FileFault as fault:
        return _result({}, fault=fault.fault, why=fault.why)
    except _Unwritable as error:
        return {**_result({}), "unwritable": str(error), "full": error.full}
    # The user's code: what ends programs elsewhere (sys.exit) spoils one file here.
    except BaseException as error:  # noqa: BLE001
        return _result(fields, why=why(error), place=place)
    return _result(fields)


class _Unwritable(Exception):
    """The disk is full, or failing."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"cannot write {path}: {error.strerror}")
        self.full = error.errno in FULL


def _result(
    fields: dict[str, Any], fault: str = "", why: str = "", place: str = ""
) -> FileChainResult:
    return FileChainResult(
        fields=fields, fault=fault, why=why, place=place, unwritable="", full=False
    )


def _picture_of(task: FileChainTask) -> Picture | None:
    """Return the picture, decoded; None if it is none, or if nobody needs it.

    Raises:
        FileFault: It cannot be decoded.
    """
    wanted = task["decode"] or any(not step["function"] for step in task["steps"])
    media_type = task["media_type"]
    if not wanted or not media_type.startswith("image/") or media_type == "image/svg+xml":
        return None
    makings = [step["making"] for step in task["steps"] if step["making"] is not None]
    return Picture(task["path"], media_type, task["max_pixels"], makings)


def _make(picture: Picture, making: Making, *, sync: bool) -> None:
    try:
        picture.make(making, sync=sync)
    except OSError as error:
        if error.errno is None:  # an encoder's: that picture cannot be had in this format
            raise
        raise _Unwritable(making.path, error) from None


def _given(function: str, task: FileChainTask, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what a function of the user's says of a file, as plain data.

    Raises:
        Exception: Whatever it raises, or TypeError for what is no dict.
    """
    data = Path(task["path"]).read_bytes()
    given = cast(Callable[..., Any], find_function(function, _VALUES))(
        data, {**task["line"], **fields}
    )
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise TypeError(
            f"a step over files returns a dict or None; this one gave {type(given).__name__}"
        )
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(given))
    return plain
