"""The cookie jar beside a plain model of RFC 6265 §5, which looks at every cookie each time."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.cookie_jar import MAX_PER_DOMAIN, CookieJar
from crawler.fetch.set_cookie import Origin, parse_set_cookie
from tests.property.examples import examples

NOW = 1_700_000_000.0
PUBLIC = {"org", "co.uk", "uk"}

hosts = st.sampled_from(["example.org", "www.example.org", "a.www.example.org", "xexample.org",
                         "shop.co.uk", "127.0.0.1"])  # fmt: skip
paths = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c"])
urls = st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), hosts, paths)


@dataclass
class Sent:
    """One field, as parts."""

    name: str
    value: str
    domain: str | None
    path: str | None
    age: int | None
    secure: bool

    def field(self) -> bytes:
        parts = [f"{self.name}={self.value}"]
        parts += [f"Domain={self.domain}"] if self.domain is not None else []
        parts += [f" path={self.path}"] if self.path is not None else []
        parts += [f"Max-Age={self.age}"] if self.age is not None else []
        parts += ["SECURE"] if self.secure else []
        return ";".join(parts).encode()


fields = st.builds(
    Sent,
    name=st.sampled_from(["a", "b", "c"]),
    value=st.sampled_from(["", "1", "2"]),
    domain=st.none() | hosts | st.sampled_from([".example.org", "org", "co.uk", "", "0.0.1"]),
    path=st.none() | paths | st.sampled_from(["", "a"]),
    age=st.none() | st.sampled_from([0, -1, 10, 1000]),
    secure=st.booleans(),
)


@dataclass
class Kept:
    """A cookie of the model."""

    name: str
    value: str
    domain: str
    path: str
    host_only: bool
    secure: bool
    ends: float | None
    made: float


class Model:
    """RFC 6265 §5.3 and §5.4, step by step."""

    def __init__(self) -> None:
        self.cookies: list[Kept] = []

    def learn(self, url: str, sent: Sent, now: float) -> None:
        scheme, _, rest = url.partition("://")
        host, _, tail = rest.partition("/")
        domain, host_only = (sent.domain or "").removeprefix("."), False
        if domain in PUBLIC or (domain and not self.within(host, domain)):
            return
        if not domain:
            domain, host_only = host, True
        if sent.secure and scheme == "http":
            return
        host_only = host_only or host == "127.0.0.1"
        default = "/" + tail.rpartition("/")[0]
        path = sent.path if sent.path and sent.path[0] == "/" else default
        ends = None if sent.age is None else now + sent.age
        made = now
        for old in list(self.cookies):
            if (old.name, old.domain, old.path) == (sent.name, domain, path):
                made = old.made
                self.cookies.remove(old)
        self.cookies.append(
            Kept(sent.name, sent.value, domain, path, host_only, sent.secure, ends, made)
        )

    def header(self, url: str, now: float) -> str:
        scheme, _, rest = url.partition("://")
        host, _, tail = rest.partition("/")
        path = "/" + tail
        found = [
            one
            for one in self.cookies
            if (host == one.domain if one.host_only else self.within(host, one.domain))
            and (path == one.path or path.startswith(one.path.rstrip("/") + "/"))
            and (scheme == "https" or not one.secure)
            and (one.ends is None or one.ends > now)
        ]
        found.sort(key=lambda one: (-len(one.path), one.made))
        return "; ".join(f"{one.name}={one.value}" for one in found)

    @staticmethod
    def within(host: str, domain: str) -> bool:
        return host == domain or (host != "127.0.0.1" and host.endswith(f".{domain}"))


@examples()
@given(
    answers=st.lists(st.tuples(urls, fields), max_size=12), asked=urls, wait=st.integers(0, 2_000)
)
def test_what_goes_with_a_request_is_what_the_rfc_says(
    answers: list[tuple[str, Sent]], asked: str, wait: int
) -> None:
    jar, model = CookieJar(), Model()

    for moment, (url, sent) in enumerate(answers):
        jar.learn(url, [sent.field()], NOW + moment)
        model.learn(url, sent, NOW + moment)

    later = NOW + len(answers) + wait
    assert jar.header_for(asked, later) == model.header(asked, later)


@examples()
@given(st.lists(st.tuples(urls, st.lists(st.binary(max_size=40) | fields.map(Sent.field)))))
def test_what_is_stored_answers_as_the_jar_did(answers: list[tuple[str, list[bytes]]]) -> None:
    jar, stored = CookieJar(), CookieJar()

    for moment, (url, raw) in enumerate(answers):
        stored.load(jar.learn(url, raw, NOW + moment))

    assert sorted(stored, key=repr) == sorted(jar, key=repr)
    assert all(jar.header_for(url, NOW) == stored.header_for(url, NOW) for url, _ in answers)


@examples()
@given(st.text(max_size=80) | st.text(alphabet="ab=; \t.,\x00Domainpthexrs/", max_size=80), urls)
def test_any_field_gives_a_cookie_within_bounds_or_none(field: str, url: str) -> None:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")

    cookie = parse_set_cookie(field, Origin(host, f"/{path}", scheme == "https"), NOW)

    if cookie is not None:
        assert cookie.name
        assert not set(cookie.name + cookie.value) & set("\r\n\0;")
        assert host == cookie.domain or host.endswith(f".{cookie.domain}")
        assert cookie.domain not in PUBLIC


def test_a_host_sets_no_more_than_its_share() -> None:
    jar = CookieJar()

    jar.learn("http://e.org/", [f"c{n}=1".encode() for n in range(1_000)], NOW)

    assert len(jar) == MAX_PER_DOMAIN
