"""A config for a site, from what the site showed; its comments say what that was."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.app.begin.page_survey import FIELDS, PageFacts
from crawler.app.begin.site_survey import SiteFacts
from crawler.app.begin.yaml_text import comment, quoted, url_scalar
from crawler.urls import host_key, hostname, same_site

SCHEMA_LINE = "# yaml-language-server: $schema=.crawler/job.schema.json"
#: Selectors for fields that a page without structured data has too.
_SELECTORS = {
    "title": 'css: "title::text"',
    "description": 'css: "meta[name=description]::attr(content)"',
}
_ALWAYS = ("title", "description")


def site_config(
    name: str, facts: SiteFacts, *, spider: str | None, today: str, incremental: bool = False
) -> str:
    """Return the text of a config.

    Args:
        name: Of the job.
        facts: What the site showed.
        spider: Value of the `spider` key; None for extract rules.
        today: The date, for the comment.
        incremental: It is to crawl only what changed, every night.
    """
    blocks = [
        _head(name, facts, today), _start(facts), _scope(facts), _fetch(facts),
        *([_follow(facts.page)] if facts.page is not None and spider is None else []),
        _spider(spider) if spider is not None else _extract(facts.page),
        *([_incremental()] if incremental else []),
        [_said("checks: {min_items: 1}", "a run with fewer ends with exit code 3")],
    ]  # fmt: skip
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _said(setting: str, why: str) -> str:
    """Return a line with a comment behind it, in one column with the others."""
    return f"{setting:<34} # {why}"


def _head(name: str, facts: SiteFacts, today: str) -> list[str]:
    return [
        SCHEMA_LINE,
        f"# Written from what {comment(facts.asked)} showed on {today}:",
        *(f"#   {comment(line)}" for line in _found(facts)),
        "version: 1",
        f"name: {quoted(name)}",
    ]


def _found(facts: SiteFacts) -> Iterator[str]:
    if facts.url != facts.asked:
        yield f"it redirects to {facts.url}"
    yield f"HTTP {facts.status}, {facts.media_type or 'no media type'}, {facts.size:,} bytes"
    yield facts.robots
    for sitemap in facts.sitemaps:
        yield f"a sitemap: {sitemap}"
    page = facts.page
    if page is None:
        yield "a sitemap or a feed, not a page"
        return
    yield f"title: {page.title or 'none'}"
    yield f"{page.links} links to its own host, {page.elsewhere} to others"
    yield f"JSON-LD about: {', '.join(page.types) or 'nothing'}"
    for field, sample in page.fields.items():
        yield f"structured data has {field}: {sample}"
    for feed in page.feeds:
        yield f"a feed: {feed}"


def _start(facts: SiteFacts) -> list[str]:
    if facts.page is None:
        return ["start:", f"  sitemap: [{url_scalar(facts.url)}]"]
    lines = ["start:", f"  - {url_scalar(facts.url)}"]
    # What is named here may be at a private address: nobody else's word is taken for that.
    own = next((one for one in facts.sitemaps if same_site(one, facts.url)), None)
    if own is not None:
        lines += ["# Or begin with every page that the site lists, instead of the two lines above:"]
        lines += [f"# start: {{sitemap: [{url_scalar(own)}]}}"]
    return lines


def _scope(facts: SiteFacts) -> list[str]:
    moved = hostname(facts.url) != hostname(facts.asked)
    why = f"{comment(hostname(facts.asked))} redirects to it" if moved else "nowhere else"
    return [
        "scope:",
        _said(f"  hosts: [{quoted(host_key(facts.url))}]", why),
        _said("  max_pages: 20", "for a first look; raise it, or remove the line"),
    ]


def _fetch(facts: SiteFacts) -> list[str]:
    lines = ["fetch:", _said("  per_host: {delay: 1s}", "between two requests, one at a time")]
    if facts.crawl_delay:
        lines.append(
            f"  # robots.txt asks for {facts.crawl_delay:g} s between two, which is obeyed"
        )
    return lines


def _follow(page: PageFacts) -> list[str]:
    """Return follow rules as a comment: which of them lead to what is wanted, only people know."""
    if not (page.groups or page.following):
        return []
    lines = [
        "# Every link in scope is followed. To follow these alone, and take items from those with",
        '# a label only: remove the "#", and add "label: item" to the rule below.',
        "# follow:",
    ]
    if page.following:
        lines.append(f"#   - css: {quoted(page.following)}")
    for group in page.groups:
        sample = f"{group.count} links, e.g. {comment(group.sample)}"
        lines.append(f"#   - {{css: {quoted(group.css)}, label: item}}   # {sample}")
    return lines


def _spider(spider: str) -> list[str]:
    return [f"spider: {quoted(spider)}"]


def _extract(page: PageFacts | None) -> list[str]:
    """Return a schema and a rule for the fields that the page has."""
    fields = dict.fromkeys((*_ALWAYS, *(page.fields if page else ())))
    kinds = page.kinds if page else ()
    width = max(map(len, fields)) + 1
    schema = [f"    {f'{name}:':<{width}} {_type(name)}" for name in fields]
    rule = [f"      {f'{name}:':<{width}} {{{_SELECTORS.get(name, '')}}}" for name in fields]
    tried = [_said(f"    try: [{', '.join(kinds)}]", "structured data first, then the selectors")]
    return [
        _said("schemas:", "an item that breaks it goes to quarantine.jsonl"),
        "  Page:",
        f"    {'url:':<{width}} {{type: url, key: true}}",
        *schema,
        "",
        "extract:",
        "  - item: Page",
        *(tried if kinds else []),
        "    fields:",
        f'      {"url:":<{width}} {{value: "{{url}}"}}',
        *rule,
    ]


def _incremental() -> list[str]:
    """Return what makes a job one of every night, with events."""
    return [
        _said("incremental:", "the same page is not fetched, or not read, again"),
        _said("  revisit: {policy: always}", "every page each night; adaptive: quiet ones less"),
        _said("  gone: {after_misses: 3}", "a run that a limit ends calls nothing gone"),
        _said("  events: data/{name}/changes.jsonl", "new, changed, gone, back and moved items"),
        "",
        _said('schedule: {cron: "15 3 * * *"}', "for: crawler cron install"),
        "",
        "output:",
        _said("  - path: data/{name}/latest.jsonl", "all that is there; replaced by good runs"),
        "    mode: replace",
    ]


def _type(name: str) -> str:
    return f"{{type: {FIELDS[name]}, optional: true}}"
