"""Claims about `fetch.auth`, `fetch.proxies` and `fetch.tls` in a job file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.config.masked import effective_yaml
from crawler.testing.authority import Certificate, CertificateAuthority

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("fetch", "column", "message", "hint"),
    [
        ("auth: {user: x}", 16, "'user' is no origin", ""),
        ('auth: ["https://a.example"]', 15, "expected a map", "write \"https://"),
        ('auth: {"https://a.example/x": {bearer: x}}', 16, "write https://a.example", ""),
        ('auth: {"https://a.example": {}}', 16, "no secret for this origin", "one of basic"),
        ('auth: {"https://a.example": {bearer: ""}}', 46, "must not be empty", ""),
        ('auth: {"https://a.example": {basic: {user: x}}}', 38, "'password' is missing", ""),
        ('auth: {"https://a.example": {header: {name: Host, value: x}}}', 53, "another use", ""),
        ("proxies: environment", 18, "expected a map", "environment: true"),
        ("proxies: {urls: [socks5://h:1]}", 26, "SOCKS is not supported", ""),
        ("proxies: {urls: [https://h:1]}", 26, "TLS to the proxy itself", ""),
        ("proxies: {urls: [http://h]}", 26, "no port", ""),
        ("proxies: {urls: [proxy]}", 26, "is written http://HOST:PORT", ""),
        ("proxies: {rotate: request}", 9, "there is no proxy", "fetch.proxies.urls"),
        ("proxies: {urls: [http://h:1], environment: true}", 9, "together", "one of them"),
        ("tls: {verify: false}", 15, "unknown key 'verify'", "unverified"),
        ('tls: {unverified: ["*"]}', 28, "not a host", ""),
        ('tls: {unverified: ["*.com"]}', 28, "top-level domain", ""),
        ('tls: {min_version: "1.1"}', 28, "not one of 1.2, 1.3", ""),
        ("tls: {ca_file: gone.pem}", 24, "there is no file", ""),
        ("tls: {ca_file: job.yaml}", 24, "no certificate", ""),
        (
            'tls: {client_certs: {"http://a.example": {cert: job.yaml, key: job.yaml}}}',
            30, "no https origin", "",
        ),
        (
            'tls: {client_certs: {"https://a.example": {cert: job.yaml, key: job.yaml}}}',
            58, "cannot be used", "without a password",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused_at_its_place(
    problems: Fail, fetch: str, column: int, message: str, hint: str
) -> None:
    problem = problems(f"{HEAD}fetch: {{{fetch}}}\n")[0]
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column) == (3, column)


@pytest.mark.parametrize(
    "fetch",
    [
        f"auth: {{user: u, password: {SECRET}}}",
        f'auth: {{"https://a.example/x": {{bearer: {SECRET}}}}}',
        f'auth: {{"https://a:{SECRET}@a.example": {{bearer: x}}}}',
        f'auth: {{"https://a.example": {{bearer: {SECRET}, berer: x}}}}, nonsense: 1',
        'auth: {"https://a.example": {bearer: 771771}}',
        f'auth: {{"https://a.example": {{basic: {{user: "a:{SECRET}", password: x}}}}}}',
        f'proxies: {{urls: ["socks5://u:{SECRET}@h:1"]}}',
        f'proxies: {{urls: ["http://u:{SECRET}@h"]}}',
        f'proxies: {{urls: ["http://u:a@{SECRET}@h:1"]}}',
        f'proxies: {{urls: ["http://u:{SECRET}@h:1"], rotate: never}}',
    ],
)
def test_no_error_repeats_a_secret(problems: Fail, fetch: str) -> None:
    for problem in problems(f"{HEAD}fetch: {{{fetch}}}\n"):
        assert SECRET not in problem.render()
        assert "771771" not in problem.render()


@pytest.mark.parametrize(
    "fetch",
    [
        f'auth: {{"https://a.example": {{bearer: "{SECRET}}}}}',  # a quote that does not end
        f'auth: {{"https://a.example": {{header: {{name: A, value: "{SECRET}}}}}}}',
        f'atuh: {{"https://a.example": {{header: {{name: A, value: {SECRET}}}}}}}',
        f"headers: {{X-Api-Key: {SECRET}, X-Api-Key: {SECRET}}}",
        f"cookies: {{session: {SECRET}, session: [{SECRET}]}}",
    ],
)
def test_no_slip_of_the_pen_shows_a_secret(problems: Fail, fetch: str) -> None:
    for problem in problems(f"{HEAD}fetch:\n  {fetch}\n"):
        assert SECRET not in problem.render()


def test_a_file_that_cannot_be_read_shows_no_secret_either(problems: Fail) -> None:
    Path("base.yaml").write_text(
        f'fetch:\n  auth:\n    "https://a.example":\n      bearer: "{SECRET}'
    )

    (problem,) = problems(f"{HEAD}extends: base.yaml\n")

    assert problem.source == "base.yaml"
    assert SECRET not in problem.render()


def test_a_version_of_tls_is_a_text(problems: Fail) -> None:
    (problem,) = problems(f"{HEAD}fetch: {{tls: {{min_version: 1.2}}}}\n")

    assert problem.message == "fetch.tls.min_version: expected text, not a number"
    assert problem.hint == 'quote it: "1.2"'


@pytest.mark.parametrize(
    "rest",
    [
        f'scope: {{hosts: ["http://u:{SECRET}@a.example"]}}',
        f'scope: {{hosts: ["http://u:{SECRET}@a.example:8080/x"], nonsense: 1}}',
        f"checks: {{min_itmes: 1}}   # http://u:{SECRET}@a.example/",
    ],
)
def test_no_error_repeats_the_user_of_a_url(problems: Fail, rest: str) -> None:
    for problem in problems(f"{HEAD}{rest}\n"):
        assert SECRET not in problem.render()


@pytest.mark.parametrize(
    "option",
    [
        f'fetch.auth={{"https://a.example": {{bearer: "{SECRET}}}}}',
        f'fetch={{auth: {{"https://a.example": {{berer: {SECRET}}}}}}}',
        f"fetch.auth={SECRET}",
        f"fetch.headers.Authorization={SECRET}",
        f'fetch.proxies.urls=["http://u:{SECRET}@h"]',
        f"fetch.auth.https://a.example.bearer={SECRET}",
    ],
)
def test_no_error_repeats_a_secret_of_an_option(problems: Fail, option: str) -> None:
    (problem, *_) = problems(HEAD, option)

    assert SECRET not in problem.render()
    assert problem.source.startswith("--set fetch")
    assert problem.text == ""


def test_one_origin_has_one_secret(problems: Fail) -> None:
    (problem,) = problems(
        f'{HEAD}fetch:\n  auth:\n    "https://a.example": {{bearer: x}}\n'
        '    "https://A.example:443/": {bearer: y}\n'
    )
    assert "the same origin as https://a.example" in problem.message
    assert problem.line == 6


def test_secrets_are_shown_nowhere(load: Load) -> None:
    loaded = load(
        f"""{HEAD}fetch:
  auth:
    "https://a.example": {{basic: {{user: ann, password: {SECRET}}}}}
    "https://b.example": {{bearer: {SECRET}}}
    "https://c.example": {{header: {{name: X-Api-Key, value: {SECRET}}}}}
  proxies: {{urls: ["http://ann:{SECRET}@proxy.example:8080", "http://open.example:1"]}}
"""
    )
    text = effective_yaml(loaded)
    assert SECRET not in text
    assert "https://a.example" in text
    assert "http://open.example:1" in text
    assert loaded.job.fetch.auth["https://b.example"].bearer == SECRET


def test_files_are_found_beside_the_file_that_names_them(load: Load, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    tls = load(
        f"""{HEAD}fetch:
  tls:
    ca_file: ca/root.pem
    client_certs:
      "https://A.example/": {{cert: ca/127.0.0.1-good.pem, key: ca/127.0.0.1-good.key}}
"""
    ).job.fetch.tls
    assert tls.ca_file == str(authority.root)
    assert list(tls.client_certs) == ["https://a.example"]
    assert Path(tls.client_certs["https://a.example"].key).is_absolute()
