"""Claims about `notify`: who is told how a run ended, over whole runs of the command."""

from __future__ import annotations

import base64
import hmac
import json
import re
import signal
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from crawler.testing.raw_server import Exchange, RawServer, answer
from tests.smtp_receiver import SmtpReceiver

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Job, Site

SECRET = "s3cret-of-the-hook"


class Receiver:
    """Takes pings and webhooks; `hang` lets it say nothing."""

    def __init__(self) -> None:
        self.server = RawServer(self._play)
        self.hang = False

    def url(self, path: str) -> str:
        return self.server.url(path)

    @property
    def pings(self) -> list[str]:
        """Words of all pings in order: "start", "0"."""
        found = [one for one in self.server.exchanges if one.path.startswith("/ping")]
        return [one.path.partition("?")[0].rpartition("/")[2] for one in found]

    @property
    def rids(self) -> list[str]:
        found = [one for one in self.server.exchanges if one.path.startswith("/ping")]
        return [one.path.partition("?rid=")[2] for one in found]

    def bodies(self, path: str) -> list[str]:
        return [one.body.decode() for one in self.server.exchanges if one.path.startswith(path)]

    @property
    def hooks(self) -> list[dict[str, Any]]:
        """Documents of webhooks that were signed as they should be, in order."""
        found = [one for one in self.server.exchanges if one.path.startswith("/hook")]
        assert all(is_ours(SECRET.encode(), one.fields, one.body) for one in found)
        return [json.loads(one.body) for one in found]

    async def _play(self, exchange: Exchange) -> None:
        if self.hang:
            await exchange.hold()
        else:
            await exchange.send(answer())


def is_ours(secret: bytes, fields: Mapping[str, str], body: bytes) -> bool:
    """The verifier of docs/notify.md, its clock aside."""
    stamp = fields["webhook-timestamp"]
    signed = f"{fields['webhook-id']}.{stamp}.".encode() + body
    good = "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return hmac.compare_digest(good, fields["webhook-signature"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with receiver.server:
        yield receiver


def settings(receiver: Receiver, **more: Any) -> dict[str, Any]:
    hook = {"url": receiver.url("/hook/SECRETPATH"), "secret": "${HOOK_SECRET}"}
    ping = receiver.url("/ping/SECRETPATH")
    return {"healthcheck": ping, "webhook": hook, "textfile": "prom", **more}


ENV = {"HOOK_SECRET": SECRET}


async def test_failures_and_the_recovery_are_told_and_each_run_pings_twice(
    job: Job, site: Site, receiver: Receiver
) -> None:
    (job.folder / "prom").mkdir()
    job.write(notify=settings(receiver))  # the site has no page: every run ends with 4
    bad = [await job.run("--cron", env=ENV) for _ in range(2)]
    site.html("/")
    good = [await job.run("--cron", env=ENV) for _ in range(2)]

    assert [one.code for one in bad + good] == [4, 4, 0, 0]
    assert receiver.pings == ["start", "4", "start", "4", "start", "0", "start", "0"]
    assert len(set(receiver.rids)) == 4
    assert receiver.rids[::2] == receiver.rids[1::2]
    told = [(one["event"], one["exit"], one["failures"], one["previous"]) for one in receiver.hooks]
    assert told == [("failure", 4, 1, None), ("failure", 4, 2, 4), ("recovered", 0, 2, 4)]
    last = receiver.hooks[-1]
    assert (last["run"], last["job"]) == (job.reports[2].name, "job")
    assert last["counts"]["items"] == 1
    assert last["books"]["balanced"]
    assert last["report"] == str(job.reports[2])
    assert "NOTHING REACHED (exit 4)" in receiver.bodies("/ping/SECRETPATH/4")[0]
    assert [one.err for one in good] == ["", ""]
    figures = (job.folder / "prom/crawler_job.prom").read_text()
    assert 'crawler_last_run_exit_code{job="job"} 0\n' in figures
    assert 'crawler_last_run_pages{job="job",outcome="done"} 1\n' in figures
    told_of = [(one["to"], one["what"], one["ok"]) for one in job.summary(0)["notified"]]
    assert told_of == [
        ("healthcheck", "start", True), ("healthcheck", "exit 4", True),
        ("textfile", "exit 4", True), ("webhook.0", "failure", True),
    ]  # fmt: skip
    for file in job.folder.rglob("reports/**/*.*"):
        assert b"SECRETPATH" not in file.read_bytes()
        assert SECRET.encode() not in file.read_bytes()


