r"""Patterns on the path of a URL, as a config writes them, made into regular expressions.

* `/catalogue/**`  that path and everything below it
* `**/print/**`    below a segment `print`, wherever it stands
* `/p/*.html`      `*` is any run of characters within one segment
* `/list?page=*`   a glob with a `?` is compared with path and query, others with the path alone
* `re:page=\d+$`  a regular expression, searched in path and query

A glob must match as a whole, and case counts. Nothing but `*` and `**` is special in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from crawler.errors import ConfigError
from crawler.expressions import Expression

_RAW = re.compile(r"[^\x21-\x7e]+")
#: Seconds of one `re:` pattern on one URL, of which a page may have thousands.
_PATIENCE = 0.05


class PathPatterns(msgspec.Struct, frozen=True):
    """Several patterns as few regular expressions.

    Attributes:
        paths: Of every glob on the path alone; None for none.
        whole: Of every glob on path and query; None for none.
        searches: Of every `re:` pattern.
        in_doubt: What it is when a search takes too long: a URL made to slow it down.
    """

    paths: re.Pattern[str] | None
    whole: re.Pattern[str] | None
    searches: tuple[Expression, ...]
    in_doubt: bool = False

    def match(self, target: str) -> bool:
        """Tell whether any pattern matches a URL's path and query."""
        if self.paths is not None and self.paths.match(target.partition("?")[0]):
            return True
        if self.whole is not None and self.whole.match(target):
            return True
        try:
            return any(one.search(target, _PATIENCE) is not None for one in self.searches)
        except TimeoutError:
            return self.in_doubt


def compile_patterns(patterns: Iterable[str], *, in_doubt: bool = False) -> PathPatterns:
    """Compile patterns.

    Args:
        patterns: As in the head of this module.
        in_doubt: See `PathPatterns`; True for patterns of what is left out.

    Raises:
        ConfigError: One of them is no glob on a path and no valid expression.
    """
    globs: list[str] = []
    searches: list[Expression] = []
    for pattern in patterns:
        if pattern.startswith("re:"):
            searches.append(_expression(pattern))
        elif pattern.startswith(("/", "*")):
            globs.append(_RAW.sub(_percent, pattern))
        else:
            raise ConfigError(
                f"pattern {pattern!r} does not begin with '/', '*' or 're:'; "
                "it is compared with the path of a URL, not with its host"
            )
    paths = [_regex(glob) for glob in globs if "?" not in glob]
    whole = [_regex(glob) for glob in globs if "?" in glob]
    return PathPatterns(_union(paths), _union(whole), tuple(searches), in_doubt)


def _expression(pattern: str) -> Expression:
    try:
        return Expression(pattern[3:])
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"pattern {pattern!r} is no regular expression: {error}") from None


def _union(expressions: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{e})" for e in expressions), re.DOTALL) if expressions else None


def _percent(raw: re.Match[str]) -> str:
    # A serialised URL has these characters percent-encoded, a config may have them as they are.
    return "".join(f"%{byte:02X}" for byte in raw.group().encode("utf-8", "replace"))


def _regex(glob: str) -> str:
    """Translate one glob.

    A part that another `**` follows is wrapped in an atomic group: its first match is as good as
    any other, and not trying the others keeps a hostile URL from costing more than its length.
    """
    end = r"\Z"
    if glob.endswith("/**"):
        glob, end = glob[:-3], r"(?:/.*)?\Z"
    chunks = re.split(r"\*{2,}", glob)
    parts = [_chunk(chunks[0], last=len(chunks) == 1)]
    for index in range(1, len(chunks)):
        last = index == len(chunks) - 1
        inner = _after_stars(chunks[index - 1], chunks[index], last=last)
        parts.append(inner if last else f"(?>{inner})")
    return "".join(parts) + end


def _after_stars(before: str, chunk: str, *, last: bool) -> str:
    """Translate a `**` and what follows; between slashes it is any number of segments."""
    if chunk.startswith("/") and not before:
        return ".*?/" + _chunk(chunk[1:], last=last)
    if chunk.startswith("/") and before.endswith("/"):
        return "(?:.*?/)??" + _chunk(chunk[1:], last=last)
    return ".*?" + _chunk(chunk, last=last)


def _chunk(chunk: str, *, last: bool) -> str:
    """Translate a part without `**`; the `*`s before its last one need no second try either."""
    literals = [re.escape(literal) for literal in chunk.split("*")]
    parts = [literals[0]]
    for index, literal in enumerate(literals[1:], 2):
        loose = last and index == len(literals)
        parts.append(f"[^/]*{literal}" if loose else f"(?>[^/]*?{literal})")
    return "".join(parts)
