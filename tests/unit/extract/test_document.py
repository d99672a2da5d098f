from __future__ import annotations

import threading

import pytest
from lxml import etree

from crawler.extract import html_tree
from crawler.extract.document import Document
from crawler.extract.media import Kind


def html(body: bytes, content_type: str = "text/html") -> Document:
    return Document("https://e.org/a/", body, Kind.HTML, content_type)


def test_page_and_tree_read_the_same_encoding() -> None:
    document = html("<title>Ж</title>".encode("cp1251"), "text/html; charset=cp1251")

    assert document.page.title == "Ж"
    assert document.tree.findtext(".//title") == "Ж"
    assert document.text == "<title>Ж</title>"


@pytest.mark.parametrize("first", ["page", "tree"])
def test_the_base_is_the_same_whatever_was_parsed_first(first: str) -> None:
    document = html(b"<base href=/c/><p>x")

    getattr(document, first)

    assert document.base == "https://e.org/c/"


def test_a_tree_that_is_made_in_a_thread_keeps_no_other_document_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large, small, begun, ended = html(b"<p>x"), html(b"<b>y"), threading.Event(), threading.Event()
    waited = []

    whole = html_tree.html_tree

    def slow(raw: bytes) -> etree._Element:
        if raw == large.body:
            begun.set()
            waited.append(ended.wait(10))
        return whole(raw)

    monkeypatch.setattr(html_tree, "html_tree", slow)
    thread = threading.Thread(target=large.make_tree)
    thread.start()
    begun.wait(10)
    found = small.tree.findtext(".//b")
    ended.set()
    thread.join()

    assert (found, waited) == ("y", [True])
    assert large.tree.findtext(".//p") == "x"


def test_a_document_that_is_no_html_has_no_base_of_its_own() -> None:
    assert Document("https://e.org/a", b"<base href=/c/>", Kind.XML).base == "https://e.org/a"


def test_what_is_odd_is_known_once_the_document_was_read() -> None:
    document = html("Привет, как дела? Хорошо, спасибо.".encode("cp1251") * 3)

    before, _, after = document.flags, document.text, document.flags

    assert (before, after) == ((), ("charset_guessed",))


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"\xff\xff<p>", b"<?xml version='1.0' encoding='x'?>"]
)
def test_every_body_has_a_tree(body: bytes) -> None:
    assert html(body).tree.tag == "html"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body><p>a</p></body></html><p>b</p>",
        b"<html><body><p>a</p></body></HTML ><!-- c --><p>b",
        b"<html><body><p>a</p></body></html>\n<html><body><p>b</p></body></html>",
        b"</html><p>a<p>b",
        b"<p>a</p><script>'</html>'</script><p>b</p></html><!-- </html> -->",
    ],
)
def test_what_follows_the_end_of_a_page_is_of_the_page(body: bytes) -> None:
    assert [p.text for p in html(body).tree.iter("p")] == ["a", "b"]


def test_the_end_of_a_page_in_a_script_stays_in_it() -> None:
    tree = html(b"<p>a</p></html><script>'</html>'</script><p>b").tree

    assert tree.findtext(".//script") == "'</html>'"
