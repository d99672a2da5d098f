"""The control channel of a run, the other side: one request to whoever listens on a socket."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from crawler.damage import UNREADABLE

#: Seconds until somebody has answered.
PATIENCE = 5.0
#: Bytes of an answer that are read: it is a few thousand.
_MOST = 1 << 20


class NobodyThere(Exception):
    """No run listens on the socket; the message says why."""


class NoAnswer(Exception):
    """A run has the socket and does not answer; the message says why."""


class ControlCall:
    """A connection to a run; a context.

    Args:
        path: The socket.

    Raises:
        NobodyThere: On entering.
        NoAnswer: So many wait already that there is no getting in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = b""

    def __enter__(self) -> Self:
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(str(self._path))
        except TimeoutError as error:
            self._socket.close()
            raise NoAnswer(f"it lets nobody in for {PATIENCE:.0f} s") from error
        except OSError as error:
            self._socket.close()
            raise NobodyThere(f"{self._path}: {error.strerror or error}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request, and return its answer.

        Raises:
            NoAnswer: None came in time, or none that can be read.
        """
        with contextlib.suppress(OSError):  # it is closed already: the answer will not come
            self._socket.sendall(msgspec.json.encode(request) + b"\n")
        answer = self.listen(PATIENCE)
        if answer is None:
            raise NoAnswer("it closed the connection")
        return answer

    def listen(self, seconds: float) -> dict[str, Any] | None:
        """Wait for a further line; None when there is none to come.

        Raises:
            NoAnswer: Nothing came in time, or nothing that can be read.
        """
        self._socket.settimeout(seconds)
        try:
            while b"\n" not in self._buffer and len(self._buffer) < _MOST:
                piece = self._socket.recv(65_536)
                if not piece:
                    return None
                self._buffer += piece
        except TimeoutError as error:
            raise NoAnswer(f"nothing came for {seconds:.0f} s") from error
        except OSError:
            return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            return msgspec.json.decode(line, type=dict[str, Any])
        except UNREADABLE as error:
            raise NoAnswer("what it says is not understood; is it another version?") from error


def is_live(path: Path) -> bool:
    """Tell whether somebody listens on a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.setblocking(False)
        try:
            trial.connect(str(path))
        except BlockingIOError:
            return True  # so many wait that it would have to wait, too
        except OSError:
            return False
        return True
