"""Claims about how a job's settings become credentials, proxies and trust."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crawler.app.job.access import access_of, spider_secrets, unverified_words
from crawler.config.models.job import Job
from crawler.errors import ConfigError
from crawler.fetch.addresses import AddressGuard
from crawler.messages import FetchRequest
from crawler.policy.access import basic
from crawler.spider.spider import Spider
from crawler.testing.fake_clock import FakeClock

OPEN = AddressGuard("allow")


def job(**fetch: object) -> Job:
    return Job.model_validate(
        {"name": "x", "start": {"urls": ["https://a.example/"]}, "fetch": fetch}
    )


def proxy_for(url: str, environ: Mapping[str, str], **proxies: object) -> str | None:
    access = access_of(job(proxies=proxies), FakeClock(), environ)
    proxy = access.way(FetchRequest(url=url), OPEN).proxy
    return None if proxy is None else proxy.name


def test_a_secret_is_made_of_what_the_config_says() -> None:
    access = access_of(
        job(
            auth={
                "https://a.example": {"basic": {"user": "ann", "password": "pw"}},
                "https://b.example:8443": {"bearer": "token"},
                "http://c.example": {"header": {"name": "X-Api-Key", "value": "key"}},
            }
        ),
        FakeClock(),
        {},
    )
    found = {
        url: (one.name, one.value)
        for url in (
            "https://a.example/x", "http://a.example/x", "https://a.example:8443/",
            "https://www.a.example/", "https://b.example:8443/?q", "https://b.example/",
            "http://c.example/", "https://c.example/",
        )
        if (one := access.credential(url)) is not None
    }  # fmt: skip
    assert found == {
        "https://a.example/x": ("Authorization", basic("ann", "pw")),
        "https://b.example:8443/?q": ("Authorization", "Bearer token"),
        "http://c.example/": ("X-Api-Key", "key"),
    }


def test_proxies_of_the_environment_are_for_who_asks_for_them() -> None:
    environ = {"http_proxy": "http://p.example:1", "HTTPS_PROXY": "q.example:2"}
    assert proxy_for("http://a.example/", environ) is None
    assert proxy_for("http://a.example/", environ, environment=True) == "p.example:1"
    assert proxy_for("https://a.example/", environ, environment=True) == "q.example:2"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"ALL_PROXY": "http://p.example:1"}, "p.example:1"),
        ({"HTTP_PROXY": "http://p.example:1"}, "p.example:1"),
        ({"HTTP_PROXY": "http://p.example:1", "REQUEST_METHOD": "GET"}, None),
        ({"http_proxy": "", "all_proxy": "http://p.example:1"}, "p.example:1"),
        ({"http_proxy": "http://p.example:1", "no_proxy": "*"}, None),
        ({"http_proxy": "http://p.example:1", "NO_PROXY": "b.example, .a.example"}, None),
        ({"http_proxy": "http://p.example:1", "no_proxy": "a.exampl"}, "p.example:1"),
    ],
)
def test_variables_mean_what_they_mean_to_curl(environ: dict[str, str], proxy: str | None) -> None:
    assert proxy_for("http://www.a.example/", environ, environment=True) == proxy


def test_a_variable_that_is_no_proxy_is_named_without_its_value() -> None:
    environ = {"http_proxy": "socks5://ann:hunter2@h:1"}
    with pytest.raises(ConfigError, match="variable http_proxy") as failed:
        proxy_for("http://a.example/", environ, environment=True)
    assert "hunter2" not in str(failed.value)


def test_hosts_without_verification_are_spoken_of() -> None:
    assert unverified_words(job()) == ""
    said = unverified_words(job(tls={"unverified": ["old.example", "*.lab.example"]}))
    assert "NOT verified for old.example, *.lab.example" in said


class WithPassword(Spider):
    name = "s"
    http_user = "ann"
    http_pass = "pw"
    http_auth_domain: str | None = "a.example"


def test_the_secret_of_a_spider_goes_to_its_domain_alone() -> None:
    named = ["http://www.a.example/x", "https://evila.example/", "https://a.example.evil/"]
    found = spider_secrets(WithPassword(), named)
    assert set(found) == {"https://a.example", "http://www.a.example"}
    assert {one.value for one in found.values()} == {basic("ann", "pw")}
    assert spider_secrets(Spider(name="none"), named) == {}


@pytest.mark.parametrize("domain", [None, "", "a.example/x", "ann@a.example"])
def test_a_secret_of_a_spider_without_a_domain_is_refused(domain: str | None) -> None:
    spider = WithPassword()
    spider.http_auth_domain = domain
    with pytest.raises(ConfigError, match="http_auth_domain"):
        spider_secrets(spider, ["https://a.example/"])


def test_a_secret_of_the_config_wins_over_that_of_the_spider() -> None:
    own = spider_secrets(WithPassword(), [])
    made = access_of(job(auth={"https://a.example": {"bearer": "t"}}), FakeClock(), {}, own)
    secret = made.credential("https://a.example/")
    assert secret is not None
    assert secret.value == "Bearer t"


def test_a_user_of_a_spider_holds_no_colon() -> None:
    spider = WithPassword()
    spider.http_user = "ann:other"

    with pytest.raises(ConfigError, match="http_user cannot hold ':'"):
        spider_secrets(spider, [])
