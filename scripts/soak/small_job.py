"""A job of every kind of output over a site of a dozen pages, small enough to run by the hundred.

The site has a redirect, a page that is there twice, one that is not there, and, if wanted, one
that answers only when it is asked again. Items are fanned out, dropped, and quarantined by schema
and by step. It may be played for several nights, in which items change, move, come, go and come
back. `Harvest` reads what a job left, in a form that two runs of it share.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

JOB = "small"
PAGES = 9
#: The night in which everything happens, the third.
NIGHT = 2
#: What stands in the files that the job appends to, or replaces, before its first run.
EARLIER = '{"earlier":1}\n'
EARLIER_CSV = "title,n\nearlier,1\n"

_STEP = """
def step(item):
    if item["n"] == 4:
        return None
    if item["n"] == 5:
        return [{**item, "half": 1}, {**item, "half": 2}]
    if item["n"] == 6:
        raise ValueError("a step that fails")
    return {**item, "twice": item["n"] * 2}
"""


class _Server(ThreadingHTTPServer):
    """Silent where a client hangs up, as one that is killed does."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class SmallSite:
    """The site, on a thread of its own: `with SmallSite(retry=True) as site`.

    Args:
        retry: /flaky answers 503 to the first that asks after `begin_again`.

    Attributes:
        night: Which night it is, from 0; None where nothing ever changes.
    """

    def __init__(self, *, retry: bool) -> None:
        self.night: int | None = None
        self._retry = retry
        self._asked: Counter[str] = Counter()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def begin_again(self) -> None:
        """Forget who has asked."""
        self._asked.clear()

    def answer(self, path: str) -> tuple[int, str, str]:
        """Return status, Location and body for a path."""
        self._asked[path] += 1
        if path == "/":
            links = ["/go", "/gone", "/flaky", *(f"/{n}" for n in range(1, PAGES + 1))]
            links += ["/new"] if self.night is not None and self.night >= NIGHT else []
            return 200, "", "".join(f'<a href="{link}">{link}</a>' for link in links)
        if path == "/go":
            return 302, "/1", ""
        if path == "/flaky":
            first = self._retry and self._asked[path] == 1
            return (503, "", "") if first else (200, "", _page(0))
        if self.night is not None and (changed := _at_night(self.night, path)) is not None:
            return changed
        number = path.strip("/")
        if number.isdigit() and int(number) <= PAGES:
            return 200, "", _page(int(number))
        return 404, "", ""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, location, body = site.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler


def _at_night(night: int, path: str) -> tuple[int, str, str] | None:
    """Return what is another answer than in the first night, by path."""
    if night < NIGHT:
        return (404, "", "") if night and path == "/2" else None  # and back in the night after
    answers = {
        "/1": (200, "", "<title>1</title><p class=i><b>t1</b><i>11</i></p>"),
        "/3": (404, "", ""),
        "/9": (301, "/moved", ""),
        "/moved": (200, "", _page(9)),
        "/new": (200, "", _page(12)),
    }
    return answers.get(path)


def _page(number: int) -> str:
    shown = "none" if number == 7 else number  # breaks the schema
    rest = "<p class=i><b>more</b><i>4</i></p>" if number == 8 else ""
    return f"<title>{number}</title><p class=i><b>t{number}</b><i>{shown}</i></p>{rest}"


