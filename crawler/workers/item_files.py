"""Files that items name: `file_urls` and `image_urls`, fetched before the page is concluded.

A page is the unit of truth, and its items' files are a part of it: they are there when the items
are written, and a page that is fetched again after a kill finds those that were there already.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from crawler.errors import FetchError, FileFault, HandBack, NoRoomError, OutageError
from crawler.interfaces import FileErrands, FileStore
from crawler.items import encode_fields
from crawler.messages import FetchRequest, QueuedRequest
from crawler.outcome import ErrorClass, ItemRecord, PageOutcome, StoredFile
from crawler.policy.retry import RetryPolicy, is_final
from crawler.urls import join
from crawler.workers.file_answer import FileAnswer, kept_answer, received
from crawler.workers.inline import Visits

AnswerT = TypeVar("AnswerT")

#: Fields that name files, where what came of them is put, and whether they are to be pictures.
_FIELDS = (("file_urls", "files", False), ("image_urls", "images", True))
#: Files of one item; more are left out, and said to be.
_MOST = 1_000
_MOST_HOPS = 10
#: Seconds that a page waits for another try of one of its files.
_LONGEST_WAIT = 30.0
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class _Moved(NamedTuple):
    url: str


class ItemFileVisitor(Generic[AnswerT]):
    """A visitor that gets the files which items name.

    Args:
        inner: Fetches pages, and reads them.
        errands: Fetches files, when their hosts may be asked.
        store: Where they go.
        retry: Says how often and when one is tried again.
    """

    def __init__(
        self,
        inner: Visits[AnswerT],
        errands: FileErrands,
        store: FileStore,
        retry: RetryPolicy,
    ) -> None:
        self._inner = inner
        self._errands = errands
        self._store = store
        self._retry = retry

    async def fetch(self, request: QueuedRequest) -> AnswerT:
        """See `Visits.fetch`."""
        return await self._inner.fetch(request)

    async def conclude(self, request: QueuedRequest, answer: AnswerT) -> PageOutcome:
        """See `Visits.conclude`.

        Raises:
            HandBack: The crawl ended while there was no room for a file, or no name server.
        """
        outcome = await self._inner.conclude(request, answer)
        for place, item in enumerate(outcome.items):
            filled = await self._filled(request.url, item)
            if filled is not None:
                outcome.items[place] = filled
                outcome.encoded[place] = encode_fields(filled.data)
        return outcome

    async def _filled(self, page: str, item: ItemRecord) -> ItemRecord | None:
        """Return an item with what came of its files; None if it names none."""
        found: dict[str, list[dict[str, Any]]] = {}
        for field, into, pictures in _FIELDS:
            urls = item.data.get(field)
            if isinstance(urls, str):
                urls = [urls]
            if isinstance(urls, list | tuple):
                found[into] = [
                    await self._line(page, url, pictures=pictures, room=place < _MOST)
                    for place, url in enumerate(urls)
                ]
        if not found:
            return None
        return ItemRecord(item.name, {**item.data, **found})

    async def _line(self, page: str, url: object, *, pictures: bool, room: bool) -> dict[str, Any]:
        line: dict[str, Any] = dict.fromkeys(("url", "path", "sha256", "status", "error"))
        whole = join(page, url) if isinstance(url, str) else None
        line |= {"url": whole or url, "status": "failed"}
        if whole is None:
            return line | {"error": "url"}
        if not room:
            return line | {"error": "too_many"}
        answer = await self._got(whole, pictures=pictures)
        if isinstance(answer, FetchError):
            return line | {"error": str(answer.kind)}
        fault, file = answer.fault, answer.file
        if fault is not None:
            skipped = fault.fault in ("robots", "noai")
            line |= {"status": "skipped" if skipped else "failed", "error": fault.fault}
        if file is not None:
            line |= {"path": file.path, "sha256": file.sha256, **file.fields}
            if fault is None:
                line["status"] = _status(file)
        return line

    async def _got(self, url: str, *, pictures: bool) -> FileAnswer | FetchError:
        """Return the file of a URL, or why there is none, however often that took."""
        tries = hops = 0
        while True:
            try:
                answer = await self._once(url, pictures=pictures)
            except NoRoomError as full:
                if not await self._store.room.none(full):
                    raise HandBack from None
                continue
            if isinstance(answer, FileAnswer):
                return answer
            if isinstance(answer, _Moved):
                url, hops = answer.url, hops + 1
                if hops > _MOST_HOPS:
                    return FetchError(ErrorClass.REDIRECT, "too many redirects", url=url)
                continue
            tries, kind = tries + 1, ErrorClass(answer.kind)
            if is_final(kind):
                return answer
            again = self._retry.decide(
                kind, tries, retry_after=answer.retry_after, key=len(url)
            )  # fmt: skip
            if again is None or again.wait > _LONGEST_WAIT:
                return answer
            await self._errands.rest(again.wait)

    async def _once(self, url: str, *, pictures: bool) -> FileAnswer | FetchError | _Moved:
        async with self._store.receive(url, any_kind=not pictures) as receiving:
            if receiving.kept is not None:
                return kept_answer(receiving.kept)
            await self._store.room.for_file()
            wish = FetchRequest(url=url, headers=receiving.fields, any_type=True, sink=receiving)
            try:
                answer = await self._errands.fetch(wish)
            except FileFault as fault:
                return FileAnswer(fault=fault)
            except OutageError:
                raise HandBack from None
            except FetchError as error:
                await receiving.broke_off(error)
                return error
            result = await received(url, answer, receiving)
        if isinstance(result, FileAnswer) and result.file is not None:
            self._store.room.good()
        if isinstance(result, FileAnswer | FetchError):
            return result
        if result.status in _REDIRECTS:
            moved = join(url, result.headers.text("location"))
            if moved is None:
                return FetchError(ErrorClass.REDIRECT, "a redirect to no URL", url=url)
            return _Moved(moved)
        kind = _kind_of(result.status)
        return FetchError(
            kind, f"HTTP {result.status}", url=url, status=result.status,
            retry_after=result.retry_after,
        )  # fmt: skip


def _kind_of(status: int) -> ErrorClass:
    if status == 429:
        return ErrorClass.RATE_LIMITED
    return ErrorClass.SERVER if status >= 500 else ErrorClass.STATUS


def _status(file: StoredFile) -> str:
    if file.kept:
        return "kept"
    return "stored" if file.duplicate_of is None else "duplicate"
