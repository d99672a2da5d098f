"""Redirects a crawl that carries secrets to other origins, and looks at what arrives there.

    python -m scripts.soak.redirect_matrix [--backend asyncio|threads]

Every status times every change of origin times GET and POST, each request with a secret in each
place that can hold one. Prints, for each change and status, the requests that arrived at the other
origin and the secrets among them, which must be none. Exits with 1 if there is one, or if a request
reaches its own origin without all of its secrets.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crawler.testing.authority import CertificateAuthority
from crawler.testing.conversations import Conversations
from scripts.soak.address_guard import crawl_books
from scripts.soak.fault_crawl import trusted
from scripts.soak.told_names import told_names

STATUSES = (300, 301, 302, 303, 307, 308)
#: A page that names where to go on, in a field and in a tag.
REFRESH = 200
CHANGES = ("other host", "subdomain", "other port", "https to http", "user in the URL")
#: One of each in every request; the body in those with POST.
SECRETS = (
    "authorization", "key", "header-cookie", "request-cookie", "config-cookie", "jar-cookie",
    "referer", "auth", "body",
)  # fmt: skip
_SECRET = re.compile(rb"SECRET-([a-z-]+)")

_SPIDER = """
from crawler import Request, Spider

FIELDS = {
    "Authorization": "Bearer SECRET-authorization", "X-Api-Key": "SECRET-key",
    "Referer": "http://shop.example/SECRET-referer",
}

class Carrier(Spider):
    name = "carrier"
    handle_httpstatus_list = [300]

    def parse(self, response):
        for path in response.css("a::attr(href)").getall():
            for method, body in (("GET", b""), ("POST", b"SECRET-body")):
                for kind in ("header", "request", "config"):
                    headers = {} if kind == "config" else dict(FIELDS)
                    if kind == "header":
                        headers["Cookie"] = "c=SECRET-header-cookie"
                    yield Request(
                        response.urljoin(f"{path}/{method}/{kind}"), self.landed, method=method,
                        headers=headers, body=body, dont_filter=True,
                        cookies={"r": "SECRET-request-cookie"} if kind == "request" else {},
                    )

    def landed(self, response):
        pass
"""


@dataclass
class Seen:
    """Requests to the servers.

    Attributes:
        own: Secrets of each request to the origin that they are meant for, by path.
        elsewhere: Secrets of each request that arrived at another origin, by path.
    """

    own: dict[str, set[str]] = field(default_factory=dict)
    elsewhere: dict[str, set[str]] = field(default_factory=dict)

    @property
    def leaks(self) -> list[str]:
        """Secrets that arrived where they must not."""
        return [f"{path}: {one}" for path, found in self.elsewhere.items() for one in sorted(found)]

    @property
    def missing(self) -> list[str]:
        """Secrets that did not arrive where they must."""
        return [
            f"{path}: {one}"
            for path, found in self.own.items()
            for one in sorted(_wanted(path) - found)
        ]

    def count(self, change: int, status: int) -> tuple[int, int]:
        """Return requests that a cell of the matrix led to, and secrets in them."""
        start = f"/landed/{status}/{change}/"
        found = [found for path, found in self.elsewhere.items() if path.startswith(start)]
        return len(found), sum(map(len, found))


def _wanted(path: str) -> set[str]:
    method, kind = path.split("/")[-2:]
    wanted = {
        # A field of a request's own takes the place of what the config and the jar have for it.
        "header": {"authorization", "key", "referer", "header-cookie"},
        "request": {
            "authorization", "key", "referer", "request-cookie", "config-cookie", "jar-cookie",
        },
        "config": {"auth", "config-cookie", "jar-cookie"},
    }[kind]  # fmt: skip
    return wanted | {"body"} if method == "POST" else wanted


class _Site:
    """All hosts: two ports without TLS, one with it."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.ports: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            path = head.split(b" ", 2)[1].decode()
            writer.write(self._answer(path, head + body))
            await writer.drain()

    def _answer(self, path: str, raw: bytes) -> bytes:
        found = {one.decode() for one in _SECRET.findall(raw)}
        if path == "/login":
            secure = raw.partition(b"ost: ")[2].startswith(b"secure.")
            changes = [n for n, name in enumerate(CHANGES) if (name == "https to http") == secure]
            links = [f"/go/{status}/{n}" for n in changes for status in (*STATUSES, REFRESH)]
            page = "".join(f'<a href="{link}"></a>' for link in links)
            cookie = f"j=SECRET-jar-cookie{'; Secure' if secure else ''}"
            return _page(page, f"Set-Cookie: {cookie}\r\n")
        if path.startswith("/landed/"):
            self._seen.elsewhere[path] = found
            return _page("landed")
        self._seen.own[path] = found
        _, _, status, change, *rest = path.split("/")
        to = f"{self._elsewhere(int(change))}/landed/{status}/{change}/{'/'.join(rest)}"
        if int(status) == REFRESH:
            tag = f'<meta http-equiv="refresh" content="0; url={to}">'
            return _page(tag, f"Refresh: 0; url={to}\r\n")
        head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        return head.encode()

    def _elsewhere(self, change: int) -> str:
        plain, second, _ = self.ports
        return {
            "other host": f"http://other.example:{plain}",
            "subdomain": f"http://www.shop.example:{plain}",
            "other port": f"http://shop.example:{second}",
            "https to http": f"http://secure.example:{plain}",
            "user in the URL": f"http://user:password@other.example:{plain}",
        }[CHANGES[change]]