def write_small_job(
    folder: Path, url: str, *, backend: str, slots: bool, incremental: bool = False
) -> None:
    """Write the config, its step, and the files that are there before.

    Args:
        folder: Where.
        url: Of the site.
        backend: `run.backend`.
        slots: The step runs in a process slot; otherwise where the items come from.
        incremental: It tells events, and has an output of what changed.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "step.py").write_text(_STEP)
    (data / "all.jsonl").write_text(EARLIER)
    (data / "latest.jsonl").write_text(EARLIER)
    (data / "all.csv").write_text(EARLIER_CSV)
    (data / "latest.csv").write_text(EARLIER_CSV)
    config: dict[str, Any] = {
        "version": 1,
        "name": JOB,
        "start": [url],
        "fetch": {"concurrency": 2, "per_host": {"delay": "0s", "adaptive": False}},
        "run": {"backend": backend, "threads": 2},
        "schemas": {
            "Entry": {
                "title": {"type": "str"},
                "n": {"type": "int"},
                "twice": {"type": "int", "optional": True},
            }
        },
        "extract": [
            {
                "item": "Entry",
                "each": "p.i",
                "fields": {
                    "title": {"css": "b", "then": ["text"]},
                    "n": {"css": "i", "then": ["text"]},
                },
            }
        ],
        "transform": {
            "workers": 1,
            "offload": "always" if slots else "never",
            "steps": [{"python": "step.py:step"}],
        },
        "checks": {"max_failed": "50%"},
        "output": [
            {"path": "data/new/{run_id}.jsonl"},
            {"path": "data/packed/{run_id}.jsonl.gz"},
            {"path": "data/all.jsonl", "mode": "append"},
            {"path": "data/latest.jsonl", "mode": "replace"},
            {"path": "data/all.csv", "mode": "append"},
            {"path": "data/latest.csv", "mode": "replace"},
        ],
    }
    if incremental:
        config["schemas"]["Entry"]["title"]["key"] = True
        config["output"].append({"path": "data/news/{run_id}.jsonl", "only": ["new", "changed"]})
        config["incremental"] = {
            "events": "data/events.jsonl", "gone": {"after_misses": 1, "recheck": False},
            "bodies": {},
        }  # fmt: skip
    (folder / "small.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a job left, without what may differ between two runs of it.

    Attributes:
        records: Name of an output to its records, as text, with how often each is there.
        corrupt: Outputs that do not read to their last byte.
        strays: Files beside the outputs that only an unfinished run may have.
        repeated_ids: `_id`s that an output has more than once.
    """

    records: dict[str, Counter[str]]
    corrupt: tuple[str, ...]
    strays: tuple[str, ...]
    repeated_ids: tuple[str, ...]

    def lost(self, other: Harvest) -> int:
        """Return how many records are less here than there."""
        return sum((self._of(name) - one).total() for name, one in self._pairs(other))

    def doubled(self, other: Harvest) -> int:
        """Return how many records are more there than here."""
        return sum((one - self._of(name)).total() for name, one in self._pairs(other))

    def _of(self, name: str) -> Counter[str]:
        return self.records.get(name, Counter())

    def _pairs(self, other: Harvest) -> list[tuple[str, Counter[str]]]:
        names = self.records.keys() | other.records.keys()
        return [(name, other.records.get(name, Counter())) for name in sorted(names)]


def harvest(folder: Path, url: str) -> Harvest:
    """Read back every output, quarantine, list of URLs and the books of a job on this site."""
    records: dict[str, Counter[str]] = {}
    corrupt: list[str] = []
    repeated: list[str] = []
    for name, path in _files(folder):
        try:
            found = _read(path)
        except (OSError, EOFError, ValueError) as error:
            corrupt.append(f"{name}: {error}")
            continue
        ids = Counter(one["_id"] for one in found if "_id" in one)
        repeated += [f"{name}: {key}" for key, n in ids.items() if n > 1]
        records.setdefault(name, Counter()).update(
            _shown(one).replace(url, "site:") for one in found
        )
    hidden = [path.name for path in (folder / "data").rglob(".*")]
    strays = [name for name in hidden if not name.endswith(".crawler")]
    return Harvest(records, tuple(corrupt), tuple(strays), tuple(repeated))


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Return what there is to read, by the name under which it is compared."""
    data, reports = folder / "data", folder / "reports" / JOB
    found = [("new", path) for path in sorted(data.glob("new/*.jsonl"))]
    found += [("news", path) for path in sorted(data.glob("news/*.jsonl"))]
    found += [("packed", path) for path in sorted(data.glob("packed/*.gz"))]
    found += [(path.name, path) for path in sorted(data.iterdir()) if path.suffix in _KINDS]
    for name in ("quarantine.jsonl", "urls.jsonl.gz", "summary.json"):
        found += [(name, path) for path in sorted(reports.glob(f"*/{name}"))]
    return found


_KINDS = (".jsonl", ".csv")
#: What differs between two runs, and what else is told of a broken item.
_VOLATILE = frozenset({"_id", "problems", "run", "at"})
#: What is the same in every run of the list of URLs.
_OF_A_REQUEST = ("url", "outcome", "reason", "status")


def _read(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    text = raw.decode()
    if text and not text.endswith("\n"):
        raise ValueError("its last line is partial")
    if path.name == "summary.json":
        books = json.loads(text)["books"]
        return [{"balanced": books["balanced"], "known": books["known"], "done": books["done"]}]
    if path.suffix == ".csv":
        rows = list(csv.reader(io.StringIO(text), strict=True))
        if any(len(row) != len(rows[0]) for row in rows):
            raise ValueError("its rows are of different widths")
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    lines = [json.loads(line) for line in text.splitlines()]
    if path.name == "urls.jsonl.gz":
        return [{key: one.get(key) for key in _OF_A_REQUEST} for one in lines]
    return lines


def _shown(record: dict[str, Any]) -> str:
    kept = {key: value for key, value in record.items() if key not in _VOLATILE}
    return json.dumps(kept, sort_keys=True)
