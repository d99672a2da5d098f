"""Redirects: F61 to F68."""

from __future__ import annotations

from crawler.outcome import ErrorClass, SkipReason
from crawler.testing.faults.play import html, keeps, moved, site
from crawler.testing.faults.row import (
    FOLLOW,
    OBEY,
    Door,
    FaultRow,
    done,
    failed,
    redirected,
    skipped,
)
from crawler.testing.raw_server import Exchange, answer

#: The first request and as many hops as are followed.
_CHAIN = 21


async def _further(exchange: Exchange) -> None:
    """Lead from any number to the next."""
    number = int(exchange.path.strip("/") or 0)
    await exchange.send(moved(f"/{number + 1}"))


async def _to_itself(exchange: Exchange) -> None:
    await exchange.send(moved(f"http://{exchange.fields['host']}/"))


async def _cookie_first(exchange: Exchange) -> None:
    """Lead back until the cookie is there, as many a site does."""
    if "seen=1" in exchange.fields.get("cookie", ""):
        await exchange.send(html(""))
    else:
        await exchange.send(answer(b"", status="302 Found", location="/", set_cookie="seen=1"))


def _refused(number: str, does: str, location: str, note: str = "") -> FaultRow:
    return FaultRow(
        number=number, does=does, play=keeps(moved(location)),
        expected=failed(ErrorClass.REDIRECT, note),
    )  # fmt: skip


LOOPS = (
    FaultRow(
        number="F61", does="redirects to itself", expected=failed(ErrorClass.REDIRECT, "redirects"),
        play=_to_itself, tries=_CHAIN,
    ),
    FaultRow(
        number="F61b", does="redirects to and fro",
        expected=failed(ErrorClass.REDIRECT, "redirects"),
        play=site({"/": moved("/b"), "/b": moved("/")}), tries=_CHAIN,
    ),
    FaultRow(
        number="F61c", does="redirects to itself until its cookie comes back",
        expected=done(), play=_cookie_first, tries=2,
    ),
    FaultRow(
        number="F62", does="redirects to ever new addresses", expected=redirected("/1"),
        play=_further, most=_CHAIN + 3,
        ends={"/1": redirected("/2"), f"/{_CHAIN - 1}": failed(ErrorClass.REDIRECT, "redirects")},
        never=(f"/{_CHAIN}",),
    ),
)  # fmt: skip

PLACES = (
    _refused("F63", "redirects to a file", "file:///etc/passwd", "no http(s) URL"),
    _refused("F63b", "redirects to a script", "javascript:alert(1)", "no http(s) URL"),
    _refused("F63c", "redirects to FTP", "ftp://127.0.0.1/", "no http(s) URL"),
    FaultRow(
        number="F64", does="redirects to a private address that nobody named",
        expected=redirected(), play=keeps(moved("http://127.77.250.1:9/secret")),
        ends={"http://127.77.250.1:9/secret": failed(ErrorClass.ADDRESS)},
    ),
    FaultRow(
        number="F64b", does="redirects to another port of its own address", expected=redirected(),
        play=keeps(moved("http://127.0.0.1:1/secret")),
        ends={"http://127.0.0.1:1/secret": failed(ErrorClass.ADDRESS)},
    ),
    FaultRow(
        number="F64c", does="redirects to what its robots.txt forbids", expected=redirected(),
        play=site({"/robots.txt": answer(b"User-agent: *\nDisallow: /no"), "/": moved("/no")}),
        plays_robots=True, settings=OBEY, never=("/no",), ends={"/no": skipped(SkipReason.ROBOTS)},
    ),
    FaultRow(
        number="F67", does="redirects from https to http", expected=redirected(),
        door=Door.TLS, certificate="good",
        play=keeps(moved("http://127.77.250.1:9/plain")),
        ends={"http://127.77.250.1:9/plain": failed(ErrorClass.ADDRESS)},
        decided="followed like any other, without the fields and cookies of the https origin",
    ),
    FaultRow(
        number="F68", does="moves for good", expected=redirected("/after"),
        play=keeps(moved("/after", "301 Moved Permanently")), ends={"/after": done()},
        decided="where it led is not kept: the next run asks again",
    ),
)  # fmt: skip

FIELDS = (
    FaultRow(
        number="F65", does="redirects without saying where",
        expected=failed(ErrorClass.REDIRECT, "without Location"),
        play=keeps(answer(b"<title>page</title>", status="302 Found", content_type="text/html")),
        decided="what the page of such an answer says is nothing that anybody asked for",
    ),
    _refused("F65b", "redirects to nothing", " "),
    _refused("F65c", "redirects to an address that is none", "http://[::1/", "no http(s) URL"),
    _refused("F65d", "redirects to a port that is none", "http://127.0.0.1:99999/"),
    FaultRow(
        number="F65e", does="redirects to an address in UTF-8", expected=redirected("/caf%C3%A9"),
        play=site({"/": moved("/café".encode().decode("latin-1")), "/caf%C3%A9": html("")}),
        ends={"/caf%C3%A9": done()},
    ),
    FaultRow(
        number="F65f", does="redirects to a place within itself",
        expected=failed(ErrorClass.REDIRECT, "redirects"), play=keeps(moved("#part")),
        tries=_CHAIN, decided="it is a redirect to itself, bounded like F61",
    ),
    FaultRow(
        number="F66", does="sends a page that refreshes into itself, for ever", expected=done(),
        play=site({"/": html(
            '<meta http-equiv="refresh" content="0;url=/r"><script>location="/r"</script>')}),
        settings=FOLLOW, never=("/r",), decided="what only a browser would follow is no link",
    ),
)  # fmt: skip

ROWS = (*LOOPS, *PLACES, *FIELDS)
