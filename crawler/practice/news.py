"""Made-up news: a new article every six hours, at the same address for ever.

Article `n` was published `6 n` hours after 1970 began, so that two servers, or one that was started
again, agree about it. The site lists the last ten, and beyond them each that 10 divides: the newest
is less than six hours old, the oldest some four weeks.
"""

from __future__ import annotations

import datetime
import random
import re
from email.utils import formatdate
from html import escape

import msgspec

from crawler.practice.page import Page, html_page
from crawler.practice.structured import json_ld, opengraph

SPACING = 6 * 3600
LISTED = 20

_WHO = (
    "Harbour office", "Town library", "Night train", "Paper mill", "Island school",
    "Weather station", "Printers' guild", "Book fair",
)  # fmt: skip
_DOES = (
    "opens a second reading room", "counts its oldest maps", "runs late and nobody minds",
    "finds a letter from 1911", "asks for quiet", "lends out its telescope",
    "celebrates a century", "changes its timetable",
)  # fmt: skip
_AUTHORS = ("Ines Okafor", "Tom Hallström", "Mira Castellanos", "Jun Watanabe")
_SENTENCES = (
    "The decision was taken on Monday after a short meeting with long pauses.",
    "Those who were there speak of a good day, and of excellent biscuits.",
    "A spokeswoman said that details would follow as soon as anybody knew them.",
    "The last time this happened, the ferry still had a band on board.",
    "Readers are asked to bring pencils, and to take them home again.",
    "Nothing else is planned until the weather turns.",
)
_PATH = re.compile(r"/news/\d{4}/\d\d/\d\d/[a-z0-9-]+-(\d{1,9})\.html")


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """One article.

    Attributes:
        number: Of its six hours since 1970.
        authors: One or two names.
        text: Its paragraphs.
    """

    number: int
    headline: str
    authors: tuple[str, ...]
    text: tuple[str, ...]

    @property
    def published(self) -> int:
        """Seconds since 1970 UTC."""
        return self.number * SPACING

    @property
    def date(self) -> str:
        """When it was published, as in `2026-01-01T06:00:00+00:00`."""
        return datetime.datetime.fromtimestamp(self.published, datetime.UTC).isoformat()

    @property
    def path(self) -> str:
        """Path of its page."""
        words = "".join(c if c.isalnum() else " " for c in self.headline.lower())
        return (
            f"/news/{self.date[:10].replace('-', '/')}/{'-'.join(words.split())}-{self.number}.html"
        )


def make_article(seed: int, number: int) -> Article:
    """Return one article."""
    dice = random.Random(seed * 1_000_003 + number)
    sentences = dice.sample(_SENTENCES, 5)
    return Article(
        number=number,
        headline=f"{dice.choice(_WHO)} {dice.choice(_DOES)}",
        authors=tuple(dice.sample(_AUTHORS, dice.randrange(1, 3))),
        text=(" ".join(sentences[:3]), " ".join(sentences[3:])),
    )


def listed_articles(seed: int, now: float) -> tuple[Article, ...]:
    """Return the articles that the site lists at a time (seconds since 1970), newest first."""
    last = int(now // SPACING)
    recent = range(last, last - LISTED // 2, -1)
    older = range(recent[-1] - 1 - (recent[-1] - 1) % 10, 0, -10)[: LISTED // 2]
    return tuple(make_article(seed, number) for number in (*recent, *older))


def article_at(seed: int, now: float, path: str) -> Article | None:
    """Return the article with that address, listed or not; None if there is none by now."""
    match = _PATH.fullmatch(path)
    if match is None or int(match.group(1)) * SPACING > now:
        return None
    article = make_article(seed, int(match.group(1)))
    return article if article.path == path else None


def article_page(article: Article, origin: str) -> Page:
    """Return the page of an article."""
    names = ", ".join(
        f'<a rel="author" href="/news/index.html">{name}</a>' for name in article.authors
    )
    paragraphs = "\n".join(f"<p>{text}</p>" for text in article.text)
    content = f"""<article>
<h1>{escape(article.headline)}</h1>
<p>By {names}, <time datetime="{article.date}">{_shown(article)}</time></p>
{paragraphs}
</article>"""
    head = _head(article, origin)
    return html_page(article.headline, content, head=head, modified=article.published)


def index_page(articles: tuple[Article, ...]) -> Page:
    """Return the list of the articles, which names both feeds in its head."""
    head = (
        '<link rel="alternate" type="application/rss+xml" href="/news/rss.xml">'
        '<link rel="alternate" type="application/atom+xml" href="/news/atom.xml">'
    )
    lines = "\n".join(
        f'<li><a href="{article.path}">{escape(article.headline)}</a>'
        f' <time datetime="{article.date}">{_shown(article)}</time></li>'
        for article in articles
    )
    content = f'<h1>News</h1>\n<ul class="news">\n{lines}\n</ul>'
    return html_page("News", content, head=head, modified=articles[0].published)


def _head(article: Article, origin: str) -> str:
    # Dates and names as sites have them: one author alone is no list, here as there.
    people = [{"@type": "Person", "name": name} for name in article.authors]
    head = f'<link rel="canonical" href="{origin}{article.path}">' + json_ld(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": article.headline,
            "datePublished": article.date,
            "author": people if len(people) > 1 else people[0],
            "mainEntityOfPage": origin + article.path,
        }
    )
    return head + opengraph(
        (
            ("og:type", "article"),
            ("og:title", article.headline),
            ("og:url", origin + article.path),
            ("article:published_time", article.date),
        )
    )


def _shown(article: Article) -> str:
    return formatdate(article.published, usegmt=True)
