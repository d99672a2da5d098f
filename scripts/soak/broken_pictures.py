"""A server of pictures that are broken in every way we know of, on loopback."""

from __future__ import annotations

import http.server
import io
import struct
import threading
import time
from collections.abc import Callable
from typing import Self

from PIL import Image

from crawler.practice.covers import png_of

#: What is wrong with a picture, and its class in the manifest.
BREAKAGES = {
    "missing": ("404", "status"), "moved": ("a redirect to nowhere", "status"),
    "error": ("500", "server"), "page": ("an HTML page called a JPEG", "type"),
    "empty": ("no bytes", "empty"), "cut": ("half of it, said to be all", "broken"),
    "capped": ("half of it, closed with an end marker", "broken"),
    "short": ("less than was announced", "truncated"), "spoilt": ("bytes in disorder", "broken"),
    "boast": ("50,000 x 50,000 pixels", "too_many_pixels"), "dot": ("8 x 8 pixels", "too_small"),
    "svg": ("SVG", "type"), "zip": ("an archive", "type"), "large": ("2 MiB", "too_large"),
    "noai": ("X-Robots-Tag: noai", "noai"), "silent": ("never an answer", "timeout"),
    "loop": ("redirects in a circle", "redirect"), "lie": ("a JPEG called a GIF", None),
    "film": ("a film of 300 frames", None),
}  # fmt: skip


class BreakingSite:
    """The server; a context manager.

    Attributes:
        url: Its address, with a slash at its end.
    """

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have heard enough."""


def broken_list(site: BreakingSite, count: int) -> list[tuple[str, str, str | None]]:
    """Return URLs, what each is, and the class of error that its line is to have."""
    found: list[tuple[str, str, str | None]] = []
    kinds = list(BREAKAGES)
    for number in range(count):
        if number % 10 != 9:
            found.append((f"{site.url}good/{number}", "a picture", None))
            continue
        turn = number // 10 % (len(kinds) + 3)
        if turn < len(kinds):
            what, error = BREAKAGES[kinds[turn]]
            found.append((f"{site.url}{kinds[turn]}/{number}", what, error))
        else:
            more = (
                (f"http://name-{number}.invalid/1.jpg", "no such host", "dns"),
                (f"http://127.0.0.1:9/{number}.jpg", "no server", "connect"),
                (f"nonsense-{number}", "no URL", "url"),
            )
            found.append(more[turn - len(kinds)])
    return found


def _photo(number: int) -> bytes:
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize((300 + number % 50, 200)).convert("RGB")
    image.putpixel((number % 300, number // 300), (255, 0, 0))
    image.save(out, "JPEG", quality=95, comment=str(number).encode())
    return out.getvalue()


def _film(number: int) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 40), (shade % 256, number % 256, 0)) for shade in range(300)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _boast(number: int) -> bytes:
    png = png_of(80, 80, (0, 0, 0), str(number))
    return png[:16] + struct.pack(">II", 50_000, 50_000) + png[24:]


def _spoilt(number: int) -> bytes:
    png = png_of(80, 80, (0, 0, 0), str(number))
    return png[:60] + bytes(reversed(png[60:-12])) + png[-12:]


_BODIES: dict[str, Callable[[int], bytes]] = {
    "good": _photo, "noai": _photo, "lie": _photo, "film": _film, "boast": _boast,
    "spoilt": _spoilt, "page": lambda n: b"<html>no picture</html>", "empty": lambda n: b"",
    "cut": lambda n: _photo(n)[: len(_photo(n)) // 2], "short": _photo,
    "capped": lambda n: _photo(n)[: len(_photo(n)) // 2] + b"\xff\xd9",
    "dot": lambda n: png_of(8, 8, (0, 0, 0), str(n)), "zip": lambda n: b"PK\x03\x04" + bytes(100),
    "svg": lambda n: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "large": lambda n: _photo(n) + bytes(2 << 20),
}  # fmt: skip


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as the path says."""
        kind, _, rest = self.path.strip("/").partition("/")
        number = int(rest) if rest.isdigit() else 0
        if kind == "silent":
            time.sleep(8)
            self.close_connection = True
        elif kind in ("moved", "loop"):
            self._head(302, 0, location=f"/missing/{number}" if kind == "moved" else self.path)
        elif kind in _BODIES:
            self._give(kind, _BODIES[kind](number))
        else:
            self._head(500 if kind == "error" else 404, 0)

    def _give(self, kind: str, body: bytes) -> None:
        more = {"x-robots-tag": "noai"} if kind == "noai" else {}
        media_type = {"lie": "image/gif", "svg": "image/svg+xml"}.get(kind, "image/jpeg")
        short = kind == "short"
        self._head(200, len(body), content_type=media_type, **more)
        self.wfile.write(body[: len(body) // 2] if short else body)
        if short:
            self.close_connection = True

    def _head(self, status: int, size: int, **fields: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(size))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
