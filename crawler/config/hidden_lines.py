"""Keeps secrets out of what errors of a config show: source lines, options, values repeated.

What stands below `fetch.auth`, `fetch.headers` and `fetch.cookies` is secret, and so is a map
below a key of `fetch` that does not exist, as it may be one of these misspelt. Below `notify` it is
what proves us to those who are told, their addresses included, and any key that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crawler.config.nodes import MapNode, Node, Place, ScalarNode, leaves
from crawler.config.short_forms import expanded
from crawler.errors import Problem

MASK = "***"
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s?#]*@")

_SECRET_KEYS = ("auth", "headers", "cookies")
#: Where there is no tree to tell, names have to.
_NAMED = re.compile(
    r"(?:passw\w*|secret|healthcheck|webhook|token|api[_-]?key|credential\w*|bearer|value|authorization|cookie)"
    r"[\"']?:\s+(?=\S)",
    re.IGNORECASE,
)
_SECRET_OPTION = re.compile(
    r"(?s)(--set\s+(?:fetch(?:\.(?:auth|headers|cookies)[^=]*)?|notify(?:\.[^=]*)?)=).*"
)


def without_user(text: str) -> str:
    """Return a text with the users and passwords of the URLs in it masked."""
    return _USER_IN_URL.sub(MASK + "@", text)


def hidden(problems: Iterable[Problem], root: MapNode | None) -> list[Problem]:
    """Return problems whose lines end where the first secret on them begins.

    Args:
        problems: What is wrong.
        root: The tree in which the secrets stand; None where the text is none.
    """
    begins: dict[tuple[str, int], int] = {}
    for place in _secrets(root) if root is not None else ():
        line = (place.source, place.line)
        begins[line] = min(place.column, begins.get(line, place.column))
    # A file of which nothing stands in the tree could not be read, or says nothing.
    read = {node.place.source for _, node in leaves(root)} if root is not None else set()
    return [
        _without_secrets(_cut(one, _begin(one, begins, is_tree=one.source in read)))
        for one in problems
    ]


def _secrets(root: MapNode) -> Iterator[Place]:
    yield from _of_fetch(root)
    yield from _of_notify(expanded(root).get("notify"))


def _of_notify(notify: Node | None) -> Iterator[Place]:
    from crawler.config.anatomy import keys_at
    from crawler.config.effective import NOTIFY_SECRETS

    for path, node in leaves(notify) if notify is not None else ():
        key = str(path[-1]) if path else ""
        known = not path or isinstance(path[-1], int) or key in keys_at(("notify", *path[:-1]))
        if isinstance(node, ScalarNode) and (key in NOTIFY_SECRETS or not known):
            yield from _unless_variable(node)


def _of_fetch(root: MapNode) -> Iterator[Place]:
    fetch = root.get("fetch")
    if not isinstance(fetch, MapNode):
        return
    from crawler.config.anatomy import keys_at

    known = keys_at(("fetch",))
    for key, entry in fetch.entries.items():
        below = entry.value
        secret = key in _SECRET_KEYS or (key not in known and isinstance(below, MapNode))
        if isinstance(below, MapNode):
            yield from (inner.key for name, inner in below.entries.items() if "@" in name)
        for _, node in leaves(below):
            if isinstance(node, ScalarNode) and (secret or "@" in node.written):
                yield from _unless_variable(node)


def _unless_variable(node: ScalarNode) -> Iterator[Place]:
    # What stands for a variable is no secret, but its name.
    if not node.from_environment:
        yield node.place


def _begin(problem: Problem, begins: dict[tuple[str, int], int], *, is_tree: bool) -> int:
    """Return the column at which the first secret of a problem's line begins; 0 for none."""
    found = [begins.get((problem.source, problem.line), 0)]
    if user := _USER_IN_URL.search(problem.text):
        found.append(user.start() + 1)
    if not is_tree and (named := _NAMED.search(problem.text)):
        found.append(named.end() + 1)
    return min(filter(None, found), default=0)


def _cut(problem: Problem, column: int) -> Problem:
    shown = len(problem.text.removesuffix(MASK))
    if not column or column > shown:
        return problem
    return problem._replace(text=f"{problem.text[: column - 1]}{MASK}")


def _without_secrets(problem: Problem) -> Problem:
    """Return a problem that repeats no user of a URL, and no secret of an option."""
    source = _SECRET_OPTION.sub(rf"\1{MASK}", problem.source)
    return problem._replace(
        message=without_user(problem.message),
        source=without_user(source),
        hint=without_user(problem.hint),
    )
