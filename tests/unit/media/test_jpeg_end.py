from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from crawler.media.jpeg_end import ends_early

END = b"\xff\xd9"
WAYS: dict[str, dict[str, Any]] = {
    "usual": {}, "colours as fine": {"subsampling": 0}, "grey": {"mode": "L"},
    "ink": {"mode": "CMYK"}, "restarts": {"restart_marker_rows": 1},
    "in scans": {"progressive": True},
}  # fmt: skip


def painted() -> Image.Image:
    size = (330, 217)
    noise = Image.merge("RGB", [Image.effect_noise(size, spread) for spread in (40, 60, 80)])
    return ImageChops.blend(noise, Image.linear_gradient("L").resize(size).convert("RGB"), 0.5)


def jpeg(image: Image.Image, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    image.convert(mode).save(out, "JPEG", **{"quality": 85, **options})
    return out.getvalue()


def found_early(folder: Path, body: bytes, part: int = 8) -> bool:
    path = folder / "picture.jpg"
    path.write_bytes(body)
    with Image.open(path, formats=("JPEG",)) as image:
        image.draft(None, (image.width // part, image.height // part))
        image.load()
        return ends_early(str(path), image)


@pytest.mark.parametrize("part", [1, 2, 8])
@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_was_cut_and_closed_is_found(tmp_path: Path, way: str, part: int) -> None:
    whole = jpeg(painted(), **WAYS[way])
    shares = (0.2, 0.35) if way == "in scans" else (0.2, 0.5, 0.8, 0.95)

    assert not found_early(tmp_path, whole, part)
    assert not found_early(tmp_path, whole + b"a film behind it" + END, part)
    for share in shares:
        assert found_early(tmp_path, whole[: int(share * len(whole))] + END, part), share


@pytest.mark.parametrize("part", [1, 8])
@pytest.mark.parametrize("way", WAYS)
def test_grey_pictures_are_whole(tmp_path: Path, way: str, part: int) -> None:
    half = painted()
    half.paste((128, 128, 128), (0, 100, *half.size))
    grey = Image.new("RGB", (501, 333), (128, 128, 128))

    for image in (half, grey):
        assert not found_early(tmp_path, jpeg(image, **WAYS[way]), part)
