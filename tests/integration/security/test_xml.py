"""XML of a stranger reads no file, asks no host and does not grow: lists, feeds, selectors."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest

from crawler.extract.response import XmlResponse
from crawler.extract.url_list import read_list
from scripts.soak.decoy import Decoy

SECRET = "the-secret-of-a-file"
_ENTITY = '<!ENTITY {0} "&{1};&{1};&{1};&{1};&{1};&{1};&{1};&{1};&{1};&{1};">'
LAUGHS = '<!ENTITY a0 "hahahahahaha">' + "".join(
    _ENTITY.format(f"a{n}", f"a{n - 1}") for n in range(1, 11)
)


def documents(file: Path, url: str) -> dict[str, str]:
    """Return documents that want more than they hold, by what they try."""
    entry = "<urlset><url><loc>http://e.org/{}</loc></url><url><loc>/good</loc></url></urlset>"
    return {
        "file": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{file}">]>{entry.format("&e;")}',
        "host": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{url}">]>{entry.format("&e;")}',
        "external DTD": f'<!DOCTYPE x SYSTEM "{url}">{entry.format("x")}',
        "public DTD": f'<!DOCTYPE x PUBLIC "-//x" "{url}">{entry.format("x")}',
        "parameter entity": f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{url}"> %p;]>{entry.format("x")}',
        "XInclude": '<urlset xmlns:xi="http://www.w3.org/2001/XInclude"><url><loc>http://e.org/'
        f'<xi:include href="file://{file}" parse="text"/></loc></url></urlset>',
        "stylesheet": f'<?xml-stylesheet type="text/xsl" href="{url}"?>{entry.format("x")}',
        "schema": f'<urlset xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="x {url}"><url><loc>http://e.org/x</loc></url></urlset>',
        "laughs": f"<!DOCTYPE x [{LAUGHS}]>{entry.format('&a10;')}",
        "quadratic": f'<!DOCTYPE x [<!ENTITY b "{"b" * 50_000}">]>{entry.format("&b;" * 5_000)}',
    }


NAMES = list(documents(Path(), ""))


@pytest.mark.parametrize("name", NAMES)
async def test_a_list_of_urls_takes_nothing_from_elsewhere(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    async with Decoy() as decoy:
        body = documents(file, decoy.url("127.0.0.1", "/"))[name].encode()
        before = peak()

        listing = read_list(body, "application/xml", limit=1 << 26, is_robots=False, dated=True)

        assert decoy.reached == 0
    assert all(SECRET not in one.href and len(one.href) < 10_000 for one in listing.entries)
    assert peak() - before < 50 << 20


@pytest.mark.parametrize("name", NAMES)
async def test_selectors_on_xml_take_nothing_from_elsewhere(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    async with Decoy() as decoy:
        body = documents(file, decoy.url("127.0.0.1", "/"))[name].encode()
        response = XmlResponse(
            "http://e.org/x.xml", headers={"Content-Type": "application/xml"}, body=body
        )
        before = peak()

        found = "".join(response.xpath("//text()").getall())

        assert decoy.reached == 0
    assert SECRET not in found
    assert len(found) < 1 << 20
    assert peak() - before < 50 << 20


def test_an_expression_of_xpath_opens_no_document(tmp_path: Path) -> None:
    file = tmp_path / "secret.xml"
    file.write_text(f"<a>{SECRET}</a>")
    response = XmlResponse("http://e.org/x.xml", body=b"<a/>")

    with pytest.raises(ValueError, match=r"(?i)xpath|function"):
        response.xpath(f"document('file://{file}')/a/text()")


def peak() -> int:
    """Return the highest memory use of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
