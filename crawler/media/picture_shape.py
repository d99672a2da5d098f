"""What becomes of the sides of a picture that is resized: plain arithmetic."""

from __future__ import annotations

from typing import Literal

import msgspec

Way = Literal["fit", "cover", "pad"]


class Making(msgspec.Struct, frozen=True):
    """A picture that is to be made of another one.

    Attributes:
        way: What is done with another shape: "fit" into the size, never larger than it is;
            "cover" it, what is over cut off at both sides; "pad" it at both sides.
        size: Width and height, in pixels.
        path: Where it goes; its ending says the format.
        quality: 1 to 100, for formats that lose some.
    """

    way: Way
    size: tuple[int, int]
    path: str = ""
    quality: int = 82


class Shape(msgspec.Struct, frozen=True):
    """How to get from one size to another.

    Attributes:
        inner: What the picture itself is resized to.
        outer: The size of what is made; more than `inner` where something is put around it.
        box: The part of the picture that is taken: left, top, right, bottom; None for all of it.
    """

    inner: tuple[int, int]
    outer: tuple[int, int]
    box: tuple[float, float, float, float] | None = None


def shape_of(size: tuple[int, int], way: Way, wanted: tuple[int, int]) -> Shape:
    """Return how a picture is to be resized.

    Args:
        size: Its width and height, 1 or more.
        way: See `Making`.
        wanted: Width and height.
    """
    (width, height), (wide, high) = size, wanted
    if way == "cover":
        scale = max(wide / width, high / height)
        across, down = wide / scale, high / scale
        left, top = (width - across) / 2, (height - down) / 2
        box = (max(0.0, left), max(0.0, top), min(width, left + across), min(height, top + down))
        return Shape(wanted, wanted, box)
    scale = min(1.0, wide / width, high / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Shape(inner, wanted if way == "pad" else inner)


def needed_for(size: tuple[int, int], way: Way, wanted: tuple[int, int]) -> tuple[int, int]:
    """Return the least size that a picture may be decoded to for a good one to come of it."""
    (width, height), (wide, high) = size, wanted
    scale = (max if way == "cover" else min)(wide / width, high / height)
    if scale >= 1.0:
        return size
    return max(1, round(width * scale)), max(1, round(height * scale))