def _page(body: str, fields: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{fields}Content-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


@contextlib.asynccontextmanager
async def _serving(site: _Site, authority: CertificateAuthority) -> AsyncIterator[None]:
    context = authority.context("good", "127.0.0.1", "secure.example")
    conversations = Conversations()
    servers = [
        await asyncio.start_server(conversations.having(site.serve), "127.0.0.1", 0, ssl=tls)
        for tls in (None, None, context)
    ]
    site.ports = [server.sockets[0].getsockname()[1] for server in servers]
    try:
        yield
    finally:
        await conversations.end(*servers)


async def carry(folder: Path, backend: str, authority: CertificateAuthority) -> Seen:
    """Send a crawl with secrets through the whole matrix.

    Args:
        folder: For the job; empty.
        backend: `run.backend`.
        authority: Signs for the origin with TLS.
    """
    seen = Seen()
    site = _Site(seen)
    with _patched(authority):
        async with _serving(site, authority):
            await crawl_books(_write_job(folder, backend, site.ports), folder)
    return seen


@contextlib.contextmanager
def _patched(authority: CertificateAuthority) -> Iterator[None]:
    with trusted(authority), told_names(lambda _: ("127.0.0.1",)):
        yield


def _write_job(folder: Path, backend: str, ports: list[int]) -> Path:
    (folder / "carrier.py").write_text(_SPIDER)
    plain, _, tls = ports
    shop, secure = f"http://shop.example:{plain}", f"https://secure.example:{tls}"
    config = {
        "version": 1, "name": "matrix", "spider": "carrier.py:Carrier",
        "start": [f"{shop}/login", f"{secure}/login"], "run": {"backend": backend},
        "scope": {"hosts": [
            f"{host}:{port}" for port in ports
            for host in ("shop.example", "www.shop.example", "other.example", "secure.example")
        ]},
        "fetch": {
            "robots": "ignore", "retries": 0, "private_addresses": "allow",
            "auth": {one: {"bearer": "SECRET-auth"} for one in (shop, secure)},
            "cookies": {"g": "SECRET-config-cookie"}, "per_host": {"delay": "0s", "concurrency": 4},
        },
        "checks": {"allow_empty": True, "max_failed": "100%"},
    }  # fmt: skip
    path = folder / "matrix.yaml"
    path.write_text(json.dumps(config))
    return path


def table(seen: Seen) -> list[str]:
    """Return the matrix: requests that arrived elsewhere, and secrets in them."""
    names = [str(status) for status in STATUSES] + ["refresh"]
    lines = [" | ".join(("change of origin", *names))]
    for number, change in enumerate(CHANGES):
        cells = (seen.count(number, status) for status in (*STATUSES, REFRESH))
        lines.append(" | ".join((change, *(f"{asked} asked, {leaks}" for asked, leaks in cells))))
    sent = Counter(secret for found in seen.own.values() for secret in found)
    lines.append("sent to their own origin: " + ", ".join(f"{k} {n}" for k, n in sent.items()))
    return lines


async def main_of(backends: list[str]) -> int:
    """Print the matrix for some backends; return the exit code."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="matrix-") as name:
        authority = CertificateAuthority(Path(name, "authority"))
        for backend in backends:
            folder = Path(name, backend)
            await asyncio.to_thread(folder.mkdir)
            seen = await carry(folder, backend, authority)
            print(f"{backend}: leaked {len(seen.leaks)}", *table(seen), sep="\n", flush=True)
            wrong += seen.leaks + seen.missing
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    """Play the matrix on the backends that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=("asyncio", "threads"))
    arguments = parser.parse_args()
    backends = [arguments.backend] if arguments.backend else ["asyncio", "threads"]
    return asyncio.run(main_of(backends))


if __name__ == "__main__":
    sys.exit(main())
