"""Where downloaded files go: the seam between the workers and the store of files."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from crawler.errors import FetchError, NoRoomError
from crawler.messages import BodySink, FetchRequest, HttpResponse
from crawler.outcome import StoredFile


class FileTask(msgspec.Struct, frozen=True):
    """A file that something is to be made of.

    Attributes:
        path: Where its bytes are now.
        url: Where they come from.
        file: What is known of it, and where it is going to be.
    """

    path: str
    url: str
    file: StoredFile


class FileWorked(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        fields: For its line, with what was made of it.
        fault: In one word, why it is not to be kept: "broken"; "" if it is.
        why: The same for people; with no fault, why a step failed over a file that is kept.
    """

    fields: dict[str, Any] = {}
    fault: str = ""
    why: str = ""


class FileWork(Protocol):
    """What is made of files before they are in their place.

    Attributes:
        mark: What it is, as a short text: a file that another one was done to is worked on again.
    """

    mark: str

    async def apply(self, task: FileTask) -> FileWorked:
        """Work on a file.

        Raises:
            OutputError: What is made of it cannot be written.
            OffloadError: No process can be had for it.
        """
        ...


class Receiving(BodySink, Protocol):
    """The file of one URL, on its way.

    Attributes:
        kept: The file, if it is there and need not be asked for.
        unchanged: The file, if it is there and what `fields` ask is whether it has changed.
        fields: What is to be asked beside the usual: the rest of a file that is half here.
        complete: A body has come whole.
        unwanted: In one word, why the body that came is not wanted: "type", "noai"; "" if it is.
    """

    kept: StoredFile | None
    unchanged: StoredFile | None
    fields: tuple[tuple[str, bytes], ...]
    complete: bool
    unwanted: str

    async def settle(self) -> StoredFile:
        """Check the file that has come, and put it in its place.

        Raises:
            FileFault: It is not as it should be; nothing of it is left.
            OutputError: It cannot be written.
        """
        ...

    async def broke_off(self, error: FetchError) -> None:
        """Note that no body came, or not all of it; what may be gone on with is left."""
        ...

    async def begin_anew(self) -> None:
        """Throw away what is here of it."""
        ...


class FileRoom(Protocol):
    """Room for files: who finds none waits, with all others, until there is some."""

    async def for_file(self) -> bool:
        """Look whether there is room for another file, and wait if there is none.

        Returns:
            False if that took time, or the crawl ended: what was about to be done may be out of
            date.
        """
        ...

    async def none(self, why: NoRoomError) -> bool:
        """Wait: there was no room for a file.

        Returns:
            False if the crawl ended meanwhile, or because nobody made room.
        """
        ...

    async def for_lines(self) -> None:
        """Wait until there is room to write down what came, but no longer than for files."""
        ...

    def good(self) -> None:
        """Note that a file was stored."""
        ...


class FileStore(Protocol):
    """The files of a job.

    Attributes:
        room: For further ones.
    """

    room: FileRoom

    def receive(
        self, url: str, *, any_kind: bool = False
    ) -> AbstractAsyncContextManager[Receiving]:
        """Begin with a URL; another that asks for the same one waits until this one is through.

        Args:
            url: Of the file.
            any_kind: Files of every kind are kept, and not only those that the job asks for.

        Raises:
            NoRoomError: The disk is full; of what came no more is left than can be gone on with.
            StateError: What is known of the files cannot be read.
        """
        ...

    async def close(self) -> None:
        """Wait for what is being written, and let go of everything."""
        ...


class FileErrands(Protocol):
    """Fetches files that items name."""

    async def fetch(self, wish: FetchRequest) -> HttpResponse:
        """Fetch a file, when its host may be asked; a redirect is not followed.

        Raises:
            FetchError: No answer, or none that can be had.
            FileFault: robots.txt forbids it ("robots").
        """
        ...

    async def rest(self, seconds: float) -> None:
        """Wait before another try."""
        ...
