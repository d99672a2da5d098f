"""Makes folders of pictures to download: like photographs in size and in how much they hold."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from crawler.practice.covers import png_of

#: Different scenes; each picture is a part of one.
_SCENES = 24
_SCENE = (1600, 1200)


def make_photos(folder: Path, count: int, seed: int = 9) -> None:
    """Write JPEGs of 0.3 to 0.8 megapixels, each of other bytes: 0.jpg, 1.jpg and so on.

    Args:
        folder: Where to; made if missing. Pictures that are there are left as they are.
        count: How many.
        seed: Of what is on them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("pictures", encoding="utf-8")
    if (folder / f"{count - 1}.jpg").exists():
        return
    dice = random.Random(seed)
    scenes = [_scene(dice) for _ in range(min(_SCENES, count))]
    for number in range(count):
        pixels, shape = dice.uniform(0.3e6, 0.8e6), dice.choice((4 / 3, 3 / 2, 1.0, 3 / 4))
        width = min(_SCENE[0], round((pixels * shape) ** 0.5))
        height = min(_SCENE[1], round(pixels / width))
        left, top = (
            dice.randrange(s - o + 1) for s, o in zip(_SCENE, (width, height), strict=True)
        )
        part = scenes[number % len(scenes)].crop((left, top, left + width, top + height))
        part.save(folder / f"{number}.jpg", quality=85)


def make_dots(folder: Path, count: int) -> None:
    """Write PNGs of 8 by 8 pixels, each of other bytes, a thousand to a folder: 0/0.png."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("pictures", encoding="utf-8")
    for number in range(count):
        place = folder / str(number // 1_000)
        if number % 1_000 == 0:
            place.mkdir(exist_ok=True)
        colour = (number >> 16 & 255, number >> 8 & 255, number & 255)
        (place / f"{number}.png").write_bytes(png_of(8, 8, colour, str(number)))


def _scene(dice: random.Random) -> Image.Image:
    """Return something with edges, plains and grain."""
    bands = [_band(dice) for _ in range(3)]
    scene = Image.merge("RGB", bands)
    grain = Image.effect_noise(_SCENE, 18).convert("RGB")
    return ImageChops.add(scene, grain, scale=1.3)


def _band(dice: random.Random) -> Image.Image:
    coarse = Image.new("L", (40, 30))
    coarse.putdata([dice.randrange(256) for _ in range(40 * 30)])
    large = coarse.resize(_SCENE, Image.Resampling.BICUBIC)
    edges = coarse.resize(_SCENE, Image.Resampling.NEAREST).filter(ImageFilter.BoxBlur(1))
    return Image.blend(large, edges, 0.4)
