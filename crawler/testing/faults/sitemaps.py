"""Lists of URLs: F96 to F100."""

from __future__ import annotations

import gzip
import zlib

from crawler.outcome import ErrorClass
from crawler.testing.faults.play import html, site
from crawler.testing.faults.row import Expected, FaultRow, done, failed
from crawler.testing.raw_server import Exchange, Script, answer

_XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_LIST = "/sitemap.xml"
#: Stands in a document for scheme, host and port of the row.
_BASE = "{base}"


def _played(document: str | bytes, kind: str = "application/xml") -> Script:
    """Send a document; text may name the row's own address."""

    async def script(exchange: Exchange) -> None:
        body = document
        if isinstance(body, str):
            body = body.replace(_BASE, f"http://{exchange.fields['host']}").encode()
        await exchange.send(answer(body, content_type=kind))

    return script


def _urls(*locs: str) -> str:
    entries = "".join(f"<url><loc>{loc}</loc></url>" for loc in locs)
    return f'<?xml version="1.0"?><urlset {_XMLNS}>{entries}</urlset>'


def _index(*locs: str) -> str:
    entries = "".join(f"<sitemap><loc>{loc}</loc></sitemap>" for loc in locs)
    return f'<?xml version="1.0"?><sitemapindex {_XMLNS}>{entries}</sitemapindex>'


def _row(  # noqa: PLR0913 - a list, what it leads to, and how all of that ends
    number: str,
    does: str,
    document: str | bytes | Script,
    *,
    yes: str = "/1",
    no: str = "",
    kind: str = "application/xml",
    expected: Expected | None = None,
    pages: dict[str, bytes | Script] | None = None,
    most: int | None = None,
) -> FaultRow:
    script = _played(document, kind) if isinstance(document, str | bytes) else document
    served: dict[str, bytes | Script] = {_LIST: script, "*": html("")}
    return FaultRow(
        number=number, does=does, path=_LIST, is_list=True, expected=expected or done(),
        play=site(served | (pages or {})),
        ends=dict.fromkeys(yes.split(), done()), never=tuple(no.split()), most=most, room=160,
    )  # fmt: skip


async def _deeper(exchange: Exchange) -> None:
    number = int("".join(filter(str.isdigit, exchange.path)) or 0)
    where = f"http://{exchange.fields['host']}/i{number + 1}.xml"
    await exchange.send(answer(_index(where).encode(), content_type="application/xml"))


def _many(count: int) -> str:
    return _urls("{base}/1", *("http://elsewhere.test/" + str(n) for n in range(count)))


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    begin = packer.compress(f"<urlset {_XMLNS}><url><loc>/1</loc></url>".encode())
    begin += packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * 1024 * 1024) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + piece * 1024


LOOPS = (
    _row("F96", "has an index that names itself", _index("{base}/sitemap.xml", "{base}/a.xml"),
         pages={"/a.xml": _played(_urls("{base}/1"))}, most=6),
    _row("F96b", "has two indexes that name each other", _index("{base}/a.xml"),
         pages={"/a.xml": _played(_index("{base}/sitemap.xml", "{base}/b.xml")),
                "/b.xml": _played(_urls("{base}/1"))}, most=7),
    _row("F96c", "has indexes in indexes without an end", _deeper, pages={"*": _deeper}, yes="",
         no="/i5.xml"),
)  # fmt: skip

SIZES = (
    _row("F97", "has a sitemap of 150,000 entries", _many(150_000)),
    _row("F97b", "has a sitemap of 1 GB in 1 MB of gzip", _bomb(),
         kind="application/gzip"),
    _row("F97c", "cuts the gzip of its sitemap short",
         gzip.compress(_urls("/1", *(f"/{n}" for n in range(2, 40))).encode())[:-30]),
)  # fmt: skip

SYNTAX = (
    _row("F98", "cuts its sitemap short",
         _urls("{base}/1", "{base}/2", "{base}/3").partition("3</loc>")[0], yes="/1 /2",
         no="/3"),
    _row("F98b", "names another namespace, and a prefix",
         '<s:urlset xmlns:s="urn:x"><s:url><s:loc>/1</s:loc></s:url></s:urlset>'),
    _row("F98c", "uses an entity that nobody declared",
         _urls("/1").replace("<url>", "<url><note>&nbsp;</note>")),
    _row("F98d", "puts an address into CDATA", _urls("<![CDATA[{base}/1?a=1&b=2]]>"),
         yes="/1?a=1&b=2"),
    _row("F98e", "begins its sitemap with a mark, and with blank lines",
         "\ufeff\n\n" + _urls("/1")),
    _row("F98f", "has a sitemap that is text", "{base}/1\n\n{base}/2\n", yes="/1 /2",
         kind="text/plain"),
    _row("F98g", "has a feed in its place (RSS)",
         '<rss version="2.0"><channel><item><link>{base}/1</link></item></channel></rss>'),
    _row("F98h", "has a feed in its place (Atom)",
         '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/1"/></entry></feed>'),
    _row("F98i", "declares entities that multiply", '<!DOCTYPE l [<!ENTITY a "aaaa">]>'
         "<urlset><url><loc>/1&a;</loc></url></urlset>", yes="", no="/1 /1aaaa",
         expected=failed(ErrorClass.UNREADABLE, "entity")),
    _row("F98j", "has a page in the place of its sitemap", "<!doctype html><a href=/1>x</a>",
         yes="", no="/1", expected=failed(ErrorClass.UNREADABLE, "HTML"), kind="text/html"),
)  # fmt: skip

ENTRIES = (
    _row("F99", "lists addresses of others, of none, and of other kinds",
         _urls("http://elsewhere.test/2", "ftp://{base}/3", "javascript:x", "", "relative/4",
               "  {base}/1\n ", "http://[::1"), yes="/1 /relative/4"),
    _row("F100", "dates its entries in the future, and with garbage",
         _urls("/1", "/2").replace("</url>", "<lastmod>9999-99-99</lastmod></url>", 1).replace(
             "2</loc>", "2</loc><lastmod>2999-01-01</lastmod>"), yes="/1 /2"),
)  # fmt: skip

ROWS = (*LOOPS, *SIZES, *SYNTAX, *ENTRIES)