async def test_only_failures_in_a_row_are_told_if_that_is_asked_for(
    job: Job, site: Site, receiver: Receiver
) -> None:
    job.write(notify=settings(receiver, after=3, textfile=None))
    for _ in range(3):
        await job.run(env=ENV)
    site.html("/")
    await job.run(env=ENV)

    assert [(one["event"], one["failures"]) for one in receiver.hooks] == [
        ("failure", 3), ("recovered", 3),
    ]  # fmt: skip


async def test_a_look_and_a_run_that_pauses_are_neither_failure_nor_recovery(
    job: Job, site: Site, receiver: Receiver
) -> None:
    site.tree(3)
    job.write(notify=settings(receiver, textfile=None), checks={"min_items": 99})
    failed = await job.run(env=ENV)
    look = await job.run("--limit", "1", "--set", "checks.min_items=1", env=ENV)
    job.write(notify=settings(receiver, textfile=None), fetch={"per_host": {"delay": "1s"}})
    paused = await job.run("--set", "schedule.max_runtime=500ms", env=ENV)
    job.write(notify=settings(receiver, textfile=None))
    good = await job.run("--fresh", env=ENV)

    assert [ran.code for ran in (failed, look, paused, good)] == [3, 0, 0, 0]
    assert [(one["event"], one["failures"]) for one in receiver.hooks] == [
        ("failure", 1), ("recovered", 1),
    ]  # fmt: skip
    assert receiver.hooks[-1]["previous"] == 3


async def test_a_condition_is_about_the_numbers_however_the_run_ended(
    job: Job, site: Site, receiver: Receiver
) -> None:
    hooks = [
        {"url": receiver.url("/hook/a"), "secret": SECRET, "when": "items >= 3 and http.200 > 0"},
        {"url": receiver.url("/hook/b"), "secret": SECRET, "when": "items > 3"},
        {"url": receiver.url("/hook/c"), "secret": SECRET},
    ]
    site.tree(2)
    job.write(notify={"webhook": hooks})

    ran = await job.run()

    assert ran.code == 0
    (told,) = receiver.hooks
    assert (told["event"], told["when"]) == ("success", "items >= 3 and http.200 > 0")
    assert receiver.bodies("/hook/a")


async def test_receivers_that_hang_or_are_gone_change_nothing_but_a_line(
    job: Job, site: Site, receiver: Receiver
) -> None:
    site.html("/")
    receiver.hang = True
    job.write(notify=settings(receiver, on=["success"], timeout="1s"))

    ran = await job.run("--cron", env=ENV)
    loud = await job.run(env=ENV)

    assert (ran.code, ran.err, ran.out) == (0, "", b"")
    assert loud.code == 0
    assert loud.err.count("not told: ") == 1
    outcome = job.summary()["notified"]
    assert [(one["to"], one["ok"]) for one in outcome] == [
        ("healthcheck", False), ("healthcheck", False), ("textfile", False), ("webhook.0", False),
    ]  # fmt: skip
    assert "answer" in outcome[1]["error"]
    assert "prom" in outcome[2]["error"]  # there is no such folder
    assert "not told: healthcheck (start)" in job.log()
    assert "SECRETPATH" not in loud.err + job.log()


async def test_a_run_that_is_stopped_says_so(job: Job, site: Site, receiver: Receiver) -> None:
    site.html("/", "/a")
    held = site.hold("/")
    job.write(notify=settings(receiver, textfile=None))
    running = await job.start(env=ENV)
    await held.asked.wait()
    running.send(signal.SIGTERM)
    await running.said("stopping")
    held.answer.set()

    stopped = await running.end()
    site.html("/a")
    resumed = await job.run(env=ENV)

    assert (stopped.code, resumed.code) == (143, 0)
    assert receiver.pings == ["start", "143", "start", "0"]
    assert len(set(receiver.rids)) == 1  # the run went on under its id
    assert receiver.hooks == []


async def test_a_run_that_is_killed_says_nothing_and_the_next_one_is_a_recovery(
    job: Job, site: Site, receiver: Receiver
) -> None:
    site.html("/")
    held = site.hold("/")
    job.write(notify=settings(receiver, textfile=None))
    running = await job.start(env=ENV)
    await held.asked.wait()
    await running.kill()
    held.answer.set()

    ran = await job.run(env=ENV)

    assert ran.code == 0
    assert receiver.pings == ["start", "start", "0"]
    assert [(one["event"], one["previous"]) for one in receiver.hooks] == [("recovered", None)]


