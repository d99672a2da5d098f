"""Make the few pictures that the practice site cannot draw itself (JPEG, GIF, WebP).

Needs Pillow, which the package does not: `pip install pillow` into a scratch environment, then
`python scripts/make_practice_images.py`. `crawler/practice/covers.py` makes each book's own bytes
from them.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw  # no part of our environment

FOLDER = Path(__file__).parents[1] / "crawler/practice/pictures"


def draw(
    size: tuple[int, int], paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> Image.Image:
    """Return a book cover: a frame, two bars for a title, a disc."""
    width, height = size
    image = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(image)
    pen.rectangle((8, 8, width - 9, height - 9), outline=ink, width=3)
    pen.rectangle((width // 5, height // 5, width * 4 // 5, height // 5 + 10), fill=ink)
    pen.rectangle((width // 4, height // 5 + 18, width * 3 // 4, height // 5 + 24), fill=ink)
    radius = width // 5
    pen.ellipse(
        (
            width // 2 - radius,
            height * 3 // 5 - radius,
            width // 2 + radius,
            height * 3 // 5 + radius,
        ),
        fill=ink,
    )
    return image


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    draw((240, 320), (46, 125, 80), (250, 245, 230)).save(FOLDER / "plain.jpg", quality=70)
    draw((300, 400), (40, 82, 160), (250, 245, 230)).save(
        FOLDER / "progressive.jpg", quality=70, progressive=True
    )
    draw((120, 160), (178, 34, 52), (250, 245, 230)).quantize(8).save(FOLDER / "plain.gif")
    # Metadata make it an extended WebP file, the kind that may carry more chunks.
    draw((240, 320), (226, 178, 40), (60, 40, 20)).save(
        FOLDER / "lossy.webp", quality=70, method=6, xmp=b"<x/>"
    )
    draw((180, 240), (112, 66, 150), (250, 245, 230)).save(
        FOLDER / "lossless.webp", lossless=True, method=6, xmp=b"<x/>"
    )


if __name__ == "__main__":
    main()
