from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crawler.media.sniffing import Look, ending_of, look_at
from crawler.practice.covers import png_of

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")


def made(form: str, size: tuple[int, int] = (123, 77), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(out, form, **options)
    return out.getvalue()


def seen(data: bytes) -> Look:
    return look_at(io.BytesIO(data))


@pytest.mark.parametrize("form", FORMATS)
def test_kind_and_size_are_read_without_decoding(form: str) -> None:
    assert seen(made(form)) == Look(f"image/{form.lower()}", 123, 77)


def test_every_kind_of_webp_tells_its_size() -> None:
    assert seen(made("WEBP", lossless=True)) == Look("image/webp", 123, 77)
    assert seen(made("WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")) == Look("image/webp", 123, 77)


def test_a_profile_of_any_length_may_come_before_the_size() -> None:
    plain = made("JPEG")
    segment = b"\xff\xe2" + struct.pack(">H", 65_535) + b"\0" * 65_533
    assert seen(plain[:2] + segment * 40 + plain[2:]) == Look("image/jpeg", 123, 77)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_without_its_end_is_broken(form: str) -> None:
    assert seen(made(form)[:-20]).broken == "its end is missing"


def test_what_comes_behind_the_end_of_a_picture_breaks_nothing() -> None:
    assert seen(made("JPEG") + b"a film" * 50_000) == Look("image/jpeg", 123, 77)


def test_a_picture_that_boasts_of_pixels_is_taken_at_its_word() -> None:
    png = png_of(8, 8, (0, 0, 0), "")
    boast = png[:16] + struct.pack(">II", 50_000, 50_000) + png[24:]
    assert (seen(boast).width, seen(boast).height) == (50_000, 50_000)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "image/svg+xml"),
        (b"<!-- a --> <svg/>", "image/svg+xml"),
        (b"<html><svg/></html>", ""),
        (b"\0\0\0\x18ftypisom\0\0\0\0isom", "video/mp4"),
        (b"", ""),
        (b"plain", ""),
    ],
)
def test_other_files_are_known_by_their_first_bytes(data: bytes, media_type: str) -> None:
    assert seen(data) == Look(media_type)


@given(st.sampled_from(FORMATS), st.integers(0, 400), st.binary(max_size=40))
def test_nothing_that_a_file_holds_is_too_much(form: str, at: int, noise: bytes) -> None:
    whole = made(form)
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    for data in (damaged, whole[:at], noise):
        look = seen(data)
        assert look.broken or (look.width is None) == (look.height is None)


def test_every_picture_has_an_ending() -> None:
    assert [ending_of(seen(made(form)).media_type) for form in FORMATS] == [
        ".jpg", ".png", ".gif", ".webp", ".bmp", ".tiff", ".avif",
    ]  # fmt: skip
