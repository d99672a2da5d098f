"""Which of aiohttp's two parsers reads answers: the one in C, or the one that stands in for it."""

from __future__ import annotations

#: What to say where the one in C is missing.
IN_PYTHON = (
    "answers are read by aiohttp's parser in Python: it is slow, and more lenient with broken"
    " framing than the one in C, which this installation lacks or AIOHTTP_NO_EXTENSIONS turns off"
)


def reads_in_python() -> bool:
    """Tell whether the parser in C is missing.

    The two disagree about odd framing, which is how one answer is made to look like two
    (CVE-2026-111750 was in the one in Python alone).
    """
    from aiohttp import http_parser

    return http_parser.HttpResponseParser is http_parser.HttpResponseParserPy
