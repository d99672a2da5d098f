"""The practice site's pages that stand alone: a path, and the function that makes its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crawler.practice import account, broken, oddities, troubles
from crawler.practice.page import Page, Visit

#: The same for every visitor and on every day, so that they have a date.
STILL: Mapping[str, Callable[[Visit], Page]] = {
    "/about.html": oddities.about,
    "/troubles.html": troubles.troubles,
    "/robots.txt": oddities.robots,
    "/private/accounts.html": oddities.private,
    "/legacy/meta.html": oddities.legacy_meta,
    "/legacy/bare.html": oddities.legacy_bare,
    "/nofollow.html": oddities.nofollow,
    "/nofollow-header.html": oddities.nofollow_header,
    "/untended.html": oddities.untended,
    "/terms.txt": oddities.terms,
    "/big.html": troubles.big,
    "/api.html": troubles.api,
}

#: Made for the visit, or broken: never kept.
MOVING: Mapping[str, Callable[[Visit], Page]] = {
    "/old-catalogue.html": oddities.moved,
    "/welcome.html": oddities.welcome,
    "/empty.html": oddities.empty,
    "/slow.html": troubles.slow,
    "/busy.html": troubles.busy,
    "/flaky.html": troubles.flaky,
    "/unavailable.html": troubles.unavailable,
    "/temporary.html": troubles.temporary,
    "/permanent.html": troubles.permanent,
    "/login.html": account.login_form,
    "/login": account.login,
    "/account.html": account.account,
    "/broken/html.xml": broken.html_sitemap,
    "/broken/empty.xml": broken.empty_sitemap,
    "/broken/cut.xml": broken.cut_sitemap,
    "/broken/cut.xml.gz": broken.broken_gzip,
    "/broken/plain.xml.gz": broken.no_gzip,
    "/broken/self.xml": broken.self_index,
    "/broken/entities.xml": broken.entity_sitemap,
    "/broken/page.jpg": broken.html_image,
    "/broken/cut.png": broken.cut_image,
    "/broken/pixel.png": broken.small_image,
}
