"""From `notify` of a job to errands: where each receiver is, and how it is spoken to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec

from crawler.app.job.access import trust_of
from crawler.app.tell.end_of_run import EndOfRun, document, figures, mail_text, subject
from crawler.config.condition import holds, parse_condition
from crawler.config.models.job import Job
from crawler.config.models.notify import MailSettings, WebhookSettings
from crawler.notify.courier import Errand
from crawler.notify.healthcheck import ping_body, ping_url, run_uuid
from crawler.notify.http_post import Poster, address_of
from crawler.notify.mail import MailServer, message_of, send_mail
from crawler.notify.prometheus import file_for, write_figures
from crawler.notify.webhook import signed_fields
from crawler.policy.access import proxy_of
from crawler.policy.notices import Event, Receiver, wanted

_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_SKIPPED = 75


class Receivers:
    """Everybody whom a job may tell.

    Args:
        job: The job.
        base: Base of its files, absolute.
        clean: Takes secrets out of a text.
    """

    def __init__(self, job: Job, base: Path, clean: Callable[[str], str]) -> None:
        self._job = job
        self._settings = job.notify
        self._base = base
        self._clean = clean
        self._contexts = trust_of(job)
        proxy = self._settings.proxy
        self._poster = Poster(self._contexts.context_for, proxy_of(proxy) if proxy else None)
        self._asked: dict[str, WebhookSettings | MailSettings] = {
            f"webhook.{number}": one for number, one in enumerate(self._settings.webhook) if one.url
        }
        if self._settings.mail is not None:
            self._asked["mail"] = self._settings.mail

    @property
    def nobody(self) -> bool:
        """There is nobody to tell anything."""
        return not (self._asked or self._settings.healthcheck or self._settings.textfile)

    def started(self, run_id: str, seconds: float) -> list[Errand]:
        """Return the errands of a run that begins."""
        if not self._settings.healthcheck:
            return []
        return [self._ping("start", "start", run_id, b"", seconds)]

    def pinged(self, end: EndOfRun, seconds: float) -> list[Errand]:
        """Return the errands for machines, which hear of every end."""
        errands = []
        skipped = end.exit == _SKIPPED
        if self._settings.healthcheck:
            word = "log" if skipped else str(end.exit)
            body = ping_body(self._clean("\n".join(end.lines)))
            errands.append(self._ping(word, f"exit {end.exit}", end.run, body, seconds))
        if self._settings.textfile is not None and not skipped:
            path = file_for(self._base / self._settings.textfile, self._job.name)
            deliver = partial(_write, path, end)
            what = f"exit {end.exit}"
            errands.append(Errand(to="textfile", what=what, deliver=deliver, seconds=seconds))
        return errands

    def listening(self, numbers: Mapping[str, float]) -> list[Receiver]:
        """Return who may be told in words, and whether their conditions hold."""
        return [
            Receiver(
                name,
                wanted(one.on, self._settings.on, has_condition=one.when is not None),
                one.when is None or holds(parse_condition(one.when), numbers),
            )
            for name, one in self._asked.items()
        ]

    def told(self, name: str, event: Event, end: EndOfRun, seconds: float) -> Errand:
        """Return the errand of telling one of them."""
        settings = self._asked[name]
        delivery = run_uuid(end.job, f"{end.run}/{name}/{event}/{end.ended}")
        if isinstance(settings, WebhookSettings):
            deliver = self._hook(settings, event, end, delivery)
        else:
            deliver = self._mail(settings, event, end, delivery)
        return Errand(to=name, what=event, deliver=deliver, seconds=seconds)

    def _ping(
        self, word: str, what: str, run_id: str | None, body: bytes, seconds: float
    ) -> Errand:
        rid = run_uuid(self._job.name, run_id) if run_id is not None else None
        address = address_of(ping_url(self._settings.healthcheck or "", word, rid))
        deliver = partial(self._poster.post, address, body, _TEXT)
        return Errand(to="healthcheck", what=what, deliver=deliver, seconds=seconds)

    def _hook(
        self, settings: WebhookSettings, event: Event, end: EndOfRun, delivery: UUID
    ) -> Callable[[float], None]:
        told = document(end, event, settings.when)
        told = msgspec.structs.replace(told, text=self._clean(told.text), why=self._clean(told.why))
        body = msgspec.json.encode(told)
        fields = signed_fields(body, delivery, int(end.ended), settings.secret)
        return partial(self._poster.post, address_of(settings.url or ""), body, fields)

    def _mail(
        self, settings: MailSettings, event: Event, end: EndOfRun, delivery: UUID
    ) -> Callable[[float], None]:
        server = MailServer(
            host=settings.host, tls=settings.tls, port=settings.port, user=settings.user,
            password=settings.password,
        )  # fmt: skip
        message = message_of(
            settings.sender, settings.to, subject(end, event), self._clean(mail_text(end, event)),
            message_id=delivery.hex, wall=end.ended,
        )  # fmt: skip
        return partial(send_mail, server, message, self._contexts.context_for)


def _write(path: Path, end: EndOfRun, _: float) -> None:
    write_figures(path, figures(end))
