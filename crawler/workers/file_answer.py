"""What an answer that was to bring a file has brought."""

from __future__ import annotations

import msgspec

from crawler.errors import FetchError, FileFault
from crawler.interfaces import Receiving
from crawler.messages import HttpResponse
from crawler.outcome import ErrorClass, StoredFile

_NOT_MODIFIED, _NOT_SATISFIABLE = 304, 416


class FileAnswer(msgspec.Struct, frozen=True):
    """A file that is there, or why it is not.

    Attributes:
        file: Where it is; None if it is no file as asked for, and was not kept.
        http: The answer that brought it, its body empty; None for one that was there before.
        fault: Why it is none, or what failed over it.
    """

    file: StoredFile | None = None
    http: HttpResponse | None = None
    fault: FileFault | None = None


def kept_answer(file: StoredFile) -> FileAnswer:
    """Return the answer for a file that was there."""
    return FileAnswer(file, fault=_spoilt(file))


async def received(
    url: str, answer: HttpResponse, receiving: Receiving
) -> FileAnswer | HttpResponse | FetchError:
    """Return the file of an answer, put in its place; the answer itself if it is about none.

    Args:
        url: That was asked for.
        answer: Its body has gone to `receiving`.
        receiving: The file on its way.

    Raises:
        OutputError: It cannot be written.
    """
    if answer.status == _NOT_MODIFIED and receiving.unchanged is not None:
        return FileAnswer(receiving.unchanged, answer)
    if answer.status == _NOT_SATISFIABLE and len(receiving.fields) > 1:
        # What is here is as long as the file, or longer: it was another one.
        await receiving.begin_anew()
        said = "what was here of the file is no part of it any more"
        return FetchError(ErrorClass.TRUNCATED, said, url=url, status=answer.status)
    if not 200 <= answer.status < 300:
        return answer
    if receiving.unwanted == "noai":
        return FileAnswer(http=answer, fault=FileFault("noai", "its X-Robots-Tag says no AI"))
    if receiving.unwanted:
        said = answer.media_type
        return FileAnswer(http=answer, fault=FileFault("type", f"the server says {said}"))
    if not receiving.complete:
        return FileAnswer(http=answer, fault=FileFault("empty", f"HTTP {answer.status}"))
    try:
        file = await receiving.settle()
    except FileFault as fault:
        return FileAnswer(http=answer, fault=fault)
    return FileAnswer(file, answer, _spoilt(file))


def _spoilt(file: StoredFile) -> FileFault | None:
    return FileFault("step", file.spoilt) if file.spoilt else None
