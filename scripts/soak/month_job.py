"""The job that crawls the practice shop every night of a month, and the events that it told."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.soak.month_truth import Told, shown

JOB = "month"
CONFIG = "month.yaml"
EVENTS = f"data/{JOB}/changes.jsonl"
#: Rules for the usual markup, and those that fit the redesign.
_USUAL = {
    "price": {"css": "p.price_color::text", "then": ["number"]},
    "in_stock": {"css": "p.availability", "then": ["text", {"contains": "In stock"}]},
    "stock": {"css": "p.availability", "then": ["text", {"regex": "(\\d+) available"}]},
    "rating": {"css": "p.star-rating::attr(class)", "then": [{"regex": "star-rating (\\w+)"}]},
}
_STARS = ("One", "Two", "Three", "Four", "Five")
_WORDS = {str(number + 1): word for number, word in enumerate(_STARS)}
_MENDED = {
    "price": {"css": "data.cost::attr(value)", "then": ["number"]},
    "in_stock": {"css": "span.stock-level", "then": ["text", {"contains": "In stock"}]},
    "stock": {"css": "span.stock-level", "then": ["text", {"regex": "(\\d+) available"}]},
    "rating": {"css": "meter.stars::attr(value)", "then": [{"map": _WORDS}]},
}


@dataclass(frozen=True, slots=True)
class Wish:
    """How the job runs.

    Attributes:
        policy: `incremental.revisit.policy`; empty for a job that is not incremental.
        backend: `run.backend`.
        workers: `run.workers`.
    """

    policy: str = "always"
    backend: str = "asyncio"
    workers: int = 1


def write_job(folder: Path, origin: str, wish: Wish, *, mended: bool = False) -> None:
    """Write the config.

    Args:
        folder: Where.
        origin: Of the site.
        wish: How it runs.
        mended: The rules fit the redesign.
    """
    config: dict[str, Any] = {
        "version": 1,
        "name": JOB,
        "start": [f"{origin}/"],
        "scope": {"allow": ["/", "/catalogue/**"]},
        "fetch": {
            "retries": 1,
            "concurrency": 8,
            "per_host": {"delay": "0s", "concurrency": 8, "adaptive": False},
        },
        "run": {"backend": wish.backend, "workers": wish.workers},
        "schemas": {
            "Book": {
                "upc": {"type": "str", "key": True},
                "title": {"type": "str"},
                "price": {"type": "decimal", "ge": 0, "optional": True},
                "in_stock": {"type": "bool", "optional": True},
                "stock": {"type": "int", "optional": True},
                "rating": {"type": "str", "optional": True},
            },
            "Review": {"reader": {"type": "str"}, "text": {"type": "str"}},
        },
        "extract": [
            {
                "item": "Book",
                "url": "/catalogue/*/index.html",
                "fields": {
                    "upc": {"xpath": "//th[.='UPC']/following-sibling::td/text()"},
                    "title": {"css": "article.product_page h1", "then": ["text"]},
                    **(_MENDED if mended else _USUAL),
                },
            },
            {
                "item": "Review",
                "url": "/catalogue/*/reviews/*.html",
                "each": "article.review",
                "fields": {
                    "reader": {"css": "h2", "then": ["text"]},
                    "text": {"css": "p.text", "then": ["text"]},
                },
            },
        ],
        "output": [
            {"path": "data/{name}/latest.jsonl", "mode": "replace"},
        ],
        # Books that are gone answer 404, those of a category 503; that is none of this trial's.
        "checks": {"max_failed": "50%"},
    }
    if wish.policy:
        config["incremental"] = {"revisit": {"policy": wish.policy}, "events": EVENTS}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False))


class EventFile:
    """The events of a job, read as they are appended."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._path = folder / EVENTS
        self._origin = origin
        self._read = 0

    def next(self) -> Counter[Told]:
        """Return what has been told since the last call.

        Raises:
            ValueError: A line is torn, or what was read before is not there any more.
        """
        raw = self._path.read_bytes() if self._path.exists() else b""
        if len(raw) < self._read:
            raise ValueError(f"{self._path} was cut to {len(raw)} from {self._read} bytes")
        fresh = raw[self._read :]
        if fresh and not fresh.endswith(b"\n"):
            raise ValueError(f"{self._path}: the last line is partial")
        self._read = len(raw)
        return Counter(self._told(json.loads(line)) for line in fresh.splitlines())

    def _told(self, event: dict[str, Any]) -> Told:
        old, new = event.get("old") or {}, event.get("new") or {}
        changed = event["event"] == "changed"
        return Told(
            kind=event["event"],
            item=event["item"],
            key=str(event["key"]),
            url=event["url"].removeprefix(self._origin),
            old=shown(old, old.keys()) if changed else "",
            new=shown(new, new.keys()) if changed else "",
        )


def differences(truth: list[Told], told: Counter[Told]) -> tuple[list[str], list[str], list[str]]:
    """Return what was missed, what was told and is not so, and what was told more than once."""
    right = Counter(truth)
    missed = [f"missed {one}" for one in (right - told)]
    false = [f"false {one}" for one in told if one not in right]
    doubled = [f"{count} x {one}" for one, count in told.items() if count > 1]
    return missed, false, doubled
