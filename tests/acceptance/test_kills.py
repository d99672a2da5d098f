"""A crawl that is killed without warning, again and again, is as good as one that is not."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.bench.docs import write_config
from scripts.bench.docs_site import POSTGRESQL_DOCS, DocsSite
from scripts.soak.kill_docs import Wish, crawl, soak


@pytest.mark.slow
@pytest.mark.parametrize(
    "wish",
    [
        Wish(kills=5, seed=0),
        Wish(kills=5, seed=1, backend="threads"),
        Wish(kills=4, seed=2, transform=True),
    ],
)
def test_kills_at_full_speed_lose_and_repeat_nothing(wish: Wish, tmp_path: Path) -> None:
    if reason := DocsSite.missing(POSTGRESQL_DOCS):
        pytest.skip(reason)
    with DocsSite(POSTGRESQL_DOCS) as site:
        found = soak(site, tmp_path, wish)

    assert found == []


class HeldSite:
    """One page, answered only once `answer` is set; `asked` is set when it is asked for."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/robots.txt":
                    site.asked.set()
                    site.answer.wait(timeout=60)
                with contextlib.suppress(ConnectionError):  # the killed asker is gone
                    self.send_response(404 if self.path == "/robots.txt" else 200)
                    self.send_header("Content-Type", "text/html")
                    self.end_headers()
                    self.wfile.write(b"<title>held</title>")

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler


@pytest.fixture
def held_site() -> Iterator[HeldSite]:
    site = HeldSite()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.answer.set()
    site.server.shutdown()
    thread.join()
    site.server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["new", "append", "replace"])
def test_a_kill_before_the_first_item_does_not_stop_the_next_start(
    held_site: HeldSite, tmp_path: Path, mode: str
) -> None:
    config = write_config(tmp_path / "docs.yaml", held_site.url)
    with config.open("a") as file:
        file.write(f"output: [{{path: data/docs/items.jsonl, mode: {mode}}}]\n")
    process = crawl(tmp_path)
    assert held_site.asked.wait(timeout=30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held_site.answer.set()

    code = crawl(tmp_path).wait(timeout=60)

    assert (code, (tmp_path / "stderr").read_text().count("error:")) == (0, 0)
    lines = (tmp_path / "data" / "docs" / "items.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["held"]
