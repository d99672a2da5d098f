"""All lists that a config begins with, one after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from crawler.sources.url_file import UrlFile, entries_in
from crawler.spider.start_entry import BadStart, StartEntries, StartEntry

#: What stands for the address of the practice site in URLs.
_PRACTICE = "{demo}"


def entries_of(
    *, file: UrlFile | None = None, sitemaps: Sequence[str] = (), practice_url: str | None = None
) -> StartEntries:
    """Return what gives the entries of a job's lists: sitemaps first, then the file's.

    Args:
        file: The list of `start.from_file`.
        sitemaps: URLs of `start.sitemap`: sitemaps, indexes, feeds, robots.txt files.
        practice_url: What `{demo}` in URLs stands for; None when no practice site is served.
    """

    async def entries() -> AsyncGenerator[StartEntry | BadStart, None]:
        for number, url in enumerate(sitemaps):
            place = f"start.sitemap.{number}"
            yield StartEntry(url=_placed(url, practice_url), place=place, source=True)
        if file is None:
            return
        async with aclosing(entries_in(file)) as listed:
            async for entry in listed:
                if isinstance(entry, StartEntry) and _PRACTICE in entry.url:
                    url = _placed(entry.url, practice_url)
                    yield msgspec.structs.replace(entry, url=url)
                else:
                    yield entry

    return entries


def _placed(url: str, practice_url: str | None) -> str:
    return url if practice_url is None else url.replace(_PRACTICE, practice_url)
