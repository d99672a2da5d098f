"""What came of asking for a URL, in a line for people."""

from __future__ import annotations

from crawler.app.look.one_page import RobotsAnswer
from crawler.extract.encoding import detect
from crawler.extract.media import Kind, kind_of
from crawler.messages import HttpResponse

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


def answer_words(answer: HttpResponse) -> str:
    """Describe an answer in a line: status, type, encoding, size, time, where it leads."""
    body = answer.body
    parts = [f"{answer.status}", answer.media_type or "no media type"]
    if body and kind_of(answer.media_type, body) is not Kind.BINARY:
        parts.append(detect(body, answer.content_type).codec)
    parts.append(f"{len(body):,} bytes ({answer.wire_size:,} on the wire)")
    parts.append(f"{answer.elapsed * 1000:.0f} ms")
    if answer.status in _REDIRECTS:
        parts.append(f"to {answer.headers.text('location') or 'nowhere'}")
    names = sorted({cookie.name for cookie in answer.cookies_set})
    if names:
        parts.append(f"sets {', '.join(names)}")
    if answer.retry_after is not None:
        parts.append(f"asks to wait {answer.retry_after:.0f} s")
    return f"{answer.url}  {' · '.join([*parts, *answer.flags])}"


def robots_words(robots: RobotsAnswer) -> str:
    """Describe in a line what robots.txt says about a URL."""
    if not robots.rules.reachable:
        what = robots.error or f"HTTP {robots.status}"
        return f"{robots.url} could not be had ({what}), so nothing of its site is fetched for now"
    line = robots.line
    verdict = "allowed" if robots.allowed else "forbidden"
    if line is None:
        known = f"HTTP {robots.status}" if robots.status != 200 else "no line is about it"
        return f"{verdict} by {robots.url}: {known}"
    return f"{verdict} by {robots.url}, line {line.number} ({line.text}), group {line.group}"
