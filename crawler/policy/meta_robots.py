"""Which links a page asks robots not to follow: `X-Robots-Tag` fields and `meta` elements.

Only `nofollow` concerns a crawler; `noindex` speaks to those who publish an index. Several
directives add up, so the strictest wins, and `none` is both of them.
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


def header_nofollow(values: Iterable[str], token: str) -> bool:
    """Tell whether `X-Robots-Tag` values ask this robot to follow no link.

    Args:
        values: The field's values; several may be joined by commas.
        token: This crawler's product token (`crawler.policy.robots.product_token`).
    """
    return any(_value_nofollow(value, token.lower()) for value in values)


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


def _value_nofollow(value: str, token: str) -> bool:
    ours = True
    for part in value.split(","):
        directive = part
        prefix = _PREFIX.match(part)
        if prefix is not None and prefix.group(1).lower() not in _WITH_VALUE:
            # The name holds for what follows it, up to the next name.
            ours = prefix.group(1).lower() in (token, "*", "robots")
            directive = part[prefix.end() :]
        if ours and directive.strip().lower() in _NOFOLLOW:
            return True
    return False
