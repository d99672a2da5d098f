"""A name server on loopback that knows every name below one domain, can go, and can be silent."""

from __future__ import annotations

import socket
import threading
from typing import Self

#: Where it is asked: resolvers know no other port.
ADDRESS = "127.0.0.153"
#: Names that it knows: all are this machine.
DOMAIN = "pictures.test"
_PORT = 53
_A, _HEAD = 1, 12
#: Seconds for which names hold: a pause is to be noticed.
_TTL = 0
#: Seconds between two looks whether it is to go.
_LOOK = 0.05


class NameServer:
    """The server; a context manager. It answers at first."""

    def __init__(self) -> None:
        self._serving: threading.Thread | None = None
        self._away = threading.Event()
        self._silent = False

    def __enter__(self) -> Self:
        self.back()
        return self

    def __exit__(self, *_: object) -> None:
        self.gone()

    def back(self) -> None:
        """Answer from now on."""
        self._silent = False
        if self._serving is None:
            self._away.clear()
            here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            here.bind((ADDRESS, _PORT))
            self._serving = threading.Thread(target=self._serve, args=(here,), daemon=True)
            self._serving.start()

    def gone(self) -> None:
        """Let nobody be there: whoever asks is refused."""
        if self._serving is not None:
            self._away.set()
            self._serving.join()
            self._serving = None

    def silence(self) -> None:
        """Take questions and answer none."""
        self._silent = True

    def _serve(self, here: socket.socket) -> None:
        here.settimeout(_LOOK)
        with here:
            while not self._away.is_set():
                try:
                    question, asker = here.recvfrom(1_024)
                except TimeoutError:
                    continue
                if not self._silent:
                    here.sendto(_answer(question), asker)


def _answer(question: bytes) -> bytes:
    """Return the answer to a question with one name (RFC 1035 §4.1)."""
    end = question.index(b"\0", _HEAD) + 5
    asked, kind = question[_HEAD:end], int.from_bytes(question[end - 4 : end - 2], "big")
    known = DOMAIN.split(".")[-1].encode() in asked
    record = b""
    if known and kind == _A:
        record = (
            b"\xc0\x0c\0\1\0\1" + _TTL.to_bytes(4, "big") + b"\0\4" + socket.inet_aton("127.0.0.1")
        )
    flags = b"\x81\x80" if known else b"\x81\x83"
    counts = b"\0\1" + (b"\0\1" if record else b"\0\0") + b"\0\0\0\0"
    return question[:2] + flags + counts + asked + record
