"""What strace writes, read back as events."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.soak.disk_record import Event, events_of

FOLDER = Path("/f")


def hexed(text: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def read(tmp_path: Path, *lines: str, **before: bytes) -> list[Event]:
    log = tmp_path / "log"
    log.write_text("".join(f"{line}\n" for line in lines))
    return events_of(log, FOLDER, before)


def opened(path: str, flags: str, number: int = 3, thread: int = 7) -> str:
    return f"{thread} openat(AT_FDCWD, {hexed(path)}, {flags}, 0666) = {number}"


def test_a_new_file_is_made_written_synced_and_renamed(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        opened("/f/a", "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC"),
        f"7 write(3, {hexed('one')}, 3)      = 3",
        f"7 write(3, {hexed('two')}, 3)      = 3",
        "7 fsync(3)                           = 0",
        f"7 rename({hexed('/f/a')}, {hexed('/f/b')}) = 0",
    )

    assert events == [
        Event("make", "a"),
        Event("write", "a", data=b"one"),
        Event("write", "a", data=b"two", at=3),
        Event("sync", "a", begun=3),
        Event("rename", "a", target="b"),
    ]


def test_what_is_appended_goes_to_the_end_of_what_was_there(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        opened("/f/a", "O_RDWR|O_CREAT|O_APPEND|O_CLOEXEC"),
        f"7 write(3, {hexed('more')}, 4) = 4",
        a=b"12345",
    )

    assert events == [Event("write", "a", data=b"more", at=5)]


def test_a_short_write_counts_for_what_was_written(tmp_path: Path) -> None:
    events = read(
        tmp_path, opened("/f/a", "O_WRONLY|O_CREAT"), f"7 write(3, {hexed('abcd')}, 4) = 2"
    )

    assert events[-1] == Event("write", "a", data=b"ab")


def test_a_sync_that_others_write_beside_covers_what_came_before_it(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        opened("/f/a", "O_WRONLY|O_CREAT"),
        f"7 pwrite64(3, {hexed('one')}, 3, 0) = 3",
        "7 fsync(3 <unfinished ...>",
        f"8 pwrite64(3, {hexed('two')}, 3, 3) = 3",
        "7 <... fsync resumed>)                = 0",
    )

    assert events[-1] == Event("sync", "a", begun=2)


@pytest.mark.parametrize(
    "line",
    [
        f"7 openat(AT_FDCWD, {hexed('/f/a')}, O_RDWR|O_CREAT, 0666) = -1 EACCES (denied)",
        f"7 openat(AT_FDCWD, {hexed('/elsewhere')}, O_RDWR|O_CREAT, 0666) = 3",
    ],
)
def test_what_failed_or_is_elsewhere_is_no_event(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, line, f"7 write(3, {hexed('x')}, 1) = 1") == []


def test_a_folder_opened_like_a_file_is_synced_as_a_folder(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        f"7 mkdir({hexed('/f/s')}, 0777) = 0",
        opened("/f/s", "O_RDONLY|O_CLOEXEC"),
        "7 fsync(3) = 0",
    )

    assert events == [Event("make_folder", "s"), Event("sync_folder", "s", begun=1)]
