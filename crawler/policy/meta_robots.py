"""What a page asks of robots: `X-Robots-Tag` fields and `meta` elements.

Only `nofollow` concerns a crawler, and `noai` one that gathers files; `noindex` speaks to those who
publish an index. Several directives add up, so the strictest wins, and `none` is both of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# "crawler: nofollow" is meant for one robot; these directives have a colon of their own.
_PREFIX = re.compile(r"\s*([A-Za-z0-9_-]+)\s*:")
_WITH_VALUE = frozenset(
    ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
)
_NOFOLLOW = frozenset(("nofollow", "none"))
_NOAI = frozenset(("noai", "noimageai"))


def header_nofollow(values: Iterable[str], token: str) -> bool:
    """Tell whether `X-Robots-Tag` values ask this robot to follow no link.

    Args:
        values: The field's values; several may be joined by commas.
        token: This crawler's product token (`crawler.policy.robots.product_token`).
    """
    return any(_says(value, token.lower(), _NOFOLLOW) for value in values)


def header_noai(values: Iterable[str], token: str) -> bool:
    """Tell whether `X-Robots-Tag` values ask not to use what comes for training: noai, noimageai.

    Args:
        values: The field's values.
        token: This crawler's product token.
    """
    return any(_says(value, token.lower(), _NOAI) for value in values)


def meta_nofollow(pairs: Iterable[tuple[str, str]], token: str) -> bool:
    """Tell whether `meta` elements ask this robot to follow no link.

    Args:
        pairs: `name` and `content` of the page's `meta` elements; other names are passed over.
        token: This crawler's product token.
    """
    names = ("robots", token.lower())
    return any(
        directive.strip().lower() in _NOFOLLOW
        for name, content in pairs
        if name.strip().lower() in names
        for directive in content.split(",")
    )


def _says(value: str, token: str, directives: frozenset[str]) -> bool:
    ours = True
    for part in value.split(","):
        directive = part
        prefix = _PREFIX.match(part)
        if prefix is not None and prefix.group(1).lower() not in _WITH_VALUE:
            # The name holds for what follows it, up to the next name.
            ours = prefix.group(1).lower() in (token, "*", "robots")
            directive = part[prefix.end() :]
        if ours and directive.strip().lower() in directives:
            return True
    return False
