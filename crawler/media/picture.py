"""Pictures, decoded once, no larger than needed; made smaller, saved, hashed. Runs in a slot.

What comes from the network may lie: the format is the one that its bytes name and no other, pixels
are counted before they are decoded, and of a film only the first frame is looked at.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from crawler.errors import FileFault
from crawler.files import write_whole
from crawler.media.jpeg_end import ends_early
from crawler.media.picture_shape import Making, needed_for, shape_of

#: What Pillow calls the kinds that it can decode.
_FORMATS = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP",
    "image/bmp": "BMP", "image/tiff": "TIFF", "image/avif": "AVIF",
}  # fmt: skip
_ENDINGS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".avif": "AVIF"}
#: The tag that says how a camera was held, and its least value for one on its side.
_ORIENTATION, _ON_SIDE = 0x0112, 5
#: From this on a picture is made smaller by averages, which is fast and looks good; below that dots
#: would be seen to move, and Hamming's window is used: half the cost of Lanczos' for a decibel.
_AVERAGED = 1.5
_WHITE = (255, 255, 255)
#: Sides that are enough to see how a picture looks.
_SEEN = 64


class Picture:
    """A picture that was decoded.

    Args:
        path: Its file.
        media_type: What its bytes are.
        max_pixels: Most that are decoded.
        makings: What is going to be made of it: a JPEG that only small pictures are made of is
            decoded to a half, a quarter or an eighth of its size, in a fraction of the time.

    Raises:
        FileFault: It cannot be decoded, or has more pixels than it said.
    """

    def __init__(
        self, path: str, media_type: str, max_pixels: int, makings: Sequence[Making] = ()
    ) -> None:
        form = _FORMATS.get(media_type)
        if form is None:
            raise FileFault("broken", f"{media_type or 'it'} cannot be decoded here")
        try:
            self._image = _decoded(path, form, max_pixels, makings)
        except MemoryError:
            raise FileFault("broken", f"{media_type}: decoding it takes too much memory") from None
        except FileFault:
            raise
        # Decoders meet what nobody thought of, and raise whatever that leads to.
        except Exception as error:  # noqa: BLE001
            why = " ".join(str(error).split())[:200] or type(error).__name__
            why = why.replace(repr(path), "").replace(path, "it").strip()
            raise FileFault("broken", f"{media_type}: it cannot be decoded: {why}") from None

    def make(self, making: Making, *, sync: bool = False) -> tuple[int, int]:
        """Make a picture of it, seen whole or not at all under its name.

        Args:
            making: What, and where.
            sync: It is to survive the loss of power.

        Returns:
            Its width and height.

        Raises:
            OSError: It cannot be written.
        """
        target = Path(making.path)
        form = _ENDINGS[target.suffix]
        made = _shaped(_fit_for(self._image, form), making)
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            _save(made, aside, form, making.quality, sync=sync)
            aside.replace(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return made.size

    def dhash(self) -> str:
        """Return 64 bits as 16 hexadecimal digits: whether it gets brighter, from left to right.

        Pictures that look alike differ in few bits, whatever their size and format.
        """
        small = self._image.convert("L").resize(
            (9, 8), Image.Resampling.BOX
        )  # fmt: skip
        dots = small.tobytes()
        bits = 0
        for row in range(8):
            for column in range(8):
                at = row * 9 + column
                bits = bits << 1 | (dots[at] < dots[at + 1])
        return f"{bits:016x}"


def _decoded(path: str, form: str, max_pixels: int, makings: Sequence[Making]) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which nobody asked for
        with Image.open(path, formats=(form,)) as image:
            width, height = image.size
            if width * height > max_pixels:
                said = f"{width:,} x {height:,} pixels; files.max_pixels is {max_pixels:,}"
                raise FileFault("too_many_pixels", said)
            turn = image.getexif().get(_ORIENTATION, 1) if form == "JPEG" else 1
            if form == "JPEG":
                image.draft(None, _needed(image.size, makings, on_side=turn >= _ON_SIDE))
            image.load()
            if form == "JPEG" and ends_early(path, image):
                raise FileFault("broken", "image/jpeg: its data end before the picture does")
            if turn > 1:
                ImageOps.exif_transpose(image, in_place=True)
            return image


def _needed(size: tuple[int, int], makings: Sequence[Making], *, on_side: bool) -> tuple[int, int]:
    """Return the size to which a picture is to be decoded at least, as it lies in its file."""
    upright = (size[1], size[0]) if on_side else size
    wide, high = needed_for(upright, "fit", (_SEEN, _SEEN))
    for making in makings:
        width, height = needed_for(upright, making.way, making.size)
        wide, high = max(wide, width), max(high, height)
    return (high, wide) if on_side else (wide, high)


def _fit_for(image: Image.Image, form: str) -> Image.Image:
    """Return an image in a mode that a format can have."""
    if image.mode.startswith("I"):  # 16 bits of grey; what there is of 32 is mostly that
        image = image.convert("I").point(lambda dot: dot * (1 / 256)).convert("L")
    if image.mode in ("RGB", "L"):
        return image
    clear = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    if not clear:
        return image.convert("RGB")
    whole = image.convert("RGBA")
    if form != "JPEG":
        return whole
    ground = Image.new("RGB", whole.size, _WHITE)
    ground.paste(whole, mask=whole.getchannel("A"))
    return ground


def _shaped(image: Image.Image, making: Making) -> Image.Image:
    shape = shape_of(image.size, making.way, making.size)
    made = image
    if shape.box is not None or shape.inner != image.size:
        taken = shape.box[2] - shape.box[0] if shape.box is not None else image.width
        made = image.resize(shape.inner, _filter(taken / shape.inner[0]), box=shape.box)
    if shape.inner == shape.outer:
        return made
    ground = Image.new(made.mode, shape.outer, "white")
    left, top = ((o - i) // 2 for o, i in zip(shape.outer, shape.inner, strict=True))
    ground.paste(made, (left, top))
    return ground


def _filter(times: float) -> Image.Resampling:
    """Return what a picture is resized with that is to have so many times fewer dots across."""
    if times >= _AVERAGED:
        return Image.Resampling.BOX
    return Image.Resampling.HAMMING if times > 1.0 else Image.Resampling.LANCZOS


def _save(image: Image.Image, path: Path, form: str, quality: int, *, sync: bool) -> None:
    more: dict[str, Any] = {} if form == "PNG" else {"quality": quality}
    profile = image.info.get("icc_profile")
    # The profile says what the colours are: without it some pictures look pale.
    if profile and image.mode in ("RGB", "RGBA"):
        more["icc_profile"] = profile
    # Not into the file: Pillow does not see that less was written than was to be.
    made = io.BytesIO()
    image.save(made, form, **more)
    write_whole(path, made.getbuffer(), sync=sync)
