"""CSV as RFC 4180 has it, in UTF-8 and with LF at the end of a record.

The csv module is not used: it has no way to keep a number's own digits apart from text, limits
the size of a cell for the whole process, and in some versions leaves a lone CR unquoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

_TO_QUOTE = re.compile('[",\r\n]')
#: What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection"): one of four signs,
#: narrow, wide or small, be it behind blanks and characters that cannot be seen, which some
#: programs drop; and a tab or a line break, which may move what follows to a cell of its own.
_FORMULA = re.compile(
    r"[\t\r\n]|[\s\ufffd\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*"
    r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
)
_QUOTED = re.compile(rb'"[^"]*"')
_CELL = re.compile(r'(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))')
_text_of = msgspec.json.Decoder(str).decode

BOM = b"\xef\xbb\xbf"


class CsvError(ValueError):
    """A file is no CSV; the message says why."""


def disarmed(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with a leading ' if need be."""
    return f"'{text}" if _FORMULA.match(text) else text


def cell(raw: msgspec.Raw, *, disarm: bool) -> str:
    """Return a JSON value as the text of a cell, not yet quoted.

    null is an empty cell, a number its own digits, a list or an object its JSON text, NUL in a
    text U+FFFD; text is `disarmed` if that is wanted, numbers never.
    """
    written = bytes(raw)
    first = written[:1]
    if first == b'"':
        # To many readers NUL ends the cell, or the file.
        text = _text_of(written).replace("\0", "\ufffd")
        return disarmed(text) if disarm else text
    return "" if first == b"n" else written.decode()


def record(cells: Sequence[str]) -> str:
    """Return cells as one line, its end included."""
    line = ",".join([_quoted(one) if _TO_QUOTE.search(one) else one for one in cells])
    # The only cell of a line that would be blank, and passed over by readers.
    return f"{line}\n" if line else '""\n'


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def raw_records(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Put lines together to records: a line break within quotes belongs to its cell.

    Raises:
        CsvError: The last quote is never closed.
    """
    held: list[bytes] = []
    for line in lines:
        # Whether we are within quotes after a line depends on the number of quotes alone.
        odd = line.count(b'"') % 2 == 1
        if not held and not odd:
            yield line
            continue
        held.append(line)
        if len(held) > 1 and odd:
            yield b"".join(held)
            held = []
    if held:
        raise CsvError("has a quoted cell that never ends")


def width(raw: bytes) -> int:
    """Return the number of cells of a record."""
    return _QUOTED.sub(b"", raw).count(b",") + 1


def header_cells(raw: bytes) -> list[str]:
    """Return the cells of a header.

    Raises:
        CsvError: It is not UTF-8, or names a column twice.
    """
    try:
        text = raw.removeprefix(BOM).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CsvError("is not UTF-8") from None
    cells = [
        quoted.replace('""', '"') if whole.lstrip(",").startswith('"') else plain
        for whole, quoted, plain in ((m.group(), m[1] or "", m[2] or "") for m in _matches(text))
    ]
    twice = next((one for one in cells if cells.count(one) > 1), None)
    if twice is not None:
        raise CsvError(f"has two columns {twice!r}")
    return cells


def _matches(text: str) -> Iterator[re.Match[str]]:
    return _CELL.finditer(text)
