"""What a plain (unquoted) scalar means: the core types of YAML 1.2, and nothing else.

Against YAML 1.1, dates, `12:30`, `no`, `on` and `017` stay text; so do `.inf`, `.nan`, `0x1F` and
`0o17`, which no setting could use. Underscores may group the digits of a whole number.
"""

from __future__ import annotations

import math
import re

from crawler.config.nodes import PlainScalar

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})

# A leading zero is how codes and postcodes are written: such a value is text.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,29}(?:_[0-9]{1,9}){0,9})")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]{1,30}|(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,3})?"
)


def resolve(text: str) -> PlainScalar:
    """Return the value of a plain scalar."""
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
