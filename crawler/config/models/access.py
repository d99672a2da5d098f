"""How a crawl gets to servers: `fetch.auth`, `fetch.proxies` and `fetch.tls`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crawler.config.models.fields import (
    HeaderValue,
    HostMatch,
    Listed,
    Settings,
    bad_value,
    bad_whole,
    checked_token,
    written,
)
from crawler.policy.access import origin_of, proxy_of

_NEEDED = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "cookie", "user-agent")
)


def _origin(value: str) -> str:
    if "@" in value:  # not to be repeated
        hint = "write {basic: {user: ..., password: ...}} below it"
        raise bad_whole("an origin has no user", hint)
    try:
        return origin_of(value)
    except ValueError as error:
        raise bad_value(str(error)) from None


def _https_origin(value: str) -> str:
    made = _origin(value)
    if not made.startswith("https:"):
        raise bad_value("is no https origin: certificates belong to TLS")
    return made


def _proxy(value: str) -> str:
    try:
        proxy_of(value)
    except ValueError as error:  # it repeats nothing of the value
        raise bad_whole(str(error)) from None
    return value


def _secret_header(value: str) -> str:
    lower = value.lower()
    if lower in _NEEDED:
        raise bad_whole("a header of this name cannot hold a secret: it has another use")
    if lower == "proxy-authorization":
        raise bad_whole(
            "this header is for proxies", "write http://USER:PASSWORD@HOST:PORT in fetch.proxies"
        )
    return checked_token(value)


def _user(value: str) -> str:
    if ":" in value:  # RFC 7617 §2
        raise bad_whole("a user's name cannot hold ':'")
    return value


def _named(pattern: str) -> str:
    if pattern.startswith("*.") and "." not in pattern.partition("/")[0][2:]:
        raise bad_whole("this would be a whole top-level domain; name the hosts")
    return pattern


Origin = Annotated[str, AfterValidator(_origin)]
HttpsOrigin = Annotated[str, AfterValidator(_https_origin)]
ProxyUrl = Annotated[str, AfterValidator(_proxy)]
SecretHeader = Annotated[str, AfterValidator(_secret_header)]
UserName = Annotated[str, Field(min_length=1), AfterValidator(_user)]
Secret = Annotated[HeaderValue, Field(min_length=1)]
FileName = Annotated[str, Field(min_length=1)]
NamedHost = Annotated[HostMatch, AfterValidator(_named)]


class BasicSettings(Settings):
    """`basic` of an entry of `fetch.auth`."""

    user: UserName = Field(description="Who asks.")
    password: HeaderValue = Field(description="Their password; best as `${VARIABLE}`.")


class SecretHeaderSettings(Settings):
    """`header` of an entry of `fetch.auth`."""

    name: SecretHeader = Field(description="The field's name, e.g. `X-Api-Key`.")
    value: Secret = Field(description="Its value; best as `${VARIABLE}`.")


class AuthSettings(Settings):
    """An entry of `fetch.auth`: what is sent to one origin; one of the keys."""

    basic: BasicSettings | None = Field(default=None, description="User and password.")
    bearer: Secret | None = Field(
        default=None, description="A token, sent as `Authorization: Bearer TOKEN`."
    )
    header: SecretHeaderSettings | None = Field(
        default=None, description="A secret in another header."
    )

    @model_validator(mode="after")
    def _one_way(self) -> AuthSettings:
        given = [one for one in (self.basic, self.bearer, self.header) if one is not None]
        if len(given) != 1:
            what = "no secret" if not given else "more than one secret"
            raise bad_whole(f"{what} for this origin", "write one of basic, bearer, header")
        return self


class ProxySettings(Settings):
    """`fetch.proxies`: what requests go through."""

    urls: Listed[ProxyUrl] = Field(
        default=(),
        description="The proxies: `http://HOST:PORT`, with `USER:PASSWORD@` before the host if "
        "they want it.",
    )
    environment: bool = Field(
        default=False,
        description="Use the proxies of `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, "
        "which are ignored otherwise.",
    )
    rotate: Literal["host", "request"] = Field(
        default="host",
        description="Of several, each host keeps one, or each request takes the next.",
    )
    match: Listed[HostMatch] = Field(
        default=(), description="The hosts that are asked through a proxy. Default: all."
    )
    direct: Listed[HostMatch] = Field(
        default=(), description="Hosts that are asked without one, whatever `match` says."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> ProxySettings:
        if self.urls and self.environment:
            raise bad_whole("proxies of the environment and of urls together", "keep one of them")
        told = self.match or self.direct or self.rotate == "request"
        if told and not self.urls and not self.environment:
            raise bad_whole("there is no proxy", "name some in fetch.proxies.urls")
        return self


class ClientCertSettings(Settings):
    """An entry of `fetch.tls.client_certs`: what we show to one origin."""

    cert: FileName = Field(description="PEM file with the certificate and what vouches for it.")
    key: FileName = Field(description="PEM file with its key, without a password.")


class TlsSettings(Settings):
    """`fetch.tls`: whom we trust, and what we show."""

    ca_file: FileName | None = Field(
        default=None,
        description="PEM file with certificates that are trusted beside the system's, relative "
        "to the file that names it.",
    )
    min_version: Literal["1.2", "1.3"] = Field(
        default="1.2", description="The oldest version that is spoken."
    )
    unverified: Listed[NamedHost] = Field(
        default=(),
        description="Hosts whose certificates are not looked at: whoever is in between can read "
        "and change everything. Each run says so.",
    )
    client_certs: dict[HttpsOrigin, ClientCertSettings] = written(
        {}, "Certificates of ours, by the origin that they are shown to."
    )
