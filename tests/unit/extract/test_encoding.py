from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.encoding import Charset, codec_of, decode, detect

RUSSIAN = "Привет, мир. Это обычный русский текст для проверки. " * 3


def text_of(body: bytes, content_type: str = "") -> str:
    return decode(body, detect(body, content_type)).text


@pytest.mark.parametrize(
    ("body", "content_type", "codec"),
    [
        pytest.param(b"\xef\xbb\xbfx", "text/html; charset=latin-1", "utf-8", id="mark-first"),
        pytest.param(b"\xff\xfex\0", "text/html; charset=utf-8", "utf-16-le", id="utf-16-mark"),
        pytest.param(b"\xfe\xff\0x", "", "utf-16-be", id="utf-16-be-mark"),
        pytest.param(
            b"<meta charset=koi8-r>", "text/html; charset=utf-8", "utf-8", id="header-beats-meta"
        ),
        pytest.param(b"x", 'text/html;Charset="UTF8" ; x', "utf-8", id="quoted-header"),
        pytest.param(b"<meta charset='koi8-r'>\xff", "text/html", "koi8-r", id="meta"),
        pytest.param(
            b'<META http-equiv=content-type content="text/html; charset=windows-1251">\xff',
            "", "cp1251", id="meta-http-equiv",
        ),
        pytest.param(b"<!-- <meta charset=koi8-r> -->x", "", "utf-8", id="meta-in-a-comment"),
        pytest.param(b" " * 1024 + b"<meta charset=koi8-r>x", "", "utf-8", id="meta-too-late"),
        pytest.param(b"<meta charset=utf-16>x", "", "utf-8", id="meta-cannot-be-utf-16"),
        pytest.param(b"<?xml version='1.0' encoding='koi8-r'?>\xff", "", "koi8-r", id="xml"),
        pytest.param("é".encode(), "text/html; charset=nope-1", "utf-8", id="unknown-label"),
        pytest.param("é".encode(), "", "utf-8", id="valid-utf-8"),
        pytest.param(b"", "", "utf-8", id="empty"),
    ],
)  # fmt: skip
def test_the_first_declaration_in_order_wins(body: bytes, content_type: str, codec: str) -> None:
    charset = detect(body, content_type)

    assert charset.codec == codec
    assert not charset.guessed


@pytest.mark.parametrize("codec", ["cp1251", "koi8-r"])
def test_the_detector_is_asked_when_nothing_declares_it(codec: str) -> None:
    body = RUSSIAN.encode(codec)

    decoded = decode(body, detect(body))

    assert decoded.text == RUSSIAN
    assert decoded.flags == ("charset_guessed",)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("latin-1", None), ("latin1", "cp1252"), ("iso-8859-1", "cp1252"), ("US-ASCII", "cp1252"),
        ("utf-16", "utf-16-le"), ("gb2312", "gb18030"), ("shift_jis", "cp932"),
        ("euc-kr", "cp949"), ("utf-7", None), (" UTF-8 ", "utf-8"), ("", None), ("\0", None),
        ("x-user-defined", "cp1252"), ("hz-gb-2312", "replacement"),
    ],
)  # fmt: skip
def test_labels_mean_what_browsers_mean(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec


@pytest.mark.parametrize("label", ["iso-2022-kr", "hz-gb-2312", "iso-2022-cn"])
def test_a_replacement_label_hides_the_body(label: str) -> None:
    assert text_of(b"<script>", f"text/html; charset={label}") == "\ufffd"


def test_bytes_that_are_no_characters_are_replaced_and_flagged() -> None:
    body = b"a\xffb"

    decoded = decode(body, detect(body, "text/html; charset=utf-8"))

    assert decoded.text == "a\ufffdb"
    assert decoded.flags == ("charset_errors",)


def test_a_byte_order_mark_is_no_text() -> None:
    assert text_of("\ufeffx".encode()) == "x"
    assert text_of("\ufeffx".encode("utf-16-le")) == "x"


@given(body=st.binary(max_size=3000), content_type=st.text())
def test_no_body_and_no_header_makes_it_raise(body: bytes, content_type: str) -> None:
    assert isinstance(text_of(body, content_type), str)


@given(
    body=st.binary(),
    label=st.sampled_from(
        ["big5", "gbk", "euc-jp", "iso-2022-jp", "shift_jis", "utf-16be", "ibm866"]
    ),
)
def test_no_declared_encoding_makes_it_raise(body: bytes, label: str) -> None:
    codec = codec_of(label)

    assert codec is not None
    assert isinstance(decode(body, Charset(codec)).text, str)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf_8_is_read_back_unchanged(text: str) -> None:
    body = text.encode()

    assert decode(body, Charset("utf-8")).text == text
