from __future__ import annotations

import pytest

from crawler.extract.media import Kind, is_html, kind_of


@pytest.mark.parametrize(
    ("media_type", "body", "kind"),
    [
        ("text/html", b"", Kind.HTML),
        ("application/xhtml+xml", b"", Kind.HTML),
        ("application/rss+xml", b"", Kind.XML),
        ("text/xml", b"<html>", Kind.XML),
        ("application/json", b"<html>", Kind.JSON),
        ("application/ld+json", b"", Kind.JSON),
        ("text/plain", b"<html>", Kind.TEXT),
        ("text/css", b"", Kind.TEXT),
        ("image/png", b"<html>", Kind.BINARY),
        ("application/octet-stream", b"<!doctype html>", Kind.BINARY),
        ("application/pdf", b"%PDF", Kind.BINARY),
        ("image/svg+xml", b"<svg>", Kind.XML),
    ],
)
def test_a_media_type_is_taken_at_its_word(media_type: str, body: bytes, kind: Kind) -> None:
    assert kind_of(media_type, body) is kind


@pytest.mark.parametrize("media_type", ["", "unknown/unknown", "application/unknown", "*/*"])
def test_html_is_sniffed_where_the_type_says_nothing(media_type: str) -> None:
    assert is_html(media_type, b"\n <!DOCTYPE HTML><title>x</title>")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>", Kind.HTML),
        (b"\xef\xbb\xbf<p>x", Kind.HTML),
        (b"<!-- x --><p>", Kind.HTML),
        (b"<?xml version='1.0'?><rss/>", Kind.XML),
        (b"<?xml version='1.0'?><html xmlns='x'>", Kind.HTML),
        (b"just words", Kind.TEXT),
        (b"<paragraph>", Kind.TEXT),
        (b"\x89PNG\r\n\x1a\n\0", Kind.BINARY),
        (b"", Kind.TEXT),
    ],
)
def test_a_body_without_a_type_is_known_by_its_beginning(body: bytes, kind: Kind) -> None:
    assert kind_of("", body) is kind
