"""Built-in steps, as functions that a slot can import by name."""

from __future__ import annotations

from crawler.extract.document import Document
from crawler.extract.main_text import main_text
from crawler.extract.media import Kind
from crawler.extract.simhash import simhash as simhash_of

TEXT = "crawler.offload.steps:text"
SIMHASH = "crawler.offload.steps:simhash"


def text(page: str | bytes) -> str:
    """Return the main text of an HTML page, see `crawler.extract.main_text`.

    Args:
        page: Its markup; bytes are decoded as they say of themselves.
    """
    body = page.encode("utf-8", "replace") if isinstance(page, str) else page
    encoding = "utf-8" if isinstance(page, str) else None
    return main_text(Document("", body, Kind.HTML, encoding=encoding))


def simhash(text: str) -> str:
    """Return the simhash of a text as 16 hexadecimal digits: JSON has no room for 64 bits."""
    return f"{simhash_of(text):016x}"
