from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.files import FileWriter
from crawler.messages import Headers, HttpResponse
from crawler.storage.body_store import DiskBodies

URL = "http://a.example/"


@pytest.fixture
def files() -> Iterator[FileWriter]:
    writer = FileWriter()
    yield writer
    writer.close()


@pytest.fixture
def bodies(tmp_path: Path, files: FileWriter) -> DiskBodies:
    return DiskBodies(tmp_path / "bodies", files, max_size=10_000, max_body=5_000)


def answer(body: bytes, **fields: str) -> HttpResponse:
    named = {"content-type": "text/html", "date": "now"} | fields
    return HttpResponse(url=URL, status=200, headers=Headers(named), body=body)


def on_disk(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "bodies").rglob("*.body"))


async def test_a_body_comes_back_with_the_fields_that_rules_look_at(bodies: DiskBodies) -> None:
    digest = await bodies.keep(answer(b"x\ny\0", link="<b>; rel=next"))

    assert digest is not None
    kept = await bodies.answer(URL, digest)
    assert kept is not None
    assert (kept.url, kept.status, kept.body, kept.flags) == (URL, 200, b"x\ny\0", ("kept",))
    assert kept.content_type == "text/html"
    assert kept.headers["link"] == b"<b>; rel=next"
    assert "date" not in kept.headers


async def test_equal_bodies_are_kept_once_and_compressed(
    bodies: DiskBodies, tmp_path: Path
) -> None:
    first = await bodies.keep(answer(b"a" * 4_000))
    second = await bodies.keep(answer(b"a" * 4_000, date="later"))

    (path,) = on_disk(tmp_path)
    assert first == second
    assert path.stat().st_size < 100


@pytest.mark.parametrize("body", [b"", b"x" * 5_001])
async def test_what_is_empty_or_too_large_is_not_kept(
    bodies: DiskBodies, tmp_path: Path, body: bytes
) -> None:
    assert await bodies.keep(answer(body)) is None
    assert not on_disk(tmp_path)


async def test_they_take_no_more_room_than_they_may(bodies: DiskBodies, tmp_path: Path) -> None:
    kept = [await bodies.keep(answer(os.urandom(3_000))) for _ in range(5)]

    assert [one is not None for one in kept] == [True, True, True, False, False]
    assert sum(path.stat().st_size for path in on_disk(tmp_path)) <= 10_000


async def test_bodies_that_no_page_has_go_first_and_then_the_oldest(
    bodies: DiskBodies, tmp_path: Path
) -> None:
    digests = [await bodies.keep(answer(os.urandom(3_000))) for _ in range(3)]
    known = [one for one in digests if one is not None]
    for age, digest in enumerate(known):
        os.utime(next((tmp_path / "bodies").rglob(f"{digest.hex()}.body")), (age, age))

    bodies.prune(known)
    after_all = {path.stem for path in on_disk(tmp_path)}
    bodies.prune(known[2:])
    after_one = {path.stem for path in on_disk(tmp_path)}

    assert after_all == {one.hex() for one in known[1:]}
    assert after_one == {known[2].hex()}
    assert await bodies.keep(answer(os.urandom(3_000))) is not None


@pytest.mark.parametrize("spoil", [b"", b"not zlib", None])
async def test_a_body_that_is_damaged_or_gone_is_as_good_as_none(
    bodies: DiskBodies, tmp_path: Path, spoil: bytes | None
) -> None:
    digest = await bodies.keep(answer(b"x" * 100))
    other = await bodies.keep(answer(b"y" * 100))
    assert digest is not None
    assert other is not None
    path = next((tmp_path / "bodies").rglob(f"{digest.hex()}.body"))
    if spoil is None:
        path.unlink()
    else:
        path.write_bytes(spoil)

    assert await bodies.answer(URL, digest) is None
    path.write_bytes(next((tmp_path / "bodies").rglob(f"{other.hex()}.body")).read_bytes())
    assert await bodies.answer(URL, digest) is None


async def test_a_folder_that_cannot_be_written_keeps_nothing_and_stops_nobody(
    tmp_path: Path, files: FileWriter
) -> None:
    (tmp_path / "bodies").write_text("a file")
    bodies = DiskBodies(tmp_path / "bodies", files, max_size=10_000, max_body=5_000)

    assert await bodies.keep(answer(b"x")) is None


def test_threads_that_fetch_keep_and_read_without_a_loop(
    bodies: DiskBodies, tmp_path: Path
) -> None:
    def at_once(coroutine: object) -> object:
        with pytest.raises(StopIteration) as stop:
            coroutine.send(None)  # type: ignore[attr-defined]
        return stop.value.value

    digest = at_once(bodies.keep(answer(b"x")))

    assert isinstance(digest, bytes)
    kept = at_once(bodies.answer(URL, digest))
    assert isinstance(kept, HttpResponse)
    assert [path.suffix for path in (tmp_path / "bodies").rglob("*.*")] == [".body"]
