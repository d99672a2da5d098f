"""URLs: parsing, joining, their parts, and the form under which a request is known.

Parsing and serialising follow the WHATWG URL standard, by way of `can_ada`: what a browser would
ask for is what we ask for. Every URL inside the crawler is in serialised form (lower-case ASCII
host, default port dropped, dot segments gone, no user, no fragment), so that its parts are found
by slicing, without another parse.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import can_ada
import msgspec

#: Longest URL in characters, before and after serialising. Servers refuse lines of about this
#: length, and traps grow without one.
MAX_URL_LENGTH = 8192

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


class UrlError(ValueError):
    """A URL that cannot be crawled; the message says why."""


def parse(url: str) -> str:
    """Return an absolute http or https URL in serialised form, without user and fragment.

    Raises:
        UrlError: It has another scheme or none, no valid host or port, or is too long.
    """
    return _parse(url)[0]


def _parse(url: str) -> tuple[str, can_ada.URL]:
    """Return a URL serialised, and as an object to join with."""
    if len(url) > MAX_URL_LENGTH:
        raise UrlError(f"longer than {MAX_URL_LENGTH} characters: {url[:60]}...")
    try:
        parsed = can_ada.parse(url)
    except ValueError:
        raise UrlError(_complaint(url)) from None
    except TypeError:  # a lone surrogate, which a browser would read as U+FFFD
        return _parse(_SURROGATES.sub("\ufffd", url))
    href = parsed.href
    if href[:5] != "http:" and href[:6] != "https:":
        raise UrlError(_complaint(url))
    tidy = _strip(href)
    if len(tidy) > MAX_URL_LENGTH:
        raise UrlError(f"longer than {MAX_URL_LENGTH} characters once encoded: {url[:60]}...")
    return tidy, parsed if tidy == href else can_ada.parse(tidy)


def _complaint(url: str) -> str:
    scheme, mark, rest = url.strip(_C0_AND_SPACE).partition(":")
    if not mark or not _SCHEME.fullmatch(scheme):
        return f"not an absolute URL, it must begin with http:// or https://: {url!r}"
    if scheme.lower() in ("http", "https"):
        return f"no valid host or port: {url!r}"
    if rest[:1].isdigit():  # localhost:8080 looks like a scheme to the standard
        return f"{url!r} begins with a host, not with http:// or https://"
    return f"scheme {scheme!r} is not http or https: {url!r}"


class Resolver:
    """Turns the `href`s of one document into URLs.

    Args:
        base: The document's base URL, absolute http or https.
        encoding: The document's encoding, a name Python knows. Browsers write non-ASCII characters
            of a query in it, those of a path always in UTF-8 (WHATWG URL §4.4).

    Raises:
        UrlError: The base is no http or https URL.
    """

    __slots__ = ("_base", "_encoding", "_site", "base")

    def __init__(self, base: str, encoding: str = "utf-8") -> None:
        self.base, self._base = _parse(base)
        self._site = origin(self.base) + "/"
        self._encoding = None if encoding.lower().startswith("utf") else encoding

    def resolve(self, href: str) -> str | None:
        """Return the URL an `href` leads to; None if it is empty, invalid, too long or not http(s).

        Never raises. Called for every raw link, hence written for speed: about 0.9 us.
        """
        if href < "$":  # empty, or begins with a control character, a space or "#"
            href = href.strip(_C0_AND_SPACE)
            if href[:1] in "#":
                # The document itself: a place within it, or, without any href, no link at all.
                return self.base if href else None
        if self._encoding is not None and not href.isascii():
            href = _encode_query(href, self._encoding)
        try:
            url = (self._base + href).href
        except ValueError:
            return None
        except TypeError:  # a lone surrogate, as in `_parse`
            return self.resolve(_SURROGATES.sub("\ufffd", href))
        if not url.startswith(self._site):
            return _elsewhere(url)
        if "#" in url:
            url = url[: url.index("#")]
        return url if len(url) <= MAX_URL_LENGTH else None


def _elsewhere(url: str) -> str | None:
    if url[:5] != "http:" and url[:6] != "https:":
        return None
    url = _strip(url)
    return url if len(url) <= MAX_URL_LENGTH else None


def join(base: str, href: str) -> str | None:
    """Return the URL that `href` means in a document at `base`; None as in `Resolver.resolve`."""
    try:
        return Resolver(base).resolve(href)
    except UrlError:
        return None


def _strip(url: str) -> str:
    """Drop the fragment and the user from a serialised URL."""
    cut = url.find("#")
    if cut >= 0:
        url = url[:cut]
    start = 8 if url[4] == "s" else 7
    at = url.rfind("@", start, url.index("/", start))
    return url if at < 0 else url[:start] + url[at + 1 :]


def _encode_query(href: str, encoding: str) -> str:
    """Percent-encode the non-ASCII characters of a query in the document's own encoding."""
    from urllib.parse import quote

    def encoded(run: re.Match[str]) -> str:
        # A character that the encoding lacks becomes a decimal reference, as in a browser.
        return quote(run.group().encode(encoding, "xmlcharrefreplace"), safe="")

    head, mark, rest = href.partition("?")
    query, fragment_mark, fragment = rest.partition("#")
    return head + mark + _NON_ASCII.sub(encoded, query) + fragment_mark + fragment


