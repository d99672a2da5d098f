"""Texts, markup and links of pages: F49 to F60."""

from __future__ import annotations

from crawler.outcome import ErrorClass, SkipReason
from crawler.testing.faults.play import anchors, floods, html, keeps, site
from crawler.testing.faults.row import FOLLOW, OBEY, Expected, FaultRow, done, failed, skipped
from crawler.testing.raw_server import answer

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
_LATIN = "<title>Älter als die Bäume, größer als Häuser, schöner Übermut</title>"
_LATIN_TITLE = "Älter als die Bäume, größer als Häuser, schöner Übermut"
_KIND = "text/html"


def _text(  # noqa: PLR0913 - what a page says of itself, and what is made of it
    number: str,
    does: str,
    body: bytes,
    title: str | None,
    *,
    kind: str = _KIND,
    note: str = "",
    decided: str = "",
) -> FaultRow:
    return FaultRow(
        number=number, does=does, play=keeps(answer(body, content_type=kind)), expected=done(note),
        gives={"title": title}, decided=decided,
    )  # fmt: skip


TEXTS = (
    _text("F49", "sends Latin-1 and says nothing of it", _LATIN.encode("latin-1"), _LATIN_TITLE),
    _text("F49b", "sends UTF-8 and says nothing of it", _LATIN.encode(), _LATIN_TITLE),
    _text("F49c", "names its encoding in its markup",
          b"<meta charset=koi8-r><title>" + "привет".encode("koi8-r") + b"</title>", "привет"),
    _text("F50", "says UTF-8 and sends Latin-1", b"<title>caf\xe9!</title>", "caf\ufffd!",
          kind="text/html; charset=utf-8"),
    _text("F50b", "names an encoding that does not exist", "<title>café</title>".encode(), "café",
          kind="text/html; charset=nope-1"),
    _text("F50c", "says Latin-1 and means windows-1252", b"<title>\x93so\x94</title>", "“so”",
          kind="text/html; charset=iso-8859-1"),
    _text("F51", "begins with the mark of UTF-16 and says UTF-8",
          "\ufeff<title>café</title>".encode("utf-16-le"), "café",
          kind="text/html; charset=utf-8"),
    _text("F51b", "begins with the mark of UTF-8 and says Latin-1",
          "\ufeff<title>café</title>".encode(), "café", kind="text/html; charset=iso-8859-1"),
    _text("F52", "names an encoding in which markup can hide", b"<title>page</title>", None,
          kind="text/html; charset=iso-2022-kr", note="charset_errors"),
    _text("F52b", "says UTF-7, which no browser reads", b"<title>+ADw-b+AD4-</title>",
          "+ADw-b+AD4-", kind="text/html; charset=utf-7"),
    _text("F53", "sends NUL inside its markup", b"<title>a\0b</title><p>\0", "a\ufffdb",
          kind="text/html; charset=utf-8"),
    _text("F53b", "sends half a character, and one in too many bytes",
          b"<title>a\xed\xa0\x80\xc0\x80b</title>", "a\ufffd\ufffd\ufffd\ufffd\ufffdb",
          kind="text/html; charset=utf-8"),
)  # fmt: skip


def _typed(number: str, does: str, kind: str, expected: Expected, **more: object) -> FaultRow:
    page = answer(b"<title>page</title>" + anchors("/hidden").encode(), content_type=kind)
    return FaultRow(
        number=number, does=does, play=site({"/": page, "*": page}), expected=expected,
        settings=FOLLOW, never=() if more else ("/hidden",), gives=more,
    )  # fmt: skip


TYPES = (
    _typed("F54", "calls its page an image", "image/png", skipped(SkipReason.TYPE)),
    _typed("F54b", "calls its page a download", "application/octet-stream",
           skipped(SkipReason.TYPE)),
    _typed("F54c", "calls its page plain text", "text/plain", skipped(SkipReason.TYPE)),
    _typed("F54d", "does not say what its page is", "", done(), title="page", links=1),
)  # fmt: skip


def _big(number: str, does: str, body: bytes, note: str = "", *, limit: str = "8MiB") -> FaultRow:
    return FaultRow(
        number=number, does=does, play=keeps(answer(body, content_type=_KIND)),
        expected=done(note), settings={"fetch.max_body": limit}, room=200, gives={"title": "page"},
    )  # fmt: skip


_TITLE = b"<title>page</title>"

