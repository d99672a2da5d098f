"""Which links of a page are followed without a callback asking for them."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.extract.document import Document
from crawler.extract.html_page import HtmlPage
from crawler.extract.html_tree import TreeOutline
from crawler.extract.links import links_of
from crawler.extract.resolved import ResolvedHrefs
from crawler.messages import HttpResponse
from crawler.outcome import LinkBatch, RuleHit
from crawler.policy.meta_robots import header_nofollow, meta_nofollow
from crawler.policy.scope import Scope
from crawler.spider.intake import count_offsite
from crawler.spider.parsed import Parsed
from crawler.spider.rule_spider import Following
from crawler.urls import host_key


class LinkFollower:
    """Takes the links of HTML pages: all of them, or those that follow rules select.

    Args:
        scope: Links out of it are counted, not taken.
        rules: In the order of the config; empty for every link.
        label_ranks: Place of each label in the config.
        max_links: Most links of one page; the rest are flagged "links_capped".
        robots_token: Our product token; None when the config ignores robots.
    """

    def __init__(
        self,
        scope: Scope,
        rules: Sequence[Following],
        *,
        label_ranks: dict[str, int],
        max_links: int,
        robots_token: str | None,
    ) -> None:
        self._scope = scope
        self._rules = rules
        self._label_ranks = label_ranks
        self._max_links = max_links
        self._token = robots_token
        self._resolved = ResolvedHrefs()

    def follow(self, http: HttpResponse, document: Document, parsed: Parsed) -> None:
        """Add the links of an HTML page to what it gave."""
        if self._rules:
            document.tree  # noqa: B018 - the rules need it, so that the rest may come from it too
        outline = document.outline
        if self._token is not None and self._shut(http, outline, self._token):
            parsed.nofollow += len(outline.hrefs)
            return
        taken: set[str] = set()
        for number, rule in enumerate(self._rules):
            pairs = list(rule.hrefs(document))
            parsed.hits.append(RuleHit(f"follow.{number}", len(pairs)))
            hrefs = [href for href, _ in pairs]
            shunned = [href for href, rel in pairs if rel and "nofollow" in rel.lower().split()]
            urls = self._links(hrefs, shunned, document, parsed)
            # Of several labels for one link, that of the first rule wins.
            fresh = [url for url in urls if url not in taken]
            taken.update(fresh)
            self._add(fresh, rule.label, parsed)
        if not self._rules:
            page = document.page
            shunned = page.nofollow if self._token is not None else []
            self._add(self._links(page.hrefs, shunned, document, parsed), None, parsed)

    def _shut(self, http: HttpResponse, outline: HtmlPage | TreeOutline, token: str) -> bool:
        if outline.metas and meta_nofollow(outline.metas, token):
            return True
        values = http.headers.getlist("x-robots-tag")
        return bool(values) and header_nofollow((v.decode("latin-1") for v in values), token)

    def _links(
        self, hrefs: list[str], nofollow: list[str], document: Document, parsed: Parsed
    ) -> list[str]:
        """Return those links that are in scope; count the others."""
        links = links_of(
            hrefs,
            document.url,
            document.base,
            codec=document.charset.codec,
            limit=self._max_links,
            nofollow=nofollow if self._token is not None else (),
            resolved=self._resolved,
        )
        parsed.nofollow += links.nofollow
        if links.capped and "links_capped" not in parsed.flags:
            parsed.flags = (*parsed.flags, "links_capped")
        wanted = self._scope.sift(links.urls, document.url)
        if len(wanted) < len(links.urls):
            kept = set(wanted)
            for url in links.urls:
                if url not in kept:
                    count_offsite(parsed.offsite, host_key(url), url)
        return wanted

    def _add(self, urls: list[str], label: str | None, parsed: Parsed) -> None:
        if not urls:
            return
        rank = self._label_ranks.get(label, 0) if label is not None else 0
        parsed.links.append(LinkBatch(urls, label, rank))
