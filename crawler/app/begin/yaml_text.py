"""Text from anywhere, written into a config so that it can be nothing but text."""

from __future__ import annotations

import json
import re

from crawler.observe.console import safe

_LONGEST_COMMENT = 160
_PLAIN_SELECTOR = re.compile(r"[A-Za-z0-9 .:()\[\]=_#>-]+")


def quoted(text: str) -> str:
    """Return a text as a YAML scalar that reads back as itself, `${...}` not filled in.

    JSON's strings are YAML's as well, but for what lies beyond the basic plane: JSON writes that as
    two escapes, YAML as one.
    """
    escaped = json.dumps(text.replace("$", "$$"), ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in escaped)


def _escape(character: str) -> str:
    number = ord(character)
    # Half a pair has no meaning in YAML; a browser reads it as U+FFFD.
    number = 0xFFFD if 0xD800 <= number < 0xE000 else number
    return f"\\U{number:08X}"


def comment(text: str) -> str:
    """Return a text for the rest of a comment line: one line, no control characters, not long."""
    shown = safe(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST_COMMENT else shown[: _LONGEST_COMMENT - 1] + "…"


def url_scalar(url: str) -> str:
    """Return a serialised URL as a YAML scalar; its braces would look like placeholders."""
    return quoted(url.replace("{", "%7B").replace("}", "%7D"))
