from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from crawler.media.picture import Picture
from crawler.media.picture_shape import Making

#: Makes a picture where a file may have few bytes, as on a disk that is nearly full.
MAKES = """
import resource, sys
from crawler.media.picture import Picture
from crawler.media.picture_shape import Making

resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))
try:
    Picture(sys.argv[1], "image/png", 10**7).make(Making("fit", (200, 200), sys.argv[2]))
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def noise(tmp_path: Path) -> str:
    path = tmp_path / "noise.png"
    Image.effect_noise((300, 200), 90).convert("RGB").save(path)
    return str(path)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_what_has_no_room_is_not_made_by_half(noise: str, tmp_path: Path, ending: str) -> None:
    target = tmp_path / "made" / f"small.{ending}"

    said = subprocess.run(
        [sys.executable, "-c", MAKES, noise, str(target)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert said.stdout == "File too large\n"
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "way", "filters"),
    [
        ((60, 40), "fit", Image.Resampling.BOX),
        ((250, 167), "fit", Image.Resampling.HAMMING),
        ((600, 400), "cover", Image.Resampling.LANCZOS),
    ],
)
def test_the_filter_is_that_of_how_much_smaller_it_gets(
    noise: str, tmp_path: Path, size: tuple[int, int], way: str, filters: Image.Resampling
) -> None:
    target = tmp_path / "made.png"
    with Image.open(noise) as image:
        expected = image.resize(size, filters)

    made = Picture(noise, "image/png", 10**7).make(Making(way, size, str(target)))  # type: ignore[arg-type]

    assert made == size
    with Image.open(target) as image:
        assert image.tobytes() == expected.tobytes()
