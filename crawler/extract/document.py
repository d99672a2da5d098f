"""A body that is decoded and parsed when somebody asks, and then once for all who ask."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.extract.encoding import Charset, Text, codec_of, decode, detect, is_utf_8
from crawler.extract.guard import within_reason, without_long_tags
from crawler.extract.html_page import MARKUP_CUT, HtmlPage, read_page
from crawler.extract.json_text import NotJson, read_json
from crawler.extract.links import base_of
from crawler.extract.media import Kind

if TYPE_CHECKING:
    from lxml import etree

    from crawler.extract.html_tree import TreeOutline

#: Bytes from which on a page is huge. turbohtml takes up to 21 bytes for each of a long text, lxml
#: three; where there are many tags, as on most pages, it is turbohtml that takes less.
HUGE = 6 << 20
#: The same for a page with less than one tag in so many bytes.
HUGE_TEXT, _TEXT_RUN = 1 << 20, 256
#: Flag of a document with a tag that has lost its attributes, as there were thousands.
LONG_TAG = "long_tag"
#: Flag of a document that says it is JSON and is not.
NOT_JSON = "not_json"
#: Flag of a document on which a regular expression of the config took too long.
SLOW_REGEX = "slow_regex"


class Document:
    """A text document.

    Attributes:
        url: Where it was found.
        body: Its bytes, content coding removed.
        kind: What it is treated as; only HTML has a `base` of its own.
        content_type: The whole `Content-Type` field.
        encoding: A label that overrides what the document says about itself; None for none.
    """

    def __init__(
        self,
        url: str,
        body: bytes,
        kind: Kind,
        content_type: str = "",
        *,
        encoding: str | None = None,
    ) -> None:
        self.url = url
        self.body = body
        self.kind = kind
        self.content_type = content_type
        self.encoding = encoding
        self._noted: tuple[str, ...] = ()

    @cached_property
    def charset(self) -> Charset:
        """The encoding and how it was found."""
        if self.encoding is not None:
            return Charset(codec_of(self.encoding) or self.encoding)
        return detect(self.body, self.content_type)

    @cached_property
    def page(self) -> HtmlPage | TreeOutline:
        """Its links, title and directives, read as HTML."""
        return self._outline_of_tree if self.is_huge else read_page(self.body, self.charset)

    @cached_property
    def is_huge(self) -> bool:
        """It is so large that lxml reads all of it, in less memory."""
        size = len(self.body)
        if size <= HUGE_TEXT:
            return False
        return size > HUGE or self.body.count(b"<") * _TEXT_RUN < size

    @cached_property
    def tree(self) -> etree._Element:
        """Its lxml tree, read as HTML.

        Always by the HTML parser: parsel would take a page that begins with an XML declaration
        for XML, and none of its elements would match a selector.
        """
        return self._read_tree()

    def make_tree(self) -> None:
        """Make the tree before somebody asks for it; may be called in a thread.

        Before Python 3.12 all documents share the lock of a `cached_property`: whoever asked one of
        them for its tree would wait until that of another was made.
        """
        if "tree" not in vars(self):
            vars(self)["tree"] = self._read_tree()

    def _read_tree(self) -> etree._Element:
        raw = self.body[3:] if self.body[:3] == b"\xef\xbb\xbf" else self.body
        if self.charset.codec != "utf-8" or not is_utf_8(raw):
            raw = self.text.encode("utf-8", "replace")
        some = within_reason(raw)
        if some is not raw:
            self.note(MARKUP_CUT)
        from crawler.extract.html_tree import html_tree

        short = without_long_tags(some)
        if short is not some:
            self.note(LONG_TAG)
        return html_tree(short)

    @cached_property
    def data(self) -> Any:
        """What it holds, read as JSON: plain data; None, and a flag, if it is none."""
        raw: bytes | str = self.body
        if self.charset.codec != "utf-8" or not is_utf_8(self.body):
            raw = self.text
        try:
            return read_json(raw)
        except NotJson:
            self.note(NOT_JSON)
            return None

    def note(self, *flags: str) -> None:
        """Flag the document with what a reader found odd about it."""
        self._noted = tuple(dict.fromkeys(self._noted + flags))

    def is_noted(self, flag: str) -> bool:
        """Tell whether a reader has flagged the document with this."""
        return flag in self._noted

    @property
    def text(self) -> str:
        """Its text; what cannot be read is U+FFFD."""
        return self._decoded.text

    @property
    def base(self) -> str:
        """The URL against which its links are read."""
        return base_of(self.outline, self.url) if self.kind is Kind.HTML else self.url

    @property
    def outline(self) -> HtmlPage | TreeOutline:
        """What `page` has, from a tree that is there already if there is one.

        For directives and `base`; whoever wants all links takes `page`, so that they do not
        depend on what was parsed before.
        """
        done = vars(self)
        return self._outline_of_tree if "tree" in done and "page" not in done else self.page

    @cached_property
    def _outline_of_tree(self) -> TreeOutline:
        from crawler.extract.html_tree import TreeOutline

        return TreeOutline(self.tree)

    @property
    def flags(self) -> tuple[str, ...]:
        """What was found odd while reading it, so far."""
        done = vars(self)
        flags = done["page"].flags if "page" in done else ()
        if "_decoded" in done:
            flags = tuple(dict.fromkeys(flags + done["_decoded"].flags))
        return tuple(dict.fromkeys(flags + self._noted)) if self._noted else flags

    @cached_property
    def _decoded(self) -> Text:
        return decode(self.body, self.charset)
