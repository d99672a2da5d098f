"""Who is told how a run ended: `notify` and what stands below it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict, model_validator

from crawler.config.condition import ConditionError, parse_condition
from crawler.config.models.access import Secret
from crawler.config.models.fields import (
    HeaderValue,
    Listed,
    Settings,
    Span,
    bad_value,
    bad_whole,
    written,
)
from crawler.policy.access import proxy_of
from crawler.urls import UrlError, parse

#: Longest time that telling may take, in seconds.
_PATIENCE = 300

T = TypeVar("T")
Event = Literal["failure", "recovered", "success"]


def _not_empty(value: tuple[T, ...]) -> tuple[T, ...]:
    # A limit of pydantic's would count an entry that is wrong itself as none.
    if not value:
        raise bad_whole("must not be empty")
    return value


def _url(value: str) -> str:
    """Check the address of somebody who is told; it is a secret, and not to be repeated."""
    if not value:
        return value
    try:
        parse(value)
        urlsplit(value)
    except (UrlError, ValueError):
        raise bad_whole("this is no http(s) URL", "write https://...") from None
    return value


def _proxy(value: str) -> str:
    try:
        if value:
            proxy_of(value)
    except ValueError as error:  # it repeats nothing of the value
        raise bad_whole(str(error)) from None
    return value


def _condition(value: str) -> str:
    try:
        parse_condition(value)
    except ConditionError as error:
        raise bad_whole(str(error), error.hint) from None
    return value


# The part before the @ is the business of whoever reads it; ours is that it ends no line.
_MAILBOX = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]+@[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]+")


def _mailbox(value: str) -> str:
    if not value.isascii() or not _MAILBOX.fullmatch(value) or len(value) > 254:
        raise bad_value("is no address of mail", "write it alone: ops@example.org")
    return value


def _server(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", value):
        raise bad_value("is no host", "write it alone: smtp.example.org")
    if ":" in value and value.count(":") == 1:
        raise bad_value("is a host with a port", "write the port under the key port")
    return value


def _folder(value: str) -> str:
    if value.endswith(".prom"):
        raise bad_value("is a file", "name its folder; the file is crawler_NAME.prom")
    return value


NotifyUrl = Annotated[str, AfterValidator(_url)]
ConditionText = Annotated[str, AfterValidator(_condition)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Events = Annotated[tuple[Event, ...], Strict(False), AfterValidator(_not_empty)]


class WebhookSettings(Settings):
    """An entry of `notify.webhook`: an address that a JSON document is sent to."""

    url: NotifyUrl | None = Field(description='Its address; `""` turns it off. Taken for a secret.')
    secret: Secret | None = Field(
        default=None,
        description="What documents are signed with; best as `${VARIABLE}`. Default: not signed.",
    )
    on: Events | None = Field(
        default=None,
        description="Instead of `notify.on`. Default: that; with `when`, every event.",
    )
    when: ConditionText | None = Field(
        default=None, description="Only if this holds of the run, e.g. `gone > 100`."
    )


class MailSettings(Settings):
    """`notify.mail`: a mail, by SMTP."""

    to: Annotated[Listed[Mailbox], AfterValidator(_not_empty)] = Field(
        description="Who gets it: an address, or a list."
    )
    sender: Mailbox = Field(alias="from", description="Whom it is from.")
    host: Annotated[str, AfterValidator(_server)] = Field(
        description="The mail server that takes it."
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Its port. Default: 587 with `starttls`, 465 with `tls`, 25 with `none`.",
    )
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls`: encrypted once it is greeted, never without; `tls`: from the "
        "first byte; `none`: not at all.",
    )
    user: Annotated[HeaderValue, Field(min_length=1)] | None = Field(
        default=None, description="Who we are there. Default: no login."
    )
    password: Secret | None = Field(
        default=None, description="Their password; best as `${VARIABLE}`."
    )
    on: Events | None = Field(
        default=None,
        description="Instead of `notify.on`. Default: that; with `when`, every event.",
    )
    when: ConditionText | None = Field(
        default=None, description="Only if this holds of the run, e.g. `failed_share > 5%`."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> MailSettings:
        if (self.user is None) != (self.password is None):
            raise bad_whole("user and password belong together", "write both, or none")
        local = self.host in ("localhost", "::1") or self.host.startswith("127.")
        if self.password is not None and self.tls == "none" and not local:
            raise bad_whole("the password would be sent as plain text", "use tls: starttls")
        return self


class NotifySettings(Settings):
    """`notify`: who is told how a run ended."""

    on: Events = Field(
        default=("failure", "recovered"),
        description="What webhooks and mails are sent for. `failure`: an exit code that is not 0, "
        "130, 143 or 75; `recovered`: the first good run after it; `success`: any other good run.",
    )
    after: int = Field(
        default=1, ge=1, le=1000, description="Failures in a row before anybody is told of them."
    )
    remind_every: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="Of the failures that follow in the same row, every how many is told.",
    )
    healthcheck: NotifyUrl | None = Field(
        default=None,
        description="An address of Healthchecks, or of what speaks like it: asked at each start "
        'and each end. `""` turns it off. Taken for a secret.',
    )
    webhook: Listed[WebhookSettings] = Field(
        default=(), description="An address that is sent a JSON document, or a list of them."
    )
    mail: MailSettings | None = Field(default=None, description="A mail, by SMTP.")
    textfile: Annotated[str, Field(min_length=1), AfterValidator(_folder)] | None = Field(
        default=None,
        description="Folder in which `crawler_NAME.prom` is written for the textfile collector of "
        "Prometheus' node_exporter; relative to `--dir`.",
    )
    proxy: Annotated[str, AfterValidator(_proxy)] | None = Field(
        default=None,
        description="A proxy for `healthcheck` and webhooks: `http://HOST:PORT`; those of the "
        "environment are not used. Default: none.",
    )
    timeout: Span = written(
        "10s",
        "Longest time that telling takes when a run has ended, all tries together; at most 5m.",
    )

    @model_validator(mode="after")
    def _somebody(self) -> NotifySettings:
        if self.timeout > _PATIENCE:
            raise bad_whole("notify.timeout is more than 5m", "a run should not wait longer")
        told = {"healthcheck", "webhook", "mail", "textfile"}
        if self.model_fields_set and not self.model_fields_set & told:
            hint = "name a healthcheck, webhook, mail or textfile"
            raise bad_whole("nobody is told", hint)
        return self
