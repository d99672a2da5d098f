"""Pictures that are downloaded: decoded, resized and hashed beside the crawl, hostile ones too."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image

from crawler.practice.covers import png_of
from tests.acceptance.conftest import Job, Site
from tests.acceptance.test_files import BACKENDS, check_whole, lines, put, stored, write

RESIZE = {"resize": {"fit": "64x64"}, "save_as": "thumbs/{sha256:2}/{sha256}.jpg"}


def painted(form: str, size: tuple[int, int] = (200, 100), **options: Any) -> bytes:
    """Return a picture that gets brighter from left to right."""
    out = io.BytesIO()
    image = Image.linear_gradient("L").rotate(90).resize(size)
    image.convert(options.pop("mode", "RGB")).save(out, form, **options)
    return out.getvalue()


def opened(job: Job, path: str) -> Image.Image:
    with Image.open(job.folder / path) as image:
        image.load()
        return image


@BACKENDS
async def test_pictures_are_resized_and_hashed_as_they_come(
    job: Job, site: Site, backend: str
) -> None:
    forms = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
    for form in forms:
        put(site, f"/{form}", painted(form), content_type=f"image/{form.lower()}")
    put(site, "/copy", painted("JPEG"), content_type="image/jpeg")
    steps = [RESIZE, {"thumbnail": "32x32"}, {"dhash": "looks"}]
    write(
        job, *(f"/{form}" for form in forms), "/copy", backend=backend,
        transform={"workers": 1, "steps": steps},
    )  # fmt: skip

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    assert len(found) == len(forms) + 1
    for line in found.values():
        assert opened(job, line["resized"]).size == (64, 32)
        assert opened(job, line["thumbnail"]).size == (32, 32)
        assert line["thumbnail"].startswith("thumbs/job/")
        # All look the same, and get brighter from left to right.
        assert (int(line["looks"], 16) ^ 0xFFFF_FFFF_FFFF_FFFF).bit_count() <= 8, line
    assert found["0"]["resized"] == found["7"]["resized"]
    check_whole(job)


@BACKENDS
async def test_hostile_pictures_fail_alone_and_are_not_kept(
    job: Job, site: Site, backend: str
) -> None:
    jpeg, png = painted("JPEG", (600, 400)), painted("PNG")
    frames = [Image.new("RGB", (40, 40), (shade, 0, 0)) for shade in range(200)]
    film = io.BytesIO()
    frames[0].save(film, "GIF", save_all=True, append_images=frames[1:])
    hostile = {
        "/fine": jpeg,
        "/film": film.getvalue(),
        # Half of it is missing, and the end of another picture is inside.
        "/capped": jpeg[: len(jpeg) // 2] + b"\xff\xd9",
        "/cut": jpeg[:2] + b"\xff\xfe\x00\x04\xff\xd9" + jpeg[2 : len(jpeg) // 2],
        "/spoilt": png[:60] + bytes(reversed(png[60:-12])) + png[-12:],
        "/boast": png[:16] + struct.pack(">II", 50_000, 50_000) + png[24:],
        "/lie": b"GIF89a" + jpeg,
        "/page": b"<html>nothing here</html>",
        "/zip": b"PK\x03\x04" + bytes(200),
        "/jpeg-of-nothing": b"\xff\xd8\xff\xe0" + bytes(100) + b"\xff\xd9",
    }
    for path, body in hostile.items():
        put(site, path, body, content_type="image/jpeg")
    write(job, *hostile, backend=backend, files={"verify": "decode"}, transform={"workers": 1})

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    said = {path: found[str(n)]["error"] for n, path in enumerate(hostile)}
    assert said == {
        "/fine": None, "/film": None, "/cut": "broken", "/capped": "broken",
        "/spoilt": "broken",
        "/boast": "too_many_pixels", "/lie": "too_many_pixels", "/page": "type", "/zip": "type",
        "/jpeg-of-nothing": "broken",
    }  # fmt: skip
    assert len(stored(job)) == 2
    assert "Traceback" not in ran.err
    check_whole(job)


async def test_a_picture_held_on_its_side_is_made_upright(job: Job, site: Site) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    put(site, "/0", painted("JPEG", exif=exif), content_type="image/jpeg")
    write(job, "/0", transform={"workers": 1, "steps": [RESIZE]})

    await job.run()

    assert opened(job, lines(job)["0"]["resized"]).size == (32, 64)


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "CMYK", "1", "I;16"])
async def test_every_mode_of_pixels_can_be_saved(job: Job, site: Site, mode: str) -> None:
    form = "TIFF" if mode == "CMYK" else "PNG"
    put(site, "/0", painted(form, mode=mode), content_type="image/png")
    steps = [
        {"resize": {"pad": "50x50"}, "save_as": f"to/{{sha256}}{ending}", "to": ending[1:]}
        for ending in (".jpg", ".webp", ".png", ".avif")
    ]
    write(job, "/0", transform={"workers": 1, "offload": "never", "steps": steps})

    ran = await job.run()

    (line,) = lines(job).values()
    assert line["status"] == "stored", (line, ran.err)
    for ending in ("jpg", "webp", "png", "avif"):
        assert opened(job, line[ending]).size == (50, 50)


STEPS = """
import os, pathlib

