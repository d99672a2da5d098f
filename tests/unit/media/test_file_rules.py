from __future__ import annotations

import pytest

from crawler.errors import FileFault
from crawler.media.file_rules import FileRules
from crawler.media.sniffing import Look

SHA = "ab12" + "0" * 60
PATH = "images/{sha256:2}/{sha256}{ext}"


def rules(**changes: object) -> FileRules:
    return FileRules(**({"path": PATH, "job": "j"} | changes))  # type: ignore[arg-type]


def fault(look: Look, said: str = "image/jpeg", **changes: object) -> str:
    with pytest.raises(FileFault) as caught:
        rules(**changes).check(look, said)
    return caught.value.fault


def test_the_bytes_decide_what_a_file_is() -> None:
    assert rules().check(Look("image/png", 9, 9), "image/jpeg") == "image/png"
    assert rules().check(Look("image/png", 9, 9), "application/octet-stream") == "image/png"
    assert fault(Look(""), "image/jpeg") == "type"
    assert fault(Look("image/png", 9, 9), accept=("image/jpeg",)) == "type"


def test_what_has_no_signature_is_what_its_server_says_where_that_is_asked_for() -> None:
    assert rules(accept=("text/csv",)).check(Look(""), "text/csv") == "text/csv"


def test_svg_must_be_named() -> None:
    look = Look("image/svg+xml")
    assert fault(look, accept=("image/*",)) == "type"
    assert fault(look, accept=("*/*",)) == "type"
    assert rules(accept=("image/svg+xml",)).check(look, "") == "image/svg+xml"


def test_sizes_have_limits_in_both_directions() -> None:
    assert fault(Look("image/png", 50_000, 50_000)) == "too_many_pixels"
    assert fault(Look("image/png", 63, 900), min_size=(64, 64)) == "too_small"
    assert rules(min_size=(64, 64)).check(Look("image/png", 64, 64), "") == "image/png"


def test_broken_pictures_pass_only_where_nothing_is_verified() -> None:
    look = Look("image/png", broken="it is")
    assert fault(look) == "broken"
    assert rules(verify="none").check(look, "") == "image/png"


def test_a_body_is_worth_reading_if_it_may_be_a_picture() -> None:
    one = rules(accept=("image/png",))
    assert [one.may_be(said) for said in ("", "image/png", "image/webp", "text/html")] == [
        True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (PATH, f"images/ab/{SHA}.png"),
        ("{name}/{host}/{sha256}{ext}", f"j/a.example/{SHA}.png"),
        ("x/{sha256}", f"x/{SHA}"),
    ],
)
def test_a_place_is_made_of_the_bytes(path: str, place: str) -> None:
    assert rules(path=path).place_of(SHA, "image/png", "http://a.example:81/../x.exe") == place


def test_parts_lie_where_one_rename_is_enough() -> None:
    assert rules().fixed_part == "images"
    assert rules(path="{name}/pics/{sha256}").fixed_part == "j/pics"
