"""The seeded site as a harness sees it: started, counted, its log read."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scripts.soak.site_server import ANSWERED, DISTINCT, PORT, ROUND, Board


@dataclass(frozen=True, slots=True)
class Request:
    """One request at the server.

    Attributes:
        at: Monotonic second, of the clock that all processes of this machine share.
        host: Index of the host.
        beside: Requests to this host that were still open.
        agent: The one word by which whoever asked calls itself.
        path: As sent.
    """

    at: float
    host: int
    beside: int
    agent: str
    path: str


class SiteProcess:
    """The server of a seeded site; a context manager.

    Args:
        seed: Of the site.
        pages: In all.
        hosts: That share them.
        quick: Without pages that make a crawl wait.
    """

    def __init__(self, seed: int, *, pages: int, hosts: int, quick: bool = False) -> None:
        self.hosts = hosts
        self._words = [str(seed), str(pages), str(hosts), *(["quick"] if quick else [])]
        self._home: tempfile.TemporaryDirectory[str]
        self._process: subprocess.Popen[bytes]
        self._board: Board

    def __enter__(self) -> Self:
        self._home = tempfile.TemporaryDirectory(prefix="soak-site-")
        self._board = Board(Path(self._home.name, "board"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.soak.site_server", self._home.name, *self._words],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + 20
        while not self._board[PORT]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("the site's server did not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._home.cleanup()

    def starts(self) -> list[str]:
        """Return the URL of each host's first page."""
        return [f"http://127.0.0.{n + 1}:{self._board[PORT]}/p/0" for n in range(self.hosts)]

    def next_round(self) -> None:
        """Begin anew: what answers only the first time does so again, and the log is empty."""
        self._board[ANSWERED] = self._board[DISTINCT] = 0
        self._board[ROUND] += 1

    @property
    def answered(self) -> int:
        """Requests of this round."""
        return self._board[ANSWERED]

    @property
    def distinct(self) -> int:
        """URLs that were asked for in this round."""
        return self._board[DISTINCT]

    def log(self) -> list[Request]:
        """Return the requests of this round in order."""
        path = Path(self._home.name, f"log-{self._board[ROUND]}")
        if not path.exists():
            return []
        fields = (line.split(" ", 4) for line in path.read_text(encoding="utf-8").splitlines())
        return [
            Request(float(at), int(host), int(n), agent, path)
            for at, host, n, agent, path in fields
        ]