def look(data, line):
    if line["sha256"].startswith("never"):
        return None
    return {"first": data[:4].hex(), "of": line["url"].rsplit("/", 1)[1]}

def fails_once(data, line):
    if not pathlib.Path(__file__).with_name("cured").exists() and "/1" in line["url"]:
        raise ValueError("no good")
    return {"seen": True}
"""


async def test_a_function_of_ones_own_sees_the_bytes_and_adds_to_the_line(
    job: Job, site: Site
) -> None:
    put(site, "/0.png", png_of(80, 80, (1, 2, 3), "a"))
    (job.folder / "steps.py").write_text(STEPS)
    write(job, "/0.png", transform={"workers": 1, "steps": [{"python": "steps.py:look"}]})

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert (lines(job)["0"]["first"], lines(job)["0"]["of"]) == ("89504e47", "0.png")


async def test_a_step_that_fails_leaves_the_file_and_is_done_by_the_next_run(
    job: Job, site: Site
) -> None:
    for number in range(3):
        put(site, f"/{number}.png", png_of(80, 80, (number, 2, 3), "a"))
    (job.folder / "steps.py").write_text(STEPS)
    steps = [{"python": "steps.py:fails_once"}]
    write(job, *(f"/{number}.png" for number in range(3)), transform={"workers": 1, "steps": steps})
    ran = await job.run()
    line = lines(job)["1"]
    assert (line["status"], line["error"]) == ("failed", "step"), ran.err
    assert line["reason"].startswith("steps.py:fails_once: ValueError: no good (")
    assert (job.folder / line["path"]).exists()
    (job.folder / "cured").touch()

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert {(one["status"], one["seen"]) for one in lines(job).values()} == {("kept", True)}
    assert [site.hits[f"/{number}.png"] for number in range(3)] == [1, 1, 1]


async def test_steps_that_are_added_are_done_to_what_is_there(job: Job, site: Site) -> None:
    put(site, "/0", painted("JPEG"), content_type="image/jpeg")
    write(job, "/0")
    await job.run()
    write(job, "/0", transform={"workers": 1, "steps": [RESIZE]})

    await job.run()

    line = lines(job)["0"]
    assert (line["status"], site.hits["/0"]) == ("kept", 1)
    assert opened(job, line["resized"]).size == (64, 32)


@BACKENDS
async def test_kills_leave_no_half_picture(job: Job, site: Site, backend: str) -> None:
    count = 60
    for number in range(count):
        body = painted("JPEG", (100 + number, 100))
        put(site, f"/{number}", body, content_type="image/jpeg")
    fetch = {"per_host": {"concurrency": 8, "delay": "0s", "adaptive": False}}
    write(
        job, *(f"/{number}" for number in range(count)), backend=backend, fetch=fetch,
        transform={"workers": 1, "steps": [RESIZE]},
    )  # fmt: skip
    for point in ("download.place.before:20", "download.put.after:20"):
        ran = await job.run(env={"CRAWLER_FAILPOINT": f"{point}:kill"})
        assert ran.code == -9, (point, ran.err)

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    assert {line["status"] for line in found.values()} <= {"stored", "kept"}
    assert len({opened(job, line["resized"]).size for line in found.values()}) > 1
    made = [one for one in (job.folder / "thumbs").rglob("*") if one.is_file()]
    assert {str(one.relative_to(job.folder)) for one in made} == {
        line["resized"] for line in found.values()
    }
    twice = sum(site.hits[f"/{number}"] - 1 for number in range(count))
    assert twice <= 2 * 8
    check_whole(job)
