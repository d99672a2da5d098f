"""A job file and the files it extends, read and merged into one tree.

`extends` names one file, relative to the file it stands in. Maps merge, everything else is
replaced. Each value keeps the place it came from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from crawler.config.document import parse
from crawler.config.environment import interpolate
from crawler.config.nodes import MapNode, Node, Place, ScalarNode, merge
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem

MAX_EXTENDS = 5
#: A job file is written by hand; more than this is some other file.
MAX_BYTES = 4 * 2**20


def read_merged(path: Path, environ: Mapping[str, str], problems: list[Problem]) -> MapNode | None:
    """Return the merged tree of a job file, `extends` and `x-` keys removed.

    None when the file itself cannot be read; what is wrong is added to `problems`.
    """
    chain: list[Path] = []
    layers: list[MapNode] = []
    place = Place(str(path))
    while (layer := _read(path, place, problems)) is not None:
        chain.append(path)
        layers.append(layer)
        following = _extended(layer, path, environ, problems)
        if following is None:
            break
        path, place = following
        if problem := _refusal(path, chain, place):
            problems.append(problem)
            break
    if not layers:
        return None
    merged = layers.pop()
    while layers:
        merged = merge(merged, layers.pop())
    kept = {key: e for key, e in merged.entries.items() if key != "extends" and key[:2] != "x-"}
    return MapNode(merged.place, kept)


def _extended(
    layer: MapNode, path: Path, environ: Mapping[str, str], problems: list[Problem]
) -> tuple[Path, Place] | None:
    """Return the file a layer extends, and where it says so."""
    node = layer.get("extends")
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return None
    node = interpolate(node, environ, problems)
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        problems.append(node.place.problem("extends: expected the name of one file"))
        return None
    return Path(os.path.normpath(path.parent / node.value)), node.place


def _refusal(path: Path, chain: list[Path], place: Place) -> Problem | None:
    if path.resolve() in [known.resolve() for known in chain]:
        circle = " -> ".join(str(one) for one in (*chain, path))
        return place.problem(f"extends goes in a circle: {circle}")
    if len(chain) > MAX_EXTENDS:
        return place.problem(f"extends is more than {MAX_EXTENDS} files deep")
    return None


def _read(path: Path, place: Place, problems: list[Problem]) -> MapNode | None:
    """Read one file as a map; `place` is where it is asked for."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problems.append(place.problem(f"there is no file {path}", _similar(path)))
        return None
    except OSError as error:
        problems.append(place.problem(f"cannot read {path}: {error.strerror or error}"))
        return None
    if len(raw) > MAX_BYTES:
        problems.append(place.problem(f"{path} is larger than {MAX_BYTES // 2**20} MiB"))
        return None
    text = _decode(raw, path, problems)
    return None if text is None else _map(_parse_file(text, path, problems), path, problems)


def _parse_file(text: str, path: Path, problems: list[Problem]) -> Node | None:
    """Parse the text of a file; an empty one is a problem of its own."""
    found = len(problems)
    node = parse(text, str(path), problems)
    if node is None and len(problems) == found:
        problems.append(Place(str(path)).problem("the file is empty"))
    return node


def _decode(raw: bytes, path: Path, problems: list[Problem]) -> str | None:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        place = Place(str(path), line)
        problems.append(place.problem("the file is not UTF-8", "save it as UTF-8"))
        return None


def _map(node: Node | None, path: Path, problems: list[Problem]) -> MapNode | None:
    if node is None or isinstance(node, MapNode):
        return node
    problems.append(
        node.place.problem(
            "a job file is a map of keys and values", 'write "key: value", a space after the colon'
        )
    )
    return None


def _similar(path: Path) -> str:
    folder = path.parent
    names = [p.name for p in folder.iterdir() if p.is_file()] if folder.is_dir() else []
    return did_you_mean(path.name, names)
