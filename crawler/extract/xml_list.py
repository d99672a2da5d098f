"""Sitemaps, their indexes and feeds, read as a stream by expat.

Names count without their namespace prefix: half the sitemaps there are declare a wrong namespace,
or none. `image:loc` and its like do not pass for `loc`, as they stand deeper, or bear another
prefix than their entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat

from crawler.extract.list_dates import latest_second
from crawler.extract.listed import MAX_ENTRIES, ListedUrl, Listing
from crawler.extract.torn_list import read_torn

_CHUNK = 64 * 1024
#: Levels of elements; a feed with markup in its entries has a dozen.
_DEEPEST = 200
#: Bytes of one tag or comment; expat looks at all of it again with every piece that follows.
_LONGEST_MARKUP = 1 << 20
#: A date, or a URL longer than any that is crawled: what is beyond that is not kept.
_LONGEST_TEXT = 16_384


class _Kind(NamedTuple):
    """A kind of list: what its entries are called, and what names their URL."""

    entries: frozenset[str]
    link: str


_SITEMAP = _Kind(frozenset(("url", "sitemap")), "loc")
_RSS = _Kind(frozenset(("item",)), "link")
#: By the root element. Atom is RFC 4287; RSS 1.0 has the root `rdf:RDF`.
_KINDS = {
    "urlset": _SITEMAP,
    "sitemapindex": _SITEMAP,
    "rss": _RSS,
    "rdf": _RSS,
    "feed": _Kind(frozenset(("entry",)), "link"),
}
_LISTS = "sitemap"
#: Which date of an entry counts: the first of these that can be read.
_NEWS = "publication_date"
_DATES = (_NEWS, "updated", "pubdate", "published", "date", "lastmod")
_PERMALINK = "guid"


class _Refused(Exception):
    """The document is not to be read; the message says why."""


class _Full(Exception):
    """As many entries were taken as are allowed."""


def read_xml(data: bytes, *, dated: bool) -> Listing:
    """Read a sitemap, an index or a feed; what is broken is read as far as it makes sense.

    Args:
        data: UTF-8, whatever encoding it declares; begins with `<`.
        dated: Whether the dates of entries are wanted; they cost a third of the whole.
    """
    reader = _Reader(dated=dated)
    try:
        for start in range(0, len(data), _CHUNK):
            reader.feed(data[start : start + _CHUNK])
            if start + _CHUNK - reader.parsed_to > _LONGEST_MARKUP + _CHUNK:
                _read_rest(reader, data, f"markup longer than {_LONGEST_MARKUP >> 20} MiB")
                break
        else:
            reader.feed(b"", last=True)
    except _Refused as refusal:
        return Listing(unreadable=str(refusal))
    except _Full:
        pass
    except expat.ExpatError as error:
        _read_rest(reader, data, expat.ErrorString(error.code))
    listing = reader.listing
    if not listing.entries and listing.unreadable is None:
        listing.unreadable = (
            f"{listing.without_url} entries, none of which names a URL"
            if listing.without_url
            else f"no entry in <{reader.root}>"
        )
    return listing


def _read_rest(reader: _Reader, data: bytes, why: str) -> None:
    """Take what still makes sense from the entry on in which the document broke."""
    listing = reader.listing
    broken_at = reader.parsed_to
    for entry in read_torn(data, reader.sound_to):
        if entry is None:
            listing.without_url += 1
        else:
            listing.entries.append(entry)
        if listing.full:
            break
    if listing.entries:
        listing.defects.append(f"broken at byte {broken_at} ({why})")
    else:
        listing.unreadable = f"no sitemap or feed: broken at byte {broken_at} ({why})"


class _Reader:
    """The handlers of one parse.

    Attributes:
        listing: What was found so far.
        root: Name of the root element; "" before it.
        sound_to: Byte at which the last entry that is not complete begins, or the last one ended.
    """

    def __init__(self, *, dated: bool) -> None:
        self.listing = Listing()
        self.root = ""
        self.sound_to = 0
        self._depth = 0
        self._kind = _SITEMAP
        self._dates = _DATES if dated else ()
        self._entry = ""  # the name of the entry we are in, prefix included
        self._entry_depth = 0
        self._prefix = ""
        self._field = ""  # the field whose text is being gathered
        self._field_depth = 0
        self._text: list[str] = []
        self._room = 0
        self._found: dict[str, str] = {}
        # Whatever the document declares, it was made UTF-8 before.
        parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        # An entity nobody declared (&nbsp;) is passed over as if a DTD that we do not read had it.
        parser.UseForeignDTD(True)
        parser.EntityDeclHandler = self._refuse_entity
        parser.AttlistDeclHandler = self._refuse_attribute
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        self._parser = parser

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Parse a piece.

        Raises:
            ExpatError: It is not well-formed.
        """
        self._parser.Parse(data, last)

    @property
    def parsed_to(self) -> int:
        """The byte at which the document broke, or the markup begins that is not complete yet."""
        return self._parser.CurrentByteIndex

    def _refuse_entity(self, name: str, *_: object) -> None:
        # Entities that multiply are the one way in which a small document fills the memory.
        raise _Refused(f"it declares an entity ({name[:40]!r}), which no sitemap or feed needs")

    def _refuse_attribute(self, element: str, *_: object) -> None:
        # A long value that every one of a million elements has by default takes hours to copy.
        raise _Refused(f"it declares attributes (of {element[:40]!r}), which no list needs")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused(f"elements nested deeper than {_DEEPEST} levels")
        if self._entry:
            self._start_in_entry(name, attributes)
            return
        prefix, _, local = name.rpartition(":")
        local = local.lower()
        if self._depth == 1:
            self._begin(local, attributes)
        elif local in self._kind.entries:
            self._entry, self._entry_depth, self._prefix = name, self._depth, prefix
            self._found = {}
            self.sound_to = self._parser.CurrentByteIndex

    def _begin(self, local: str, attributes: Mapping[str, str]) -> None:
        if local == "html":
            raise _Refused("it is an HTML page, no sitemap or feed")
        if local not in _KINDS:
            known = "urlset, sitemapindex, rss, rdf:RDF or feed"
            raise _Refused(f"its root element is {local[:40]!r}, not {known}")
        self.root = local
        self._kind = _KINDS[local]
        self.listing.base = attributes.get("xml:base", "")

    def _start_in_entry(self, name: str, attributes: Mapping[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        local = local.lower()
        direct = self._depth == self._entry_depth + 1
        own = direct and prefix == self._prefix
        if own and local == self._kind.link:
            if self.root == "feed":
                self._take_atom_link(attributes)
            else:
                self._gather(local)
        elif (own and local == _PERMALINK and attributes.get("isPermaLink") != "false") or (
            # A news sitemap has its date one level deeper: url/news:news/news:publication_date.
            local in self._dates and (direct or local == "publication_date")
        ):
            self._gather(local)

    def _take_atom_link(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("rel", "alternate") == "alternate" and "href" in attributes:
            self._found.setdefault("link", attributes["href"])

    def _gather(self, field: str) -> None:
        self._field, self._field_depth = field, self._depth
        self._text, self._room = [], _LONGEST_TEXT
        self._parser.CharacterDataHandler = self._characters

    def _characters(self, text: str) -> None:
        # One character too many is kept, so that what was cut is seen to be too long.
        if self._room > 0:
            self._text.append(text[: self._room])
            self._room -= len(text)

    def _end(self, name: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        if self._field and depth == self._field_depth:
            text = "".join(self._text).strip()
            if text:
                self._found.setdefault(self._field, text)
            self._field = ""
            self._parser.CharacterDataHandler = None
        elif self._entry and depth == self._entry_depth:
            self._complete()

    def _complete(self) -> None:
        found, listing = self._found, self.listing
        is_list = self._entry.rpartition(":")[2].lower() == _LISTS
        self._entry = ""
        self.sound_to = self._parser.CurrentByteIndex
        href = found.get(self._kind.link) or _permalink(found)
        if listing.full:
            listing.defects.append(f"more than {MAX_ENTRIES:,} entries")
            raise _Full
        if not href:
            listing.without_url += 1
            return
        listing.entries.append(ListedUrl(href, is_list, _date(found), _NEWS in found))


def _permalink(found: Mapping[str, str]) -> str:
    # A guid is a permalink unless it says otherwise (RSS 2.0), but many a server puts an id there.
    guid = found.get(_PERMALINK, "")
    return guid if guid[:7].lower() == "http://" or guid[:8].lower() == "https://" else ""


def _date(found: Mapping[str, str]) -> int | None:
    for name in _DATES:
        if name in found:
            second = latest_second(found[name])
            if second is not None:
                return second
    return None
