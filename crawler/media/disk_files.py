"""A `FileStore` on the disk: parts beside the store, whole files named by their bytes in it.

A body is written to a part in a folder beside the files, so that one rename puts it in its place:
nobody ever sees half a file there. A part whose server gave a strong validator is gone on with
(RFC 9110 §14, and §13.1.5 for `If-Range`), after a cut, a kill, or by the next run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crawler.errors import NoRoomError
from crawler.interfaces import FileRoom, FileTask, FileWork, Receiving
from crawler.media.download import Download, worked
from crawler.media.file_shelf import FileShelf, Part
from crawler.outcome import StoredFile


class DiskFiles:
    """The files of a job.

    Args:
        shelf: Where they are; it is closed with this.
        room: For more of them.
    """

    def __init__(self, shelf: FileShelf, room: FileRoom) -> None:
        self._shelf = shelf
        self.room = room
        self._turns: dict[str, _Turn] = {}

    @asynccontextmanager
    async def receive(self, url: str, *, any_kind: bool = False) -> AsyncIterator[Receiving]:
        """See `FileStore.receive`."""
        shelf = self._shelf
        turn = self._turns.setdefault(url, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                kept, part = None, Part()
                if shelf.ledger.may_know(url):
                    kept, part = await shelf.writer.run(lambda: shelf.look(url))
                if kept is not None and shelf.work is not None and kept.worked != shelf.work.mark:
                    kept = await self._work_again(url, kept, shelf.work)
                one = Download(shelf, url, kept, part, any_kind=any_kind)
                try:
                    yield one
                except NoRoomError:
                    await one.give_back()
                    raise
                finally:
                    await one.let_go()
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[url]

    async def close(self) -> None:
        """See `FileStore.close`."""
        await asyncio.to_thread(self._shelf.close)

    async def _work_again(self, url: str, kept: StoredFile, work: FileWork) -> StoredFile | None:
        """Do to a file that is there what was not done to it; None if it turns out to be none."""
        shelf = self._shelf
        said = await work.apply(FileTask(str(shelf.base / kept.path), url, kept))
        if said.fault:
            return None  # what its server says now decides
        made = worked(kept, said, work.mark)
        await shelf.writer.run(lambda: shelf.ledger.put(url, made))
        return made


class _Turn:
    """Who has to do with a URL at the moment."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
