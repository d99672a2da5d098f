"""Which pages of a folder of HTML can be reached: an answer that shares no code with the crawler.

Reads the files themselves with lxml and the standard library, answers each path as a plain web
server would, and follows what the crawler promises to follow: `href` of `a` and `area`, `base`
heeded, links marked nofollow left out.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from lxml import html


def reachable_pages(folder: Path, root_url: str) -> set[str]:
    """Return the URL of every HTML page that is answered with 200, beginning at `index.html`.

    Args:
        folder: What is served.
        root_url: Address of the folder, with a slash at its end.
    """
    start = root_url + "index.html"
    seen, pages, queue = {start}, set(), deque([start])
    while queue:
        url = queue.popleft()
        file = _answer(folder, url)
        if file is None:
            continue
        if isinstance(file, str):
            targets = [file]
        else:
            pages.add(url)
            targets = list(_links(file, url))
        for target in targets:
            if target.startswith(root_url) and target not in seen:
                seen.add(target)
                queue.append(target)
    return pages


def _answer(folder: Path, url: str) -> Path | str | None:
    """Return the HTML file a URL stands for, the URL it redirects to, or None for anything else."""
    parts = urlsplit(url)
    path = folder / unquote(parts.path).lstrip("/")
    if path.is_dir():
        if not parts.path.endswith("/"):
            query = f"?{parts.query}" if parts.query else ""
            return url.partition("?")[0] + "/" + query
        path /= "index.html"
    return path if path.suffix in {".html", ".htm"} and path.is_file() else None


def _links(file: Path, url: str) -> Iterator[str]:
    body = file.read_bytes()
    if not body.strip():
        return
    document = html.document_fromstring(body)
    bases = (element.get("href") for element in document.iter("base"))
    root = urljoin(url, next((href for href in bases if href is not None), "").strip())
    for element in document.iter("a", "area"):
        href = element.get("href")
        if href is None or "nofollow" in (element.get("rel") or "").lower().split():
            continue
        target = urldefrag(urljoin(root, href.strip())).url
        if target.startswith(("http://", "https://")):
            yield target


def main() -> None:
    """Print the pages of a folder, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    for url in sorted(reachable_pages(folder, "http://localhost/")):
        print(url)


if __name__ == "__main__":
    main()
