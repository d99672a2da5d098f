from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from crawler.media.shards import samples_of, write_shards


def line(number: int, status: str = "stored") -> dict[str, Any]:
    return {"sha256": f"{number:064x}", "path": f"i/{number}.png", "status": status, "sku": number}


def placed(base: Path, count: int) -> list[dict[str, Any]]:
    (base / "i").mkdir()
    for number in range(count):
        (base / f"i/{number}.png").write_bytes(bytes([number]) * 10)
    return [line(number) for number in range(count)]


def test_a_sample_is_a_file_and_its_line_side_by_side(tmp_path: Path) -> None:
    lines = placed(tmp_path, 5)

    shards = list(write_shards(samples_of(lines), tmp_path.joinpath, tmp_path / "out", size=2))

    assert [(one.path.name, one.samples) for one in shards] == [
        ("00000.tar", 2), ("00001.tar", 2), ("00002.tar", 1),
    ]  # fmt: skip
    with tarfile.open(shards[1].path) as tar:
        names = tar.getnames()
        assert names == [f"{n:064x}{end}" for n in (2, 3) for end in (".png", ".json")]
        first = tar.extractfile(names[0])
        second = tar.extractfile(names[1])
        assert first is not None
        assert second is not None
        assert first.read() == bytes([2]) * 10
        assert json.load(second) == lines[2]


def test_what_is_not_there_and_the_same_bytes_are_left_out() -> None:
    lines = [line(0), line(0, "duplicate"), line(0, "kept"), line(1, "failed"), line(2, "kept")]

    assert [int(key, 16) for key, _, _ in samples_of(lines)] == [0, 2]


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    lines = placed(tmp_path, 3)
    made = [
        next(write_shards(samples_of(lines), tmp_path.joinpath, tmp_path / name)).path.read_bytes()
        for name in ("a", "b")
    ]

    assert made[0] == made[1]


def test_a_shard_that_lacks_a_file_does_not_appear(tmp_path: Path) -> None:
    lines = [*placed(tmp_path, 2), line(9)]

    with pytest.raises(FileNotFoundError):
        list(write_shards(samples_of(lines), tmp_path.joinpath, tmp_path / "out"))

    assert list((tmp_path / "out").iterdir()) == []
