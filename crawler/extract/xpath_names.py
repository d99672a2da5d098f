"""Names in an XPath expression that nothing stands for.

libxml2 looks a function up when it comes to it, which is on the first page that has an element for
the predicate around it: far too late for a mistake in a config.
"""

from __future__ import annotations

import re

# XPath 1.0 §4 and §2.3 (the tests of nodes are written like functions), and the EXSLT functions
# that lxml has.
_FUNCTIONS = frozenset(
    (
        "last", "position", "count", "id", "local-name", "namespace-uri", "name", "string",
        "concat", "starts-with", "contains", "substring-before", "substring-after", "substring",
        "string-length", "normalize-space", "translate", "boolean", "not", "true", "false", "lang",
        "number", "sum", "floor", "ceiling", "round", "text", "node", "comment",
        "processing-instruction", "re:test", "re:match", "re:replace", "set:distinct",
        "set:difference", "set:intersection", "set:has-same-node", "set:leading", "set:trailing",
    )
)  # fmt: skip
_OPERATORS = frozenset(("and", "or", "div", "mod"))
_PREFIXES = ("re", "set")
#: What does the work of functions that newer versions of XPath have.
_INSTEAD = {
    "matches": "re:test()", "ends-with": "re:test()", "replace": "re:replace()",
    "tokenize": "`then: [split]`", "string-join": "`all: true, then: [join]`",
    "lower-case": "translate()", "upper-case": "translate()", "distinct-values": "set:distinct()",
}  # fmt: skip

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
# A name with its prefix, if it has one; the two colons behind an axis begin none.
_NAME = re.compile(r"(?<![\w.-])(\$?)((?:[^\W\d][\w.-]*:(?!:))?[^\W\d][\w.-]*)(\s*\()?(?!\s*::)")


def unknown_name(xpath: str) -> str:
    """Say which function, prefix or variable is not known, and what is; "" if all are."""
    for dollar, name, called in _NAME.findall(_QUOTED.sub("''", xpath)):
        if dollar:
            return f"there is no variable ${name}"
        prefix, colon, _ = name.partition(":")
        if colon and prefix not in _PREFIXES:
            return f"there is no prefix {prefix}: (elements have none in HTML)"
        if called and name not in _FUNCTIONS and name not in _OPERATORS:
            instead = _INSTEAD.get(name)
            use = f"; use {instead}" if instead else ""
            return f"there is no function {name}() in XPath 1.0{use}"
    return ""
