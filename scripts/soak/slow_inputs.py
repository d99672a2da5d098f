"""Inputs that readers of their kind have been slow at, here or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from crawler.config.document import parse as parse_yaml
from crawler.extract.dates import datetime_in
from crawler.extract.document import Document
from crawler.extract.element_text import decimal_in, number_in, text_of
from crawler.extract.encoding import decode, detect
from crawler.extract.entities import MainEntity
from crawler.extract.html_page import read_page
from crawler.extract.json_ld import read_json_ld
from crawler.extract.json_text import NotJson, read_json
from crawler.extract.links import links_of
from crawler.extract.main_text import main_text
from crawler.extract.media import Kind, kind_of
from crawler.extract.microdata import read_microdata
from crawler.extract.url_list import read_list
from crawler.fetch.answer_head import parse_head
from crawler.fetch.content_coding import decoder_for
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.http_date import parse_date
from crawler.fetch.retry_after import retry_after
from crawler.observe.console import safe
from crawler.policy.meta_robots import header_nofollow
from crawler.policy.robots import parse_rules
from crawler.policy.robots_lines import deciding_line
from crawler.sinks.csv_text import disarmed
from crawler.urls import CanonicalRules, Resolver, parse
from scripts.soak.scaling import Slow, repeated

_URL = "https://www.example.org/docs/page"
_NOW = 1_700_000_000.0
_LIMIT = 1 << 30


def inputs() -> Iterator[Slow]:
    """Yield every input, parser by parser."""
    for piece, does in _MARKUP:
        yield Slow("page and links", does, repeated(piece), _links)
        yield Slow("tree and text", does, repeated(piece), _tree)
    yield from _heads()
    yield from _lists()
    yield from _codings()
    yield from _texts()
    yield from _urls()


_MARKUP = (
    (b'<a href="@@@@', "links that are never closed"),
    (b"<a href=x ", "one tag of many attributes"),
    (b"<", "open brackets"),
    (b"<!--", "open comments"),
    (b"<!-- -->", "comments"),
    (b"<script>", "open scripts"),
    (b"<b>", "open formatting elements"),
    (b"<div>", "open elements"),
    (b"<table>", "tables in tables"),
    (b"<a href=#>x</a>", "links to itself"),
    (b"<a href=/x?a", "links without an end"),
    (b"<base href=x>", "bases"),
    (b"<meta charset=", "half declarations"),
    (b"</html>", "ends of the page"),
    (b"<title>", "open titles"),
    (b"&", "ampersands"),
    (b"&lt", "entities without an end"),
    (b"<svg><p>", "foreign elements left again"),
    (b"\0", "zeros"),
    (b"\xff", "bytes that are no UTF-8"),
    (b"<select><option>", "selects"),
    (b"<a><p></a>", "wrongly nested elements"),
    (b"<p itemprop=a itemscope>", "properties in properties"),
    (b"<p itemprop=a>", "texts in texts"),
    (b"<script type=application/ld+json>{}</script>", "scripts of data"),
)


def _links(body: bytes) -> object:
    charset = detect(body, "text/html")
    page = read_page(body, charset)
    return links_of(page.hrefs, _URL, _URL, codec=charset.codec, nofollow=page.nofollow)


def _tree(body: bytes) -> object:
    document = Document(_URL, body, Kind.HTML, "text/html")
    root = document.tree
    text_of(root)
    main_text(document)
    found, _ = read_json_ld(root)
    return MainEntity([*found, *read_microdata(root)]).values(["name"])


def _heads() -> Iterator[Slow]:
    start = b"HTTP/1.1 200 OK\r\n"
    read = partial(Slow, "head of an answer", read=parse_head)
    yield read("short fields", make=repeated(b"a:b\r\n", start))
    yield read("one folded field", make=repeated(b" x\r\n", start + b"a: b\r\n"))
    yield read("spaces", make=repeated(b" ", start + b"a:", b"\r\n"))
    yield read("status line", make=repeated(b" ", b"HTTP/1.1 200"))
    cookie = partial(Slow, "Set-Cookie", read=_cookies)
    yield cookie("attributes", make=repeated(b";a=b", b"a=b"))
    yield cookie("attributes with a domain of many labels", make=repeated(b"a.", b"a=b; Domain="))
    yield cookie("spaces", make=repeated(b" ", b"a=b;"))
    yield cookie("cookies", make=repeated(b"a=b\n"))
    yield Slow("X-Robots-Tag", "commas", repeated(b"a:,"), _robots_tag)
    yield Slow("X-Robots-Tag", "spaces", repeated(b" "), _robots_tag)
    yield Slow("date", "digits and colons", repeated(b"1:"), lambda data: parse_date(_latin(data)))
    yield Slow("Retry-After", "digits", repeated(b"1"), _retry_after)
    yield Slow("Content-Type", "half charsets", repeated(b"; charset "), _content_type)
    yield Slow("Content-Type", "spaces", repeated(b" ", b"a/b;"), _content_type)


def _cookies(data: bytes) -> object:
    jar = CookieJar()
    jar.learn(_URL, data.split(b"\n"), _NOW)
    return jar.header_for(_URL, _NOW)


def _robots_tag(data: bytes) -> object:
    return header_nofollow([_latin(data)], "crawler")


def _retry_after(data: bytes) -> object:
    return retry_after(_latin(data), date=_latin(data), now=_NOW)


def _content_type(data: bytes) -> object:
    return detect(b"", _latin(data))


def _lists() -> Iterator[Slow]:
    read = partial(Slow, "sitemap or feed", read=lambda data: read_list(data, "", limit=_LIMIT))
    begin = b"<urlset>"
    for piece, does in (
        (b"<url><loc>http://e.org/</loc>", "entries in entries"),
        (b"<url><loc>http://e.org/&</loc></url>", "entries that break it"),
        (b"<url", "open tags"),
        (b"<loc>", "open locations"),
        (b"<!--", "open comments"),
        (b"<![CDATA[", "open sections"),
        (b"&a;", "entities"),
        (b" a='b'", "attributes"),
        (b"<item><link a", "links of a feed without an end"),
        (b" \n", "space"),
    ):
        yield read(does, make=repeated(piece, begin))
        yield read(f"{does}, broken", make=repeated(piece, begin + b"&<"))
    yield read("half a tag", make=repeated(b"x", b"<urlset><url "))
    yield read("lines", make=repeated(b"http://e.org/\n"))
    yield read("a declared encoding", make=repeated(b"\xff", b"<?xml version='1.0'?>"))
    yield read("a document type", make=repeated(b"<!ELEMENT a (b)>", b"<!DOCTYPE urlset ["))
    yield from _robots()


def _robots() -> Iterator[Slow]:
    read = partial(Slow, "robots.txt", read=_robots_txt)
    start = b"User-agent: *\nDisallow: /"
    yield read("one pattern of stars", make=repeated(b"*a", start, b"*b"))
    yield read("stars alone", make=repeated(b"*", start, b"b"))
    yield read("rules", make=repeated(b"\nDisallow: /a*b", start))
    yield read("agents", make=repeated(b"User-agent: crawler\n"))
    yield read("groups", make=repeated(b"User-agent: crawler\nAllow: /a\n"))
    yield read("spaces", make=repeated(b" ", b"User-agent", b"\n"))
    yield read("spaces before nothing", make=repeated(b" "))
    yield read("carriage returns", make=repeated(b"\r"))
    yield read("percent signs", make=repeated(b"%", start))


def _robots_txt(data: bytes) -> object:
    rules = parse_rules(data, "crawler/1.0")
    rules.allows("https://e.org/" + "a" * 2_000)
    return deciding_line(rules.text, "crawler", "/" + "a" * 2_000)


def _codings() -> Iterator[Slow]:
    import gzip
    import zlib

    member = gzip.compress(b"")
    for piece, head, coding, step, does in (
        (member, b"", "gzip", 65_536, "empty members"),
        (member, b"", "gzip", 7, "empty members in small pieces"),
        (b"\0", member, "gzip", 65_536, "junk"),
        (b"\x28\xb5\x2f\xfd\x20\0\1\0\0", b"", "zstd", 65_536, "empty frames"),
        (b"\x50\x2a\x4d\x18\0\0\0\0", b"", "zstd", 65_536, "frames to skip"),
    ):
        yield Slow(coding, does, repeated(piece, head), partial(_decoded, coding, step))
    bomb = partial(_decoded, "deflate", 65_536)
    yield Slow("deflate", "a bomb", lambda size: zlib.compress(bytes(size * 100)), bomb)


def _decoded(coding: str, step: int, data: bytes) -> object:
    decoder = decoder_for([coding], _URL)
    taken = 0
    for start in range(0, len(data), step):
        taken += len(decoder.feed(data[start : start + step], _LIMIT - taken))
    decoder.finish()
    return taken


def _texts() -> Iterator[Slow]:
    number = partial(Slow, "number in a text", read=_numbers)
    for piece in (b"1", b"1,", b"1 ", b"- ", b"-", b".", b"1,234.", b"a-"):
        yield number(repr(piece.decode()), make=repeated(piece))
    yield Slow("date in a text", "digits", repeated(b"1 "), lambda data: datetime_in(_latin(data)))
    for piece in (b"[", b'{"a":', b"1", b'"', b"\\", b'"\\u', b"[[],", b"1e", b" "):
        yield Slow("JSON", repr(piece.decode()), repeated(piece), _json)
    for piece in (
        b"[",
        b"{a: ",
        b"- ",
        b"a: b\n",
        b"&a [*a, ",
        b"? ",
        b"  - a\n",
        b"!",
        b"'",
        b"#",
    ):
        yield Slow("YAML", repr(piece.decode()), _tenth(piece), _yaml)
    yield Slow("YAML", "aliases", _tenth(b"- *a\n", b"- &a [1,2,3]\n"), _yaml)
    yield Slow("remote text", "escapes", repeated(b"\x1b[31m"), lambda data: safe(_latin(data)))
    yield Slow("CSV text", "formulas", repeated(b"="), lambda data: disarmed(_latin(data)))
    yield Slow("kind of a body", "spaces", repeated(b" "), lambda data: kind_of("", data))
    yield Slow("charset", "no UTF-8", repeated(b"\xe9"), _decode)
    yield Slow("charset", "half sequences", repeated(b"\x1b$B", b"\xff"), _decode)


def _tenth(piece: bytes, head: bytes = b"") -> Callable[[int], bytes]:
    # A job file is its user's own, and none has a megabyte.
    return lambda size: repeated(piece, head)(size // 10)


def _numbers(data: bytes) -> tuple[object, Decimal | None]:
    return number_in(_latin(data)), decimal_in(_latin(data))


def _json(data: bytes) -> object:
    try:
        return read_json(data)
    except NotJson:
        return None


def _yaml(data: bytes) -> object:
    return parse_yaml(_latin(data), "job.yaml", [])


def _decode(data: bytes) -> object:
    return decode(data, detect(data))


def _urls() -> Iterator[Slow]:
    resolve = partial(Slow, "URL", read=_resolve)
    for piece in (b"a", b"a.", b"../", b"%41", b"\\", b"@", b":", b"\xff", b"?", b"\t", b"/./"):
        yield resolve(repr(_latin(piece)), make=repeated(piece, b"http://"))
        yield resolve(f"relative {_latin(piece)!r}", make=repeated(piece))


def _resolve(data: bytes) -> object:
    href = _latin(data)
    found = Resolver(_URL, "cp1252").resolve(href)
    # What is longer than a URL may be is refused at once; as many bytes come in short ones.
    rules = CanonicalRules()
    for start in range(0, len(href), 8_000):
        short = Resolver(_URL, "cp1252").resolve(href[start : start + 8_000])
        if short is not None:
            rules.canonical(short)
    return found, parse(href)


def _latin(data: bytes) -> str:
    return data.decode("latin-1")
