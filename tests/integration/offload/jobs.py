"""Functions for slots, tame and wild; a slot imports this file by its path."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


class TwoArguments(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__(one)
        self.other = other


class Treacherous(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def double(number: int) -> int:
    return number * 2


def pid(_: object) -> int:
    return os.getpid()


def modules(_: object) -> list[str]:
    return list(sys.modules)


def grow(size: int) -> int:
    vars(sys.modules[__name__])["kept"] = b"x" * size
    return os.getpid()


def wild(what: Any) -> Any:
    """Do what the payload says; a number is given back."""
    deeds: dict[str, Callable[[], Any]] = {
        "exit": lambda: os._exit(7),
        "segfault": lambda: ctypes.string_at(0),
        "hang": lambda: threading.Event().wait(),
        "hold": lambda: re.match(r"(a+)+$", "a" * 60 + "b"),  # never lets go of the lock
        "two": _raise_two,
        "treacherous": _raise_treacherous,
        "leave": lambda: sys.exit(3),
        "lambda": lambda: lambda: None,
        "large": lambda: b"x" * 200_000_000,
        "memory": lambda: b"x" * (1 << 45),
        "thread": lambda: threading.Thread(target=threading.Event().wait).start(),
        "print": lambda: print("from a slot"),  # noqa: T201
    }
    return deeds[what]() if isinstance(what, str) and what in deeds else what


def family(note: str) -> None:
    """Start a process of one's own, write its id into a file, and never come back."""
    child = subprocess.Popen(["sleep", "600"])
    with Path(note).open("a") as file:
        print(child.pid, file=file)
    threading.Event().wait()


def _raise_two() -> None:
    raise TwoArguments(1, 2)


def _raise_treacherous() -> None:
    raise Treacherous


async def later(_: object) -> None:
    return None
