"""What a spider asks for, made into rows for the frontier: scope, depth, order, payload."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.errors import CallbackError, ConfigError
from crawler.messages import HOP_RANK, NewRequest, QueuedRequest, Request
from crawler.outcome import SkipReason
from crawler.policy.scope import Scope
from crawler.spider.hop import Hop
from crawler.spider.payload import Payload, encode, payload_of
from crawler.spider.start_entry import BadStart, StartEntry
from crawler.urls import UrlError, host_key, parse, same_site

#: Beyond any priority a spider needs, and far enough below `HOP_RANK` never to meet it.
_MAX_PRIORITY = 1 << 38

Offsite = dict[str, tuple[int, str]]


class Intake:
    """Turns requests and redirects into `NewRequest`s.

    Args:
        spider: Whose callbacks the requests name.
        scope: Which URLs are wanted.
        label_ranks: Place of each label in the config, from 1.
        grow_scope: Hosts that start URLs redirect to join the scope, as is the default when the
            config names no hosts.
        each: Every start request is one of its own, however often its URL comes.
        lists_first: Lists of URLs that are fetched go before pages.
    """

    def __init__(
        self,
        spider: object,
        scope: Scope,
        label_ranks: Mapping[str, int],
        *,
        grow_scope: bool,
        each: bool = False,
        lists_first: bool = False,
    ) -> None:
        self._list_rank = _MAX_PRIORITY if lists_first else 0
        self._spider = spider
        self._scope = scope
        self._label_ranks = label_ranks
        self._grow_scope = grow_scope
        self._each = each

    def rank_of(self, label: str | None) -> int:
        """Return the place of a label in the config; 0 for none, last for one it does not have."""
        if label is None:
            return 0
        return self._label_ranks.get(label, len(self._label_ranks) + 1)

    def start(self, request: Request, ordinal: int) -> NewRequest:
        """Take in a request of `start()`; one out of scope is kept, as skipped.

        Raises:
            ConfigError: Its URL is no http(s) URL.
            CallbackError: Something in it cannot be kept.
        """
        try:
            url = parse(request.url)
        except UrlError as error:
            raise ConfigError(f"start URL: {error}") from None
        skip = None if self._wanted(request, url) else SkipReason.SCOPE.value
        return self._row(request, url, depth=0, ordinal=ordinal, is_start=True, skip=skip)

    def entry(self, entry: StartEntry, ordinal: int) -> NewRequest | BadStart:
        """Take in an entry of a list of URLs; one out of scope is kept, as skipped.

        Its host joins the scope when the config names no hosts. A list that is fetched (a
        sitemap) may lie where the scope's patterns do not reach.
        """
        try:
            url = parse(entry.url)
        except UrlError as error:
            return BadStart(place=entry.place, why=str(error), url=entry.url, kept=entry.kept)
        admitted = self._scope.admits(url)
        if self._grow_scope and not admitted:
            self._scope.add_host(host_key(url))
            admitted = self._scope.admits(url)
        wanted = entry.source or admitted
        return NewRequest(
            url=url, ordinal=ordinal, is_start=True, dont_filter=self._each and not entry.source,
            skip=None if wanted else SkipReason.SCOPE.value,
            rank=self._list_rank if entry.source else 0,
            payload=encode(Payload(source=entry.source, kept=entry.kept)),
        )  # fmt: skip

    def listed(
        self, url: str, ordinal: int, offsite: Offsite, lastmod: float | None, *, news: bool
    ) -> NewRequest | None:
        """Take in a page that a fetched list names; None, and counted, when it is out of scope.

        It begins at depth 0 as the list's own URL does, but is no start: a page that a sitemap
        names and that is gone says something of the site, not of this run.

        Args:
            url: Serialised.
            ordinal: Its place among the requests of the list.
            offsite: Where those out of scope are counted.
            lastmod: What the list says of its last change.
            news: The list is one of news.
        """
        if not self._scope.admits(url):
            count_offsite(offsite, host_key(url), url)
            return None
        return NewRequest(url=url, ordinal=ordinal, lastmod=lastmod, news=news)

    def further(
        self, url: str, ordinal: int, trail: tuple[str, ...], *, anywhere: bool
    ) -> NewRequest | None:
        """Take in a list that a list names; None when it may not lie there.

        Patterns on paths are for pages and do not count here.

        Args:
            url: Serialised.
            ordinal: Its place among the requests of the list.
            trail: The lists that led to it, the first one first.
            anywhere: It may be of any site; else of those of the trail, or in scope.
        """
        if not (anywhere or self._scope.admits(url) or any(same_site(url, up) for up in trail)):
            return None
        return NewRequest(
            # A page's plain link to the same URL may be known; nobody would read it as a list.
            url=url, ordinal=ordinal, dont_filter=True, rank=self._list_rank,
            payload=encode(Payload(source=True, trail=trail)),
        )  # fmt: skip

    def found(
        self, request: Request, depth: int, ordinal: int, offsite: Offsite
    ) -> NewRequest | None:
        """Take in a request that a page gave; None, and counted, when it is out of scope.

        Raises:
            CallbackError: Something in it cannot be kept.
        """
        try:
            url = parse(request.url)
        except UrlError:
            # Links of other schemes are as common in pages as they are harmless.
            scheme = request.url.partition(":")[0].strip().lower()[:20]
            count_offsite(offsite, f"{scheme}:", request.url[:200])
            return None
        if not self._wanted(request, url):
            count_offsite(offsite, host_key(url), url)
            return None
        return self._row(request, url, depth=depth, ordinal=ordinal, is_start=False, skip=None)

    def hop(self, queued: QueuedRequest, hop: Hop) -> NewRequest:
        """Take in a redirect; it inherits from the request it came from."""
        priority = queued.rank - HOP_RANK if queued.rank > _MAX_PRIORITY else queued.rank
        return NewRequest(
            url=hop.url,
            method=hop.method,
            body=hop.body,
            rank=priority + HOP_RANK,
            depth=queued.depth,
            label=queued.label,
            label_rank=self.rank_of(queued.label),
            dont_filter=hop.payload.dont_filter
            or hop.returns
            or (self._each and queued.is_start and not hop.payload.source),
            is_start=queued.is_start,
            skip=None if self._admits_hop(queued, hop) else SkipReason.SCOPE.value,
            payload=encode(hop.payload),
        )

    def welcome(self, queued: QueuedRequest) -> None:
        """Let the host of a start request in; after a resume, nobody else remembers it."""
        if self._grow_scope and queued.is_start and not self._scope.admits(queued.url):
            self._scope.add_host(host_key(queued.url))

    def _admits_hop(self, queued: QueuedRequest, hop: Hop) -> bool:
        if self._scope.admits(hop.url) or hop.payload.dont_filter:
            return True
        if hop.payload.meta.get("allow_offsite"):
            return True
        if not (queued.is_start and self._grow_scope):
            return hop.payload.source
        self._scope.add_host(host_key(hop.url))
        # Its path may still be denied, unless it is a list.
        return hop.payload.source or self._scope.admits(hop.url)

    def _wanted(self, request: Request, url: str) -> bool:
        offsite_too = request.dont_filter or request.meta.get("allow_offsite")
        return bool(offsite_too) or self._scope.admits(url)

    def _row(
        self,
        request: Request,
        url: str,
        *,
        depth: int,
        ordinal: int,
        is_start: bool,
        skip: str | None,
    ) -> NewRequest:
        if not isinstance(request.priority, int):
            raise CallbackError(f"priority of {request!r} is no integer: {request.priority!r}")
        return NewRequest(
            url=url,
            method=request.method.upper(),  # a spider may have set it since the request was made
            body=request.body,
            rank=max(-_MAX_PRIORITY, min(_MAX_PRIORITY, int(request.priority))),  # True is one
            depth=depth,
            label=request.label,
            label_rank=self.rank_of(request.label),
            ordinal=ordinal,
            dont_filter=request.dont_filter or (self._each and is_start),
            is_start=is_start,
            skip=skip,
            payload=encode(payload_of(request, self._spider)),
        )


def count_offsite(offsite: Offsite, host: str, url: str) -> None:
    """Count one link out of scope; the first is kept as the sample."""
    count, sample = offsite.get(host, (0, url))
    offsite[host] = (count + 1, sample)
