"""Where downloaded files go: the seam between the workers and the store of files."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from crawler.errors import FetchError
from crawler.messages import BodySink
from crawler.outcome import StoredFile


class Receiving(BodySink, Protocol):
    """The file of one URL, on its way.

    Attributes:
        kept: The file, if it is there and need not be asked for.
        fields: What is to be asked beside the usual: the rest of a file that is half here.
        complete: A body has come whole.
        unwanted: In one word, why the body that came is not wanted: "type", "noai"; "" if it is.
    """

    kept: StoredFile | None
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


class FileStore(Protocol):
    """The files of a job."""

    def receive(self, url: str) -> AbstractAsyncContextManager[Receiving]:
        """Begin with a URL; another that asks for the same one waits until this one is through.

        Raises:
            StateError: What is known of the files cannot be read.
        """
        ...

    async def close(self) -> None:
        """Wait for what is being written, and let go of everything."""
        ...
