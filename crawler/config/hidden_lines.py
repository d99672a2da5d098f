"""Keeps secrets of `fetch.auth` and `fetch.proxies` out of the source lines that errors show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.config.nodes import MapNode, Place, ScalarNode, leaves
from crawler.errors import Problem


def hidden(problems: Iterable[Problem], root: MapNode) -> list[Problem]:
    """Return problems whose lines end where the first secret on them begins.

    Args:
        problems: What is wrong.
        root: The tree in which the secrets stand.
    """
    begins: dict[tuple[str, int], int] = {}
    for place in _secrets(root):
        line = (place.source, place.line)
        begins[line] = min(place.column, begins.get(line, place.column))
    return [_cut(problem, begins) for problem in problems]


def _secrets(root: MapNode) -> Iterator[Place]:
    fetch = root.get("fetch")
    if not isinstance(fetch, MapNode):
        return
    for key in ("auth", "proxies"):
        below = fetch.get(key)
        for name, entry in below.entries.items() if isinstance(below, MapNode) else ():
            if "@" in name:
                yield entry.key
        for _, node in leaves(below) if below is not None else ():
            # What stands for a variable is no secret, but its name.
            if not isinstance(node, ScalarNode) or node.from_environment:
                continue
            if key == "auth" or "@" in node.written:
                yield node.place


def _cut(problem: Problem, begins: dict[tuple[str, int], int]) -> Problem:
    column = begins.get((problem.source, problem.line))
    if not column or column > len(problem.text):
        return problem
    return problem._replace(text=f"{problem.text[: column - 1]}***")
