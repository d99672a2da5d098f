"""What each output is called: as its input, never twice the same, and the same next time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from xxhash import xxh3_64_hexdigest

#: Bytes of a name without its ending: with that, and what a temporary name adds, most file systems
#: allow 255.
_LONGEST = 200


class Wanted(msgspec.Struct, frozen=True):
    """An input that is to have an output.

    Attributes:
        source: Its absolute path.
        below: The folder, relative to that of all outputs, where its own goes; "" for none.
    """

    source: str
    below: str = ""


def output_names(
    inputs: Sequence[Wanted], ending: str, known: Mapping[str, str]
) -> list[str]:  # fmt: skip
    """Return the path of each output, relative to the folder of all, in the order of the inputs.

    Inputs of one base name get different outputs: all but the first have a hash of their path in
    it. What an input had before it keeps, so that another one beside it changes nothing.

    Args:
        inputs: Each a different file.
        ending: Of every output, with the dot.
        known: Outputs of earlier runs, by the input's path.
    """
    kept = {
        one.source: known[one.source]
        for one in inputs
        if known.get(one.source, "").endswith(ending)
    }
    taken = {_folded(name) for name in (*kept.values(), *known.values())}
    names = []
    for one in inputs:
        name = kept.get(one.source)
        if name is None:
            name = _free_name(one, ending, taken)
            taken.add(_folded(name))
        names.append(name)
    return names


def _free_name(one: Wanted, ending: str, taken: set[str]) -> str:
    stem = Path(one.source).stem
    mark = xxh3_64_hexdigest(os.fsencode(one.source))
    below = "/".join(plain_name(part) for part in one.below.split("/") if part)
    folder = f"{below}/" if below else ""
    plain = plain_name(stem)
    for name in (plain, f"{plain}-{mark[:8]}", f"{plain}-{mark}"):
        whole = f"{folder}{name}{ending}"
        if _folded(whole) not in taken:
            return whole
    return f"{folder}{plain}-{mark}-{len(taken)}{ending}"


def _folded(name: str) -> str:
    """Return what two names share that some file systems take for one."""
    return name.casefold()


def plain_name(name: str) -> str:
    """Return a name that is UTF-8, has no control characters, and is not too long."""
    raw = os.fsencode(name)
    text = "".join(
        char if char.isprintable() else "".join(f"%{byte:02X}" for byte in os.fsencode(char))
        for char in raw.decode("utf-8", "surrogateescape")
    )
    if len(text.encode()) <= _LONGEST:
        return text
    short = text.encode()[: _LONGEST - 17].decode("utf-8", "ignore")
    return f"{short}-{xxh3_64_hexdigest(raw)}"
