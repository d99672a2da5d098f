"""Pages that are not as they should be, one function each: what a crawler meets in the wild."""

from __future__ import annotations

from crawler.practice.page import Page, Visit, html, html_page, redirect

# Long enough, and ordinary enough, for a detector to know the encoding by.
_RUSSIAN = (
    "Старая страница нашего магазина. Здесь можно было купить книги "
    "о путешествиях, науке и поэзии."  # noqa: RUF001
)

_ABOUT = """<h1>About this shop</h1>
<p>Nothing here is for sale. Each link below leads to something that crawlers meet every day;
<a href="/troubles.html">some are worse</a>.</p>
<ul>
<li><a href="/old-catalogue.html">a page that has moved</a></li>
<li><a href="/welcome.html">a page that wants a cookie first</a></li>
<li><a href="/missing.html">a page that is gone</a></li>
<li><a href="/empty.html">a page without a byte</a></li>
<li><a href="/legacy/meta.html">a page in an old encoding that says so</a></li>
<li><a href="/legacy/bare.html">a page in an old encoding that does not</a></li>
<li><a href="/nofollow.html">a page whose links are not to be followed</a></li>
<li><a href="/nofollow-header.html">the same, said in a header</a></li>
<li><a href="/private/accounts.html">a page that robots.txt forbids</a></li>
<li><a href="/terms.txt">a page that is no HTML</a></li>
<li><a href="/untended.html" rel="nofollow">a link that is not to be followed</a></li>
<li><a href="http://example.invalid/">another site</a></li>
<li><a href="mailto:shop@example.invalid">no page at all</a></li>
<li><a href="http://[broken/">no address at all</a></li>
</ul>"""


def about(_: Visit) -> Page:
    """Link to every oddity."""
    return html_page("About", _ABOUT)


def robots(visit: Visit) -> Page:
    """Forbid one folder to everybody and the whole site to one robot; name the sitemaps."""
    text = (
        "# The practice site\nUser-agent: *\nDisallow: /private/\n\n"
        "User-agent: unwelcome-bot\nDisallow: /\n\n"
        f"Sitemap: {visit.origin}/sitemap.xml\nSitemap: {visit.origin}/news-sitemap.xml\n"
    )
    return Page(body=text.encode(), content_type="text/plain")


def private(_: Visit) -> Page:
    """Show what no polite robot ever sees."""
    return html_page("Accounts", "<h1>Accounts</h1><p>You were asked not to come here.</p>")


def moved(_: Visit) -> Page:
    """Redirect for good."""
    return redirect(301, "/catalogue/page-2.html")


def welcome(visit: Visit) -> Page:
    """Set a cookie and send the visitor back here; show the page to who has it."""
    if "visited" in visit.cookies:
        return html_page("Welcome", "<h1>Welcome back</h1>")
    return redirect(302, "/welcome.html", ("Set-Cookie", "visited=yes; Path=/"))


def empty(_: Visit) -> Page:
    """Answer 200 with no body."""
    return Page()


def legacy_meta(_: Visit) -> Page:
    """Name windows-1251 in a meta element only."""
    return _legacy('<meta charset="windows-1251">')


def legacy_bare(_: Visit) -> Page:
    """Name no encoding anywhere."""
    return _legacy("")


def nofollow(_: Visit) -> Page:
    """Ask in a meta element that no link be followed."""
    return html_page("Dead end", _DEAD_END, head='<meta name="robots" content="nofollow">')


def nofollow_header(_: Visit) -> Page:
    """Ask in a header that no link be followed."""
    page = html_page("Dead end", _DEAD_END)
    return Page(body=page.body, headers=(("X-Robots-Tag", "nofollow"),))


def untended(_: Visit) -> Page:
    """Show what only links that are not to be followed lead to."""
    return html_page("Untended", "<h1>Untended</h1>")


def terms(_: Visit) -> Page:
    """Answer with plain text."""
    return Page(body=b"Read as much as you like.\n", content_type="text/plain; charset=utf-8")


_DEAD_END = '<h1>Dead end</h1><p><a href="/untended.html">on</a></p>'


def _legacy(head: str) -> Page:
    text = html("Архив", f"<h1>Архив</h1><p>{_RUSSIAN}</p>", head=head)
    return Page(body=text.encode("windows-1251"), content_type="text/html")