MARKUP = (
    _big("F55", "nests 100,000 elements", _TITLE + b"<div>" * 100_000),
    _big("F55b", "nests 100,000 elements that format", _TITLE + b"<b><i>" * 50_000),
    _big("F55c", "gives an element a million attributes",
         _TITLE + b"<p " + b" ".join(b"a%d=1" % n for n in range(1_000_000)) + b">", "long_tag",
         limit="32MiB"),
    _big("F55d", "sends a page of 7 MB in one line", _TITLE + b"<p>" + b"word " * 1_400_000),
    FaultRow(
        number="F55e", does="sends a page of 50 MB in one line",
        expected=failed(ErrorClass.TOO_LARGE),
        play=floods(_HEAD + _TITLE, b"word " * 10_000, total=50_000_000),
    ),
    _big("F55f", "sends a page of 7 MB that is one comment", _TITLE + b"<!--" + b"-" * 7_000_000),
)  # fmt: skip

_ROBOTS = answer(b"User-agent: *\nDisallow: /l/", content_type="text/plain")
_ODD = (
    "http:/slash", "//[::1", "https://:80/", "java\tscript:alert(1)", "http://a b/", "\\back",
    "/tab\tbed", "/%zz", "//xn--80ak6aa92e.com/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/",
    "http://1.2.3.4.5/", "mailto:a@b", "data:text/html,x", "file:///etc/passwd", "/" + "x" * 9_000,
    "?", "#", "", "   ", "http://", "http://user:secret@127.0.0.1:1/",
)  # fmt: skip


def _links(number: str, does: str, count: int, limit: str) -> FaultRow:
    links = "".join(f"<a href=l/{n}></a>" for n in range(count))
    return FaultRow(
        number=number, does=does, expected=done("links_capped"),
        play=site({"/robots.txt": _ROBOTS, "/": html(links)}), plays_robots=True, most=4,
        settings=FOLLOW | OBEY | {"fetch.max_body": limit}, room=200,
        ends={"/l/0": skipped(SkipReason.ROBOTS), "/l/19999": skipped(SkipReason.ROBOTS)},
        never=("/l/20000",),
    )  # fmt: skip


LINKS = (
    _links("F56", "links to a million pages", 1_000_000, "32MiB"),
    _links("F56b", "links to 300,000 pages", 300_000, "8MiB"),
    FaultRow(
        number="F57", does="gives its links bases that are none, then one, then another",
        expected=done(), settings=FOLLOW, gives={"links": 1}, ends={"/first/deep": done()},
        never=("/deep", "/second/deep"),
        play=site({
            "/": html('<base href="javascript:void(0)"><base href=""><base href="http://[">'
                      '<base href="/first/"><base href="/second/">' + anchors("deep")),
            "*": html(""),
        }),
        decided="an empty base has no address of its own, and is passed over as well",
    ),
    FaultRow(
        number="F57b", does="says that its links are those of another host", expected=done(),
        play=site({"/": html('<base href="http://127.77.250.1:9/">' + anchors("/away"))}),
        settings=FOLLOW, never=("/away",), most=4,
    ),
    FaultRow(
        number="F58", does="links to addresses that are odd, or none", expected=done(),
        settings=FOLLOW,
        play=site({"/": html(anchors(*_ODD)), "*": html("")}),
        ends={"/slash": done(), "/back": done(), "/tabbed": done(), "/%zz": done()},
    ),
    FaultRow(
        number="F58b", does="links to an address of a megabyte", expected=done(), settings=FOLLOW,
        play=site({"/": html(anchors("/" + "x" * 1_000_000))}), most=4, gives={"links": 1},
    ),
    FaultRow(
        number="F59", does="calls an image 10 by 10 that is 50,000 by 50,000",
        expected=skipped(SkipReason.TYPE),
        play=keeps(answer(b"\x89PNG\r\n\x1a\n" + bytes(64), content_type="image/png")),
        decided="images are not read by a crawl of pages; no part of it decodes any yet",
    ),
    FaultRow(
        number="F60", does="answers at once, before and after it is asked", expected=done(),
        play=keeps(html("") + html("", title="smuggled")), gives={"title": "page"},
        decided="what belongs to another request cannot be told; what comes too much is thrown"
        " away with its connection",
    ),
)  # fmt: skip

ROWS = (*TEXTS, *TYPES, *MARKUP, *LINKS)
