"""Claims about `notify` in a job file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.config.masked import effective_yaml, without_secrets

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"
SECRET = "hunter22"
HOOK = "https://hooks.example/x"
MAIL = "to: a@b.example, from: c@d.example, host: smtp.example"


@pytest.mark.parametrize(
    ("notify", "column", "message", "hint"),
    [
        ("on: [failure]", 1, "nobody is told", "healthcheck"),
        ("on: [failed], textfile: p", 15, "'failed' is not one of", "failure"),
        ("on: [], textfile: p", 14, "must not be empty", ""),
        ("after: 0, textfile: p", 17, "'0' is not at least 1", ""),
        ("healthcheck: hc.example/u", 23, "no http(s) URL", "write https://..."),
        ("webhook: {when: gone > 1}", 19, "'url' is missing", ""),
        (f'webhook: {{url: "{HOOK}", when: "gonne > 1"}}', 58, "'gonne'", "did you mean 'gone'?"),
        (f'webhook: {{url: "{HOOK}", when: "items.Pag > 1"}}', 58, "'Pag'", "'Page'"),
        (f'webhook: {{url: "{HOOK}", sekret: x}}', 52, "unknown key 'sekret'", "'secret'"),
        (f'webhook: {{url: "{HOOK}", secret: ""}}', 60, "must not be empty", ""),
        ("mail: {to: a, from: c@d.example, host: h}", 21, "'a' is no address", "alone"),
        ("mail: {to: [], from: c@d.example, host: h}", 21, "must not be empty", ""),
        ('mail: {to: "a@b\\nBcc: c@d", from: c@d.example, host: h}', 21, "is no address", ""),
        ("mail: {to: a@b.example, host: h}", 10, "'from' is missing", ""),
        ("mail: {to: a@b.example, from: c@d.example, host: 'h:25'}", 59, "with a port", "port"),
        (f"mail: {{{MAIL}, user: u}}", 10, "belong together", "both"),
        (f"mail: {{{MAIL}, tls: none, user: u, password: p}}", 10, "plain text", "starttls"),
        (f"mail: {{{MAIL}, tls: ssl}}", 78, "'ssl' is not one of starttls, tls, none", ""),
        ("textfile: /x/y.prom", 20, "is a file", "folder"),
        ("textfile: p, proxy: 'socks5://h:1'", 30, "SOCKS is not supported", ""),
        ("textfile: p, timeout: 10", 32, "bare number", "10s"),
        ("textfile: p, timeout: 1h", 1, "more than 5m", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused_at_its_place(
    problems: Fail, notify: str, column: int, message: str, hint: str
) -> None:
    problem = problems(f"{HEAD}notify: {{{notify}}}\n")[0]

    assert message in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column) == (3, column)


@pytest.mark.parametrize(
    "notify",
    [
        f"healthcheck: hc.example/{SECRET}",
        f"healthcheck: https://hc.example/{SECRET}, after: 0",
        f"helthcheck: https://hc.example/{SECRET}",
        f'webhook: "ftp://hc.example/{SECRET}"',
        f'webhook: ["ftp://hc.example/{SECRET}"]',
        f'webhook: {{url: "ftp://x/{SECRET}"}}',
        f'webhook: [{{url: "{HOOK}", secret: {SECRET}, when: gonne}}]',
        f'webhook: {{url: "{HOOK}", secrt: {SECRET}}}',
        f"mail: {{{MAIL}, user: {SECRET}}}",
        f"mail: {{{MAIL}, tls: none, user: u, password: {SECRET}}}",
        f"mail: {{{MAIL}, passwd: {SECRET}}}",
        f'textfile: p, proxy: "http://u:{SECRET}@h"',
        f'textfile: p, proxy: "https://{SECRET}:1"',
    ],
)
def test_no_error_repeats_a_secret(problems: Fail, notify: str) -> None:
    for problem in problems(f"{HEAD}notify: {{{notify}}}\n"):
        assert SECRET not in problem.render()


def test_no_error_repeats_a_secret_of_an_option_or_of_a_file_that_cannot_be_read(
    problems: Fail,
) -> None:
    option = f"notify.healthcheck=ftp://x/{SECRET}"
    found = [*problems(HEAD, option), *problems(f"{HEAD}notify:\n  healthcheck: [{SECRET}\n")]

    assert len(found) >= 2
    assert not any(SECRET in problem.render() for problem in found)


def test_a_short_form_stands_for_a_list_of_one(load: Load) -> None:
    notify = load(f'{HEAD}notify: {{webhook: {{url: "{HOOK}"}}, mail: {{{MAIL}}}}}\n').job.notify

    assert [hook.url for hook in notify.webhook] == [HOOK]
    assert notify.mail is not None
    assert notify.mail.to == ("a@b.example",)
    assert notify.mail.sender == "c@d.example"
    assert (notify.on, notify.after, notify.timeout) == (("failure", "recovered"), 1, 10.0)


@pytest.mark.parametrize("written", [f'"{HOOK}"', f'["{HOOK}"]', f'[{{url: "{HOOK}"}}]'])
def test_a_webhook_is_an_address_or_more(load: Load, written: str) -> None:
    loaded = load(f"{HEAD}notify: {{webhook: {written}}}\n")

    assert [hook.url for hook in loaded.job.notify.webhook] == [HOOK]
    assert HOOK not in effective_yaml(loaded)


@pytest.mark.parametrize("written", ["${NONE:-}", '"${NONE:-}"', '""'])
def test_an_address_without_a_value_is_turned_off(load: Load, written: str) -> None:
    text = f"notify:\n  on: [failure]\n  healthcheck: {written}\n  webhook:\n    - url: {written}\n"

    notify = load(HEAD + text).job.notify

    assert not notify.healthcheck
    assert not notify.webhook[0].url


def test_the_effective_config_shows_no_secret_and_means_the_same(load: Load) -> None:
    notify = (
        f"notify: {{healthcheck: 'https://hc.example/{SECRET}', mail: {{{MAIL}, user: {SECRET},"
        f" password: {SECRET}}}, webhook: [{{url: 'https://x.example/{SECRET}',"
        f" secret: {SECRET}, when: gone > 100}}], proxy: 'http://{SECRET}:1'}}\n"
    )

    text = effective_yaml(load(HEAD + notify))

    assert SECRET not in text
    assert "when: gone > 100" in text
    assert "host: smtp.example" in text


def test_a_job_without_mail_has_no_settings_of_mail(load: Load) -> None:
    assert "mail:" not in effective_yaml(load(f"{HEAD}notify: {{textfile: prom}}\n"))


def test_secrets_are_taken_out_of_whatever_text_is_sent(load: Load) -> None:
    notify = "notify: {healthcheck: 'https://hc.example/${KEY}', webhook: {url: '${HOOK}'}}\n"
    environ = {"KEY": SECRET, "HOOK": "https://x.example/hook"}
    job = load(f"{HEAD}fetch: {{headers: {{X-Key: {SECRET}9}}}}\n{notify}", environ=environ)
    clean = without_secrets(job)

    text = clean(
        f"sent {SECRET}9 to https://x.example/hook by http://u:p@h/ for https://a.example/"
    )

    assert text == "sent *** to *** by http://***@h/ for https://a.example/"