# --- Parts of a serialised URL -----------------------------------------------------------------


def host_key(url: str) -> str:
    """Return host and port as one string, the default port left out: `example.org:8080`."""
    start = 8 if url[4] == "s" else 7
    return url[start : url.index("/", start)]


def origin(url: str) -> str:
    """Return scheme, host and port: `https://example.org:8443`."""
    return url[: url.index("/", 8)]


def hostname(url: str) -> str:
    """Return the host alone, an IPv6 address without its brackets."""
    return split_port(host_key(url))[0]


def port(url: str) -> int:
    """Return the port, the scheme's own when the URL names none."""
    explicit = split_port(host_key(url))[1]
    return explicit if explicit is not None else (443 if url[4] == "s" else 80)


def split_port(key: str) -> tuple[str, int | None]:
    """Split a host key into host (IPv6 without brackets) and port; None for the default one."""
    if key[:1] == "[":
        host, _, tail = key[1:].partition("]")
        return host, int(tail[1:]) if tail else None
    host, mark, digits = key.partition(":")
    return host, int(digits) if mark else None


def path_and_query(url: str) -> str:
    """Return what stands behind the host, from its slash on."""
    return url[url.index("/", 8) :]


# --- The form under which a request is known ---------------------------------------------------

#: Query parameters that say where a visitor came from and never change the page.
TRACKING_PARAMS = frozenset(
    (
        "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "utm_name",
        "utm_brand", "utm_social", "utm_reader", "utm_referrer", "utm_source_platform",
        "utm_creative_format", "utm_marketing_tactic", "gclid", "gclsrc", "dclid", "gbraid",
        "wbraid", "srsltid", "fbclid", "msclkid", "yclid", "ysclid", "ymclid", "twclid", "ttclid",
        "li_fat_id", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl", "_hsenc",
        "_hsmi", "__hssc", "__hstc", "__hsfp", "hsCtaTracking", "vero_id", "oly_anon_id",
        "oly_enc_id", "_openstat", "wickedid", "rb_clickid", "s_kwcid",
    )
)  # fmt: skip

