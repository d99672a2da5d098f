"""robots.txt beside a plain model of RFC 9309 §2.2, and with bytes that are none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.robots import parse_rules
from crawler.policy.robots_lines import deciding_line
from tests.property.examples import examples

Rule = tuple[bool, str]
Group = tuple[list[str], list[Rule]]

# Of a `?` protego may count three characters, which decides where rules are of one length, of which
# nothing is said here.
_parts = st.sampled_from(["a", "b", "/", "*", "c.html", "%7e", "%2F", "\u00e9"])
patterns = st.tuples(st.lists(_parts, max_size=5), st.sampled_from(["", "", "", "$"])).map(
    lambda two: "/" + "".join(two[0]) + two[1]
)
targets = st.lists(
    st.sampled_from(["a", "b", "/", "c.html", "?q", "~", "%2F", "%C3%A9"]), max_size=6
).map(lambda parts: "/" + "".join(parts))
agents = st.sampled_from(["*", "crawler", "Crawler/2.0", "crawl", "other"])
groups = st.lists(
    st.tuples(
        st.lists(agents, min_size=1, max_size=2),
        # A group without a rule takes the agents of the one behind it with it (§2.1).
        st.lists(st.tuples(st.booleans(), patterns), min_size=1, max_size=4),
    ),
    max_size=4,
)
ends = st.sampled_from(["\n", "\r\n", "\r"])
junk = st.sampled_from(
    [
        "",
        "# Disallow: /",
        "Nonsense",
        "Sitemap: http://e.org/x.xml",
        "Foo: bar",
        "foo bar : a: b",
        "Host: e.org",
        "clean-param: x /",
    ]
)

_UNRESERVED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"


def octets(path: str) -> list[str]:
    """Return a path as what counts: plain unreserved characters, all others as %XX."""
    units: list[str] = []
    place = 0
    raw = path.encode()
    while place < len(raw):
        char = chr(raw[place])
        if char == "%":
            char = chr(int(raw[place + 1 : place + 3], 16))
            units.append(char if char in _UNRESERVED else f"%{ord(char):02X}")
            place += 3
            continue
        units.append(char if char < "\x80" else f"%{ord(char):02X}")
        place += 1
    return units


def matches(pattern: str, target: list[str]) -> bool:
    """Compare unit by unit, every way a `*` may go."""
    anchored = pattern.endswith("$")
    units = octets(pattern.removesuffix("$"))
    reached = {0}
    for unit in units:
        if unit == "*":
            reached = {end for start in reached for end in range(start, len(target) + 1)}
        else:
            reached = {at + 1 for at in reached if at < len(target) and target[at] == unit}
    return len(target) in reached if anchored else bool(reached)


def allowed(file: list[Group], target: str) -> bool:
    def rules_for(*names: str) -> list[Rule] | None:
        mine = [rules for named, rules in file if any(one.lower() in names for one in named)]
        return [rule for rules in mine for rule in rules] if mine else None

    rules = rules_for("crawler", "crawler/2.0")
    rules = (rules_for("*") or []) if rules is None else rules
    units = octets(target)
    found = [(len("".join(octets(text))), allow) for allow, text in rules if matches(text, units)]
    return max(found)[1] if found else True


def written(file: list[Group], end: str, noise: str) -> bytes:
    lines = [noise]
    for named, rules in file:
        for name in named:
            lines += [f"User-agent: {name}", noise]
        for allow, text in rules:
            lines += [f"{'Allow' if allow else 'disallow'} :{text}  # why", noise]
    return end.join(lines).encode()


@examples()
@given(groups, targets, ends, junk)
def test_what_may_be_fetched_is_what_the_rfc_says(
    file: list[Group], target: str, end: str, noise: str
) -> None:
    rules = parse_rules(written(file, end, noise), "crawler/1.0")

    assert rules.allows(f"http://e.org{target}") is allowed(file, target)


@examples()
@given(groups, targets, ends, junk)
def test_the_line_that_is_named_is_one_that_decides(
    file: list[Group], target: str, end: str, noise: str
) -> None:
    rules = parse_rules(written(file, end, noise), "crawler/1.0")

    line = deciding_line(rules.text, "crawler", target)

    assert (line is None or line.allows) is allowed(file, target)


@examples()
@given(
    st.lists(
        st.binary(max_size=12)
        | st.sampled_from(
            [b"User-agent:", b"Disallow:", b"Allow: ", b"Crawl-delay:", b"1e999", b"nan", b"-1",
             b"Sitemap:", b"\n", b"\r", b"\0", b"*", b"$", b"\xef\xbb\xbf", b"\xff\xfe", b"/",
             b"Request-rate: 1/0", b"Visit-time: 9999-x", b"Host:", b"<html>", b" ", b"#"]
        ),
        max_size=30,
    ).map(b"".join),
    st.text(max_size=20),
)  # fmt: skip
def test_any_bytes_give_rules_within_bounds(body: bytes, agent: str) -> None:
    rules = parse_rules(body, agent)

    assert rules.allows("http://e.org/a?b") in (True, False)
    assert rules.crawl_delay is None or 0 <= rules.crawl_delay <= 60
    deciding_line(rules.text, rules.token, "/a?b")
