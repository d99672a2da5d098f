"""The job that crawls a site of documentation, for tests and soaks.

What such a crawl costs: `python -m scripts.bench --only postgresql --peers crawler bare`.
"""

from __future__ import annotations

from pathlib import Path

CONCURRENCY = 16

CONFIG = """\
version: 1
name: docs
start: ["{url}index.html"]
fetch:
  concurrency: {concurrency}
  per_host: {{concurrency: {concurrency}, delay: {delay}, adaptive: false}}
"""


def write_config(path: Path, url: str, *, delay: str = "0s") -> Path:
    """Write the job that crawls a docs site."""
    path.write_text(CONFIG.format(url=url, concurrency=CONCURRENCY, delay=delay), encoding="utf-8")
    return path