_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class CanonicalRules(msgspec.Struct, frozen=True, kw_only=True):
    """What two URLs may differ in and still be the same request.

    Attributes:
        version: Of the built-in rule. Keys of another version mean something else, so it is part
            of what a frontier's meaning depends on.
        sort_query: Order of parameters does not count; that of values of one parameter does.
        drop_params: Names of parameters that do not count, as they stand in the URL.
    """

    version: int = 1
    sort_query: bool = True
    drop_params: frozenset[str] = TRACKING_PARAMS

    def canonical(self, url: str) -> str:
        """Return the key form of a serialised URL; it is compared, never fetched.

        Percent-encoded unreserved characters are decoded and other codes upper-cased (RFC 3986
        §6.2.2); then the query's rules apply. `canonical(canonical(url)) == canonical(url)`.
        """
        if "?" not in url and "%" not in url:
            return url
        path, mark, query = url.partition("?")
        path = _normal_percent(path)
        if not mark:
            return path
        query = self._query(query)
        return f"{path}?{query}" if query else path

    def _query(self, query: str) -> str:
        # Each parameter is normalised by itself first: dropping and sorting look at the result.
        parts = [_normal_percent(part) for part in query.split("&") if part]
        if self.drop_params:
            parts = [part for part in parts if _name(part) not in self.drop_params]
        if self.sort_query:
            parts.sort(key=_name)
        return "&".join(parts)


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _normal_percent(text: str) -> str:
    if "%" not in text:
        return text
    # A stray "%" could become a code by what is decoded behind it ("%4%31"): then leave all coded.
    stray = any(match.group(1) is None for match in _PERCENT.finditer(text))

    def normal(match: re.Match[str]) -> str:
        code = match.group(1)
        if code is None:
            return "%"
        char = chr(int(code, 16))
        return char if char in _UNRESERVED and not stray else f"%{code.upper()}"

    return _PERCENT.sub(normal, text)


# --- Public suffixes ---------------------------------------------------------------------------


@lru_cache(maxsize=16_384)
def public_suffix(host: str) -> str:
    """Return the part of a host name under which anyone may register: `co.uk`, `github.io`.

    Args:
        host: Lower-case ASCII host name, as `hostname` gives it.

    Returns:
        The longest matching rule of the Public Suffix List, its private part included, as cookies
        need it; the last label when no rule matches; "" for an IP address.
    """
    # A last label that begins with a digit makes an IPv4 address of the whole (WHATWG URL).
    if not host or ":" in host or host.rstrip(".").rpartition(".")[2][:1].isdigit():
        return ""
    rules = _suffix_rules()
    labels = host.rstrip(".").split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        if "!" + name in rules:
            return ".".join(labels[start + 1 :])
        if name in rules or "*." + ".".join(labels[start + 1 :]) in rules:
            return name
    return labels[-1]


def is_public_suffix(host: str) -> bool:
    """Tell whether a host name is itself a public suffix, so that no cookie may span it."""
    return bool(host) and public_suffix(host) == host.rstrip(".")


def registrable_domain(host: str) -> str:
    """Return public suffix and one label: `example.co.uk` for `www.example.co.uk`.

    "" for an IP address, and for a host that is a public suffix itself (`localhost` too, by the
    list's default rule).
    """
    suffix = public_suffix(host)
    name = host.rstrip(".")
    if not suffix or suffix == name:
        return ""
    label = name[: -len(suffix) - 1].rpartition(".")[2]
    return f"{label}.{suffix}"


def same_site(one: str, other: str) -> bool:
    """Tell whether two serialised URLs are of one host, or of hosts of one registrable domain.

    The port counts where it is not the scheme's own: what listens there may be anybody's.
    """
    key, other_key = host_key(one), host_key(other)
    if key == other_key:
        return True
    (host, number), (other_host, other_number) = split_port(key), split_port(other_key)
    domain = registrable_domain(host)
    return number == other_number and domain != "" and domain == registrable_domain(other_host)


@cache
def _suffix_rules() -> frozenset[str]:
    """Read the list that `publicsuffixlist` ships; 13 ms, on first use only."""
    from importlib.resources import files

    data = files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    lines = (line.split(maxsplit=1)[0] for line in data.splitlines() if line.strip())
    return frozenset(_ascii_rule(rule) for rule in lines if not rule.startswith("//"))


def _ascii_rule(rule: str) -> str:
    if rule.isascii():
        return rule
    mark = "!" if rule[0] == "!" else "*." if rule[0] == "*" else ""
    return mark + can_ada.idna_encode(rule[len(mark) :]).decode("ascii")
