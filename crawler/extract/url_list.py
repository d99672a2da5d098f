"""Lists of URLs that are fetched, of any kind: which kind one is, and what it holds.

Sitemaps and their indexes, plain or as text (sitemaps.org), RSS, Atom and RDF feeds, and the
`Sitemap:` lines of a robots.txt (RFC 9309 §2.2.4); any of them gzipped.
"""

from __future__ import annotations

from io import BytesIO

from crawler.extract.encoding import decode, detect, is_utf_8
from crawler.extract.gunzip import MAGIC, gunzip
from crawler.extract.listed import MAX_ENTRIES, ListedUrl, Listing
from crawler.extract.xml_list import read_xml

_MARK = b"\xef\xbb\xbf"
#: Bytes in which the start of an HTML page is looked for.
_SNIFFED = 1024


def read_list(
    body: bytes, content_type: str, *, limit: int, is_robots: bool = False, dated: bool = True
) -> Listing:
    """Read a list of URLs; never raises, whatever the bytes are.

    Args:
        body: The answer's, content coding removed.
        content_type: The whole `Content-Type` field, "" when there is none.
        limit: Bytes that a gzipped list may hold.
        is_robots: It is a robots.txt; else what is no XML has a URL on each line.
        dated: Whether the dates of entries are wanted.
    """
    defects: list[str] = []
    if body[:2] == MAGIC:
        body, defect = gunzip(body, limit)
        if defect and not body:
            return Listing(unreadable=defect)
        if defect:
            defects.append(defect)
    data = _utf_8(body, content_type).lstrip()
    listing = _robots(data) if is_robots else _read(data, dated=dated)
    listing.defects = defects + listing.defects
    if defects and listing.unreadable is not None:
        # Where the gzip ended is why nothing came of the rest.
        listing.unreadable = f"{defects[0]}: {listing.unreadable}"
    return listing


def _read(data: bytes, *, dated: bool) -> Listing:
    if not data:
        return Listing(unreadable="it is empty")
    head = data[:_SNIFFED].lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return Listing(unreadable="it is an HTML page, no sitemap or feed")
    if data[:1] != b"<" and (begin := head.find(b"<?xml")) >= 0:
        # A warning that the server's program printed first.
        listing = read_xml(data[begin:], dated=dated)
        listing.defects.insert(0, f"{begin} bytes before its beginning")
        return listing
    return read_xml(data, dated=dated) if data[:1] == b"<" else _lines(data)


def _utf_8(body: bytes, content_type: str) -> bytes:
    """Return a body in UTF-8, without a byte order mark."""
    charset = detect(body, content_type)
    if charset.codec == "utf-8" and is_utf_8(body):
        return body[charset.mark :]
    return decode(body, charset).text.encode("utf-8", "replace")


def _robots(data: bytes) -> Listing:
    from crawler.policy.robots import parse_rules

    named = parse_rules(data, "*").sitemaps
    if not named:
        return Listing(unreadable="no Sitemap: line in it")
    return Listing(entries=[ListedUrl(url, is_list=True) for url in named[:MAX_ENTRIES]])


def _lines(data: bytes) -> Listing:
    listing = Listing()
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    for line in BytesIO(data):  # splitlines() would hold as many lines as there are bytes
        text = line.strip()
        if not text or text[:1] == b"#":
            continue
        if listing.full:
            listing.defects.append(f"more than {MAX_ENTRIES:,} lines")
            break
        if text[:8].lower().startswith((b"http://", b"https://")):
            listing.entries.append(ListedUrl(text.decode("utf-8", "replace")))
        else:
            listing.without_url += 1
    if not listing.entries:
        listing.unreadable = "neither XML nor a URL on each line"
    return listing
