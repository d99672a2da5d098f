"""Where a spider's code went wrong, for people: error, file, line and function in one line."""

from __future__ import annotations

import os.path
import sysconfig
import traceback
from types import FrameType

import msgspec

from crawler.extract.response import Response
from crawler.messages import Request

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100, PTH120
_LIBRARIES = (
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<frozen ",
)
_MAX_MESSAGE = 500


class CallbackFailed(Exception):
    """A spider's code raised, or gave something that cannot be used; its page has failed.

    Not one of the crawler's own errors: whose fault it is stands in the message, as
    "ValueError: no price (spiders/shop.py:12 in parse_book)".
    """


def failed(error: BaseException, frame: FrameType | None = None) -> CallbackFailed:
    """Return the failure that an exception is.

    Args:
        error: What was raised.
        frame: Where the spider's code stood when the error was found outside of it.
    """
    text = " ".join(str(error).split())
    if len(text) > _MAX_MESSAGE:
        text = text[:_MAX_MESSAGE] + "..."
    head = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = _in_frame(frame) if frame is not None else _in_traceback(error)
    return CallbackFailed(f"{head} ({place})" if place else head)


def place_in(code: object) -> str:
    """Return where a suspended generator stands, in brackets after a blank; "" for anything else.

    Args:
        code: What a callback gave.
    """
    frame = standing_in(code)
    return f" ({_in_frame(frame)})" if frame is not None else ""


def standing_in(code: object) -> FrameType | None:
    """Return the frame in which a generator, plain or async, is suspended."""
    for name in ("gi_frame", "ag_frame", "cr_frame"):
        frame = getattr(code, name, None)
        if isinstance(frame, FrameType):
            return frame
    return None


def _in_traceback(error: BaseException) -> str:
    """Return the innermost place in the user's own code; "" when there is none."""
    # Not `traceback.extract_tb`, which reads the files to quote from them.
    steps = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    outside = [step for step in steps if not step[0].co_filename.startswith(_PACKAGE)]
    # A spider may itself live among the installed libraries; then their first frame is its own.
    users = [step for step in outside if not step[0].co_filename.startswith(_LIBRARIES)]
    if not outside:
        return ""
    code, line = users[-1] if users else outside[0]
    return _place(code.co_filename, line, code.co_name)


def _in_frame(frame: FrameType) -> str:
    return _place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _place(filename: str, line: int | None, function: str) -> str:
    # Folder and file are enough to find it, and do not depend on where the crawl was started.
    short = "/".join(filename.replace("\\", "/").split("/")[-2:])
    return f"{short}:{line} in {function}"


class RequestFailure(msgspec.Struct, frozen=True):
    """What an errback is given.

    Attributes:
        value: The exception; `FetchError` has a `kind` and a `status`.
        request: What was asked for.
        response: The answer, when one came.
    """

    value: Exception
    request: Request
    response: Response | None = None

    def check(self, *kinds: type[BaseException]) -> type[BaseException] | None:
        """Return the first of these classes that the exception is one of, else None."""
        return next((kind for kind in kinds if isinstance(self.value, kind)), None)