async def test_a_run_that_finds_another_one_is_a_line_in_the_log_of_its_check(
    job: Job, site: Site, receiver: Receiver
) -> None:
    site.html("/")
    held = site.hold("/")
    job.write(notify=settings(receiver, textfile=None))
    first = await job.start(env=ENV)
    await held.asked.wait()

    second = await job.run("--cron", env=ENV)
    held.answer.set()
    await first.end()

    assert second.code == 75
    assert receiver.pings == ["start", "log", "0"]
    assert "another run of this job" in receiver.bodies("/ping/SECRETPATH/log")[0]
    assert receiver.hooks == []


async def test_what_keeps_a_run_from_beginning_is_told_unless_somebody_sees_it(
    job: Job, receiver: Receiver
) -> None:
    job.write(spider="spider.py:S", notify=settings(receiver, textfile=None))
    (job.folder / "spider.py").write_text("raise KeyError('x')\n")

    by_hand = await job.run(env=ENV)
    told_by_hand = len(receiver.server.exchanges)
    by_cron = await job.run("--cron", env=ENV)

    assert (by_hand.code, by_cron.code, told_by_hand) == (2, 2, 0)
    assert receiver.pings == ["2"]
    (told,) = receiver.hooks
    assert (told["event"], told["run"], told["exit"]) == ("failure", None, 2)
    assert "spider.py" in told["why"]


async def test_a_look_is_told_nobody(job: Job, site: Site, receiver: Receiver) -> None:
    site.html("/")
    job.write(notify=settings(receiver, on=["success"]))

    ran = await job.run("--limit", "1", env=ENV)

    assert ran.code == 0
    assert "nobody is told" in ran.err
    assert receiver.server.exchanges == []
    assert job.summary()["notified"] == []


async def test_a_mail_says_what_happened_and_where_the_report_is(job: Job, site: Site) -> None:
    async with SmtpReceiver() as server:
        mail = {
            "to": ["ops@b.example", "me@b.example"], "from": "crawler@a.example",
            "host": "127.0.0.1", "port": server.port, "tls": "none",
            "user": "me", "password": "${SMTP_PASSWORD}",
        }  # fmt: skip
        job.write(notify={"mail": mail})
        bad = await job.run("--cron", env={"SMTP_PASSWORD": "p4ssword"})
        site.html("/")
        good = [await job.run("--cron", env={"SMTP_PASSWORD": "p4ssword"}) for _ in range(2)]

    assert [one.code for one in (bad, *good)] == [4, 0, 0]
    assert server.logins == [("me", "p4ssword")] * 2
    (to, failed), (_, again) = server.mails
    text = failed.get_content()
    assert to == ["ops@b.example", "me@b.example"]
    assert failed["Subject"] == "[crawler] job failed (exit 4)"
    assert again["Subject"] == "[crawler] job is good again"
    assert len(text.splitlines()) <= 20
    assert set(bad.err.splitlines()[-1:]) <= set(text.splitlines())
    assert f"report: {job.reports[0] / 'report.html'}" in text.splitlines()
    first = again.get_content().splitlines()[0]
    assert first == "job is good again after 1 failure: 1 item, 1 page"


async def test_what_is_told_holds_no_secret_of_the_job(
    job: Job, site: Site, receiver: Receiver
) -> None:
    job.write(
        start=["http://127.0.0.1:1/${TOKEN}"],
        notify=settings(receiver, textfile=None),
    )

    ran = await job.run(env={**ENV, "TOKEN": "t0ken-in-the-url"})

    assert ran.code == 4
    told = "".join(one.body.decode() for one in receiver.server.exchanges)
    assert "connection refused" in told
    assert "t0ken-in-the-url" not in told


async def test_a_file_for_prometheus_keeps_the_last_success(
    job: Job, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "prom").mkdir()
    site.html("/")
    job.write(notify={"textfile": "prom"})
    await job.run()
    file = tmp_path / "prom/crawler_job.prom"
    line = re.compile("^crawler_last_success_timestamp_seconds.*$", re.M)
    before = line.findall(file.read_text())
    del site.pages["/"]

    assert (await job.run()).code == 4

    text = file.read_text()
    assert line.findall(text) == before
    assert 'crawler_last_run_exit_code{job="job"} 4\n' in text
    assert 'crawler_failures_in_a_row{job="job"} 1\n' in text
