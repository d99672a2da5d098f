"""From the settings of a job to credentials, proxies and trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crawler.config.models.access import AuthSettings, ProxySettings, TlsSettings
from crawler.config.models.job import Job
from crawler.errors import ConfigError
from crawler.fetch.access import Access
from crawler.fetch.credentials import Credential, Credentials
from crawler.fetch.proxy_choice import ProxyChoice, ProxyRules
from crawler.fetch.tls_context import ClientCert, TlsContexts, TlsRules
from crawler.interfaces import Clock
from crawler.policy.access import Proxy, basic, origin_of, proxy_of
from crawler.spider.spider import Spider
from crawler.urls import hostname, origin


def access_of(
    job: Job,
    clock: Clock,
    environ: Mapping[str, str],
    spiders: Mapping[str, Credential] | None = None,
) -> Access:
    """Return how the servers of a job are reached.

    Args:
        job: The job.
        clock: The time.
        environ: Names proxies, where the job wants those of the environment.
        spiders: Secrets of the spider, by origin; those of the job win.

    Raises:
        ConfigError: A proxy of the environment is none.
    """
    fetch = job.fetch
    secrets = dict(spiders or {})
    secrets |= {place: _credential(auth) for place, auth in fetch.auth.items()}
    choice = ProxyChoice(_proxy_rules(fetch.proxies, environ), clock.monotonic)
    return Access(Credentials(secrets), choice, TlsContexts(_tls_rules(fetch.tls)))


def trust_of(job: Job) -> TlsContexts:
    """Return whom a job trusts, for what it sends beside its crawl."""
    return TlsContexts(_tls_rules(job.fetch.tls))


def spider_secrets(spider: Spider, named: Iterable[str]) -> dict[str, Credential]:
    """Return the secret of a spider's `http_user`, `http_pass` and `http_auth_domain`, by origin.

    These are Scrapy's, which sends them to all hosts of the domain, in the clear as well. Here they
    go to the domain's own https origin, and to those of its hosts that the job begins with.

    Args:
        spider: The spider.
        named: URLs that the job begins with.

    Raises:
        ConfigError: There is no domain, or it is none; or the user is none.
    """
    user, password = getattr(spider, "http_user", ""), getattr(spider, "http_pass", "")
    if not user and not password:
        return {}
    domain = getattr(spider, "http_auth_domain", None)
    who = type(spider).__name__
    if ":" in str(user):  # RFC 7617 §2: the password would begin there
        raise ConfigError(f"{who}.http_user cannot hold ':'")
    if not isinstance(domain, str) or not domain:
        raise ConfigError(
            f"{who}.http_user would go to every host; set http_auth_domain, or use fetch.auth"
        )
    try:
        origins = {origin_of(f"https://{domain}")}
    except ValueError:
        raise ConfigError(f"{who}.http_auth_domain is no domain: {domain!r}") from None
    home = hostname(f"{min(origins)}/")
    for url in named:
        if hostname(url) == home or hostname(url).endswith(f".{home}"):
            origins.add(origin(url))
    secret = Credential("Authorization", basic(str(user), str(password)))
    return dict.fromkeys(origins, secret)


def unverified_words(job: Job) -> str:
    """Return what a run says of hosts whose certificates are not looked at; "" without any."""
    hosts = ", ".join(job.fetch.tls.unverified)
    if not hosts:
        return ""
    return (
        f"certificates are NOT verified for {hosts} (fetch.tls.unverified): whoever is in between"
        " can read and change what is fetched"
    )


def _credential(auth: AuthSettings) -> Credential:
    if auth.basic is not None:
        return Credential("Authorization", basic(auth.basic.user, auth.basic.password))
    if auth.header is not None:
        return Credential(auth.header.name, auth.header.value)
    return Credential("Authorization", f"Bearer {auth.bearer}")


def _proxy_rules(settings: ProxySettings, environ: Mapping[str, str]) -> ProxyRules:
    direct = settings.direct
    if settings.environment:
        http, https = _of_environment("http", environ), _of_environment("https", environ)
        excepted = _excepted(environ)
        if excepted is None:
            return ProxyRules()
        direct = (*direct, *excepted)
    else:
        http = https = tuple(proxy_of(url) for url in settings.urls)
    return ProxyRules(
        http=http, https=https, rotate=settings.rotate, match=settings.match, direct=direct
    )


def _of_environment(scheme: str, environ: Mapping[str, str]) -> tuple[Proxy, ...]:
    """Return the proxy for a scheme, as curl finds it."""
    # In a CGI program a client's field "Proxy" comes as HTTP_PROXY (CVE-2016-5385).
    names = [f"{scheme}_proxy", "all_proxy", "ALL_PROXY"]
    if scheme == "https" or "REQUEST_METHOD" not in environ:
        names.insert(1, f"{scheme.upper()}_PROXY")
    for name in names:
        if value := environ.get(name):
            try:
                return (proxy_of(value if "://" in value else f"http://{value}"),)
            except ValueError as error:
                raise ConfigError(f"variable {name}: {error}") from None
    return ()


def _excepted(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the hosts of `no_proxy` as patterns; None for all hosts."""
    patterns = []
    for entry in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(","):
        name = entry.strip().lower().lstrip(".").removeprefix("*.")
        if name == "*":
            return None
        if name and "*" not in name and "/" not in name:
            patterns += [name, f"*.{name}"]
    return tuple(patterns)


def _tls_rules(settings: TlsSettings) -> TlsRules:
    certs = {
        origin: ClientCert(pair.cert, pair.key) for origin, pair in settings.client_certs.items()
    }
    return TlsRules(
        ca_file=settings.ca_file, min_version=settings.min_version,
        unverified=settings.unverified, client_certs=certs,
    )  # fmt: skip
