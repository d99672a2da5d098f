from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from crawler.media.file_text import path_of, text_of
from crawler.media.output_names import Wanted, output_names, plain_name

NAMES = st.binary(min_size=1, max_size=40).filter(lambda raw: not set(raw) & {0, 0x2F})


def test_an_output_is_called_as_its_input_and_lies_where_that_lay() -> None:
    names = output_names([Wanted("/in/a b.MOV"), Wanted("/in/x/-c.mkv", "x")], ".mp4", {})

    assert names == ["a b.mp4", "x/-c.mp4"]


def test_inputs_of_one_name_get_different_outputs_also_where_case_is_folded() -> None:
    inputs = [Wanted("/a/clip.mp4"), Wanted("/b/clip.mov"), Wanted("/c/CLIP.mkv")]

    names = output_names(inputs, ".mp4", {})

    assert names[0] == "clip.mp4"
    assert len({name.casefold() for name in names}) == 3
    assert names[1].startswith("clip-")


def test_an_input_keeps_its_output_whatever_comes_beside_it() -> None:
    inputs = [Wanted("/a/clip.mp4"), Wanted("/b/clip.mov")]
    first = output_names(inputs[1:], ".mp4", {})

    both = output_names(inputs, ".mp4", {"/b/clip.mov": first[0]})

    assert both[1] == first[0]
    assert both[0] != first[0]


def test_another_kind_of_file_gets_another_name() -> None:
    assert output_names([Wanted("/a/x.mp4")], ".webm", {"/a/x.mp4": "x.mp4"}) == ["x.webm"]


@given(NAMES)
def test_any_name_on_disk_gives_one_that_is_utf8_printable_and_not_too_long(raw: bytes) -> None:
    name = plain_name(os.fsdecode(raw))

    assert name
    assert name.isprintable()
    assert len(name.encode()) <= 200


def test_two_long_names_that_begin_alike_stay_two() -> None:
    assert plain_name("x" * 240 + "1") != plain_name("x" * 240 + "2")


@given(NAMES)
def test_any_path_comes_back_from_its_text(raw: bytes) -> None:
    path = os.fsdecode(b"/in/" + raw)

    assert path_of(text_of(path)) == path
    assert text_of(path).encode()
