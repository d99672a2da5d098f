"""The control channel of a run, its side: a Unix socket that answers JSON lines.

Whoever connects can do the crawl no harm by the way they do it: a line is bounded, a client that
does not send or read is dropped, and beyond a few clients the next is closed as it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from crawler.damage import UNREADABLE
from crawler.observe.control_call import is_live

#: Bytes of a path that every system takes: macOS has room for 103, Linux for 107.
LONGEST_PATH = 100
#: Bytes of a request.
_LONGEST_LINE = 4_096
#: Clients at once; one that waits for the run's end is one.
CLIENTS = 16
#: Seconds that a client gets to send its request, and to take its answer.
PATIENCE = 5.0
#: Seconds that those who wait for the end get to take it.
_LAST_WORDS = 1.0
_NAME = "control"
_OWN_FOLDER = "crawler-"

#: Answers one request; the second value says that the client waits for the run's end.
Answer = Callable[[dict[str, Any]], tuple[dict[str, Any], bool]]


def default_path(state: Path) -> Path:
    """Return where the socket of a job lies, if its path is short enough."""
    return state / _NAME


class ControlSocket:
    """Listens on a socket that its user alone may open.

    Args:
        answer: Called on the loop; quick, and raises nothing.

    Attributes:
        path: Where it listens; None before `open`.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._end: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.path: Path | None = None

    async def open(self, state: Path) -> None:
        """Listen in a job's state, or where a path is short; the caller holds the job's lock.

        Raises:
            OSError: There is no place to listen.
        """
        listening, self.path = _bound(default_path(state))
        self._server = await asyncio.start_unix_server(
            self._connected, sock=listening, limit=_LONGEST_LINE
        )

    async def close(self, last: dict[str, Any]) -> None:
        """Say to those who wait how it ended, and listen no more."""
        if self._server is None:
            return
        self._server.close()
        _delete(self.path)
        self._end.set_result(last)
        if self._clients:
            await asyncio.wait(self._clients, timeout=_LAST_WORDS)
        # A task that is cancelled before its first step could not close its own connection.
        for task, writer in self._clients.items():
            writer.transport.abort()
            task.cancel()
        if self._clients:
            await asyncio.wait(self._clients)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= CLIENTS or self._end.done():
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._clients[task] = writer
        task.add_done_callback(self._clients.pop)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Whatever a client does is its own affair.
            with contextlib.suppress(OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
                await self._serve(reader, writer)
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(PATIENCE):
            line = await reader.readuntil(b"\n")
        answer, waits = self._answer(_request(line))
        await _send(writer, answer)
        if not waits:
            return
        # A client that goes away is let go of at once.
        gone = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait((gone, self._end), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if self._end.done():
            await _send(writer, self._end.result())


def _request(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except UNREADABLE:
        return {}


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        writer.write(msgspec.json.encode(answer) + b"\n")
        await writer.drain()


def _bound(wanted: Path) -> tuple[socket.socket, Path]:
    """Return a listening socket, in a folder of its own where the wanted path does not do."""
    if len(os.fsencode(wanted)) <= LONGEST_PATH:
        remove(wanted)
        # What is in the way is no socket, or the disk takes none: then somewhere else.
        with contextlib.suppress(OSError):
            return _listening(wanted), wanted
    folder = Path(tempfile.mkdtemp(prefix=_OWN_FOLDER, dir=_private_folder()))
    path = folder / _NAME
    try:
        return _listening(path), path
    except OSError:
        folder.rmdir()
        raise


def _listening(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(0o600)  # before it listens nobody gets in
        made.listen(CLIENTS)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def _private_folder() -> str | None:
    """Return the user's runtime folder; None for the one for temporary files."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    fits = folder is not None and os.access(folder, os.W_OK) and len(folder) < LONGEST_PATH // 2
    return folder if fits else None


def remove(path: Path | None) -> None:
    """Delete a socket on which nobody listens, and the folder that was made for it.

    Anything else is left alone: no socket, or one with somebody behind it.
    """
    if path is None:
        return
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not is_live(path):
            _delete(path)


def _delete(path: Path | None) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)  # some Pythons have deleted it already
        if path.parent.name.startswith(_OWN_FOLDER):
            path.parent.rmdir()
