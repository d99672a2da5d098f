"""Serve a folder of HTML with nginx on a free loopback port: the site that benches and tests crawl.

Or many sites: with `by_address` each address of 127.0.0.0/8 has a folder of its own, named by it.

Runs its own nginx with its own configuration, process id and logs in a temporary folder, as root or
not, beside any other. `python -m scripts.bench.docs_site FOLDER` serves until interrupted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

JAVADOC = Path("/usr/share/doc/openjdk-17-doc/api")
POSTGRESQL_DOCS = Path("/usr/share/doc/postgresql-doc-15/html")
PYTHON_DOCS = Path("/usr/share/doc/python3.11/html")

_CONFIG = """\
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 32768;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 16384; }}
http {{
    types {{
        text/html html htm;
        text/css css;
        text/plain txt;
        text/xml xml;
        application/javascript js;
        application/json json;
        application/pdf pdf;
        image/gif gif;
        image/png png;
        image/svg+xml svg;
        image/jpeg jpg jpeg;
    }}
    default_type application/octet-stream;
    log_format short '$status $request_method {prefix}$request_uri';
    access_log {home}/access.log short;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    sendfile on;
    keepalive_requests 1000000;
    server {{
        listen {listen}:{port} backlog=1024;
        allow 127.0.0.0/8;
        deny all;
        absolute_redirect on;
        index index.html;
        root "{folder}{below}";
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One line of the server's access log."""

    status: int
    method: str
    target: str


class DocsSite:
    """An nginx that serves one folder; a context manager.

    Args:
        folder: What is served.
        port: Where; any that is free if 0.
        by_address: Each address of 127.0.0.0/8 is a site of its own, in the folder that it names;
            targets in the log are whole URLs then.

    Attributes:
        url: Address of the folder, with a slash at its end; known once entered.
    """

    def __init__(self, folder: Path, *, port: int = 0, by_address: bool = False) -> None:
        self.folder = folder
        self._port = port
        self._by_address = by_address
        self.url = ""
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing(folder: Path) -> str:
        """Return why a folder cannot be served here, "" if it can."""
        if nginx_path() is None:
            return "nginx is not installed"
        if not (folder / "index.html").is_file():
            return f"{folder}/index.html does not exist"
        return ""

    def __enter__(self) -> Self:
        nginx = nginx_path()
        if nginx is None:
            raise FileNotFoundError("nginx is not installed")
        self._home = tempfile.TemporaryDirectory(prefix="docs-site-")
        home = Path(self._home.name)
        port = self._port or free_port()
        # As root the workers would change to a user who may not enter the folder served.
        user = "user root;" if os.geteuid() == 0 else ""
        text = _CONFIG.format(
            user=user, home=home, port=port, folder=self.folder,
            listen="0.0.0.0" if self._by_address else "127.0.0.1",
            below="/$server_addr" if self._by_address else "",
            prefix="http://$server_addr:$server_port" if self._by_address else "",
        )  # fmt: skip
        (home / "nginx.conf").write_text(text, encoding="utf-8")
        self._process = subprocess.Popen(
            [nginx, "-e", f"{home}/error.log", "-p", str(home), "-c", f"{home}/nginx.conf"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers(port)
        except BaseException:
            self.__exit__()
            raise
        self.url = f"http://127.0.0.1:{port}/"
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=10)
        if self._home is not None:
            self._home.cleanup()

    def log(self) -> list[LoggedRequest]:
        """Return every request answered so far, in order."""
        assert self._home is not None
        lines = Path(self._home.name, "access.log").read_text(encoding="utf-8").splitlines()
        fields = (line.split(" ", 2) for line in lines)
        return [LoggedRequest(int(status), method, target) for status, method, target in fields]

    def answered(self) -> int:
        """Return how many requests were answered so far."""
        assert self._home is not None
        return Path(self._home.name, "access.log").read_bytes().count(b"\n")

    def forget_log(self) -> None:
        """Begin the access log anew."""
        assert self._home is not None
        # nginx appends, so that cutting the file is enough.
        os.truncate(Path(self._home.name, "access.log"), 0)

    def fetches(self) -> Counter[str]:
        """Return how often each page was asked for, robots.txt left out."""
        return Counter(line.target for line in self.log() if line.target != "/robots.txt")

    def _wait_until_it_answers(self, port: int) -> None:
        assert self._process is not None
        assert self._home is not None
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        errors = Path(self._home.name, "error.log")
        raise RuntimeError(f"nginx did not start: {errors.read_text() if errors.exists() else ''}")


def nginx_path() -> str | None:
    """Return the nginx program, also where sbin is not in PATH, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Serve a folder until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=POSTGRESQL_DOCS)
    folder: Path = parser.parse_args().folder
    with DocsSite(folder.resolve()) as site:
        print(site.url, flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
