"""Claims about pings, webhooks, mails and the file for Prometheus, as they are written."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from crawler.notify.courier import NotTold
from crawler.notify.healthcheck import MAX_BODY, ping_body, ping_url, run_uuid
from crawler.notify.http_post import address_of
from crawler.notify.mail import message_of
from crawler.notify.prometheus import RunFigures, exposition, file_for, write_figures
from crawler.notify.webhook import key_of, signed_fields

RID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("url", "word", "expected"),
    [
        ("https://hc.example/u", "start", f"https://hc.example/u/start?rid={RID}"),
        ("https://hc.example/u/", "0", f"https://hc.example/u/0?rid={RID}"),
        ("https://hc.example/k/s?create=1", "3", f"https://hc.example/k/s/3?create=1&rid={RID}"),
        ("https://u:p@hc.example/u#x", "log", f"https://u:p@hc.example/u/log?rid={RID}"),
    ],
)
def test_a_ping_goes_below_the_address_of_its_check(url: str, word: str, expected: str) -> None:
    assert ping_url(url, word, RID) == expected


def test_a_ping_without_a_run_has_no_id() -> None:
    assert ping_url("https://hc.example/u", "2", None) == "https://hc.example/u/2"


def test_each_run_has_one_id_of_its_own() -> None:
    assert run_uuid("a", "r1") == run_uuid("a", "r1")
    assert len({run_uuid("a", "r1"), run_uuid("a", "r2"), run_uuid("b", "r1")}) == 3


def test_a_ping_carries_the_end_of_a_long_text_and_no_half_character() -> None:
    body = ping_body("x" + "é" * MAX_BODY + "verdict")

    assert len(body) <= MAX_BODY
    assert body.decode().endswith("éverdict")
    assert ping_body("OK") == b"OK"


def test_an_address_is_taken_apart_and_speaks_of_no_secret() -> None:
    address = address_of("https://us%40er:p%20w@hooks.example:8443/a/b?c=d#e")

    assert (address.host, address.port, address.target) == ("hooks.example", 8443, "/a/b?c=d")
    assert address.authorization == "Basic " + base64.b64encode(b"us@er:p w").decode()
    assert address.name == "hooks.example:8443"
    assert address_of("http://[::1]:81").name == "[::1]:81"
    assert address_of("https://hooks.example").name == "hooks.example"


def test_a_document_is_signed_over_its_id_its_time_and_its_body() -> None:
    fields = signed_fields(b'{"a": 1}', RID, 1_700_000_000, "key")

    signed = f"{fields['Webhook-Id']}.1700000000.".encode() + b'{"a": 1}'
    digest = hmac.new(b"key", signed, hashlib.sha256).digest()
    assert fields["Webhook-Signature"] == "v1," + base64.b64encode(digest).decode()
    assert fields["Webhook-Timestamp"] == "1700000000"
    assert "Webhook-Signature" not in signed_fields(b"", RID, 0, None)


def test_a_secret_may_be_written_in_base64() -> None:
    assert key_of("whsec_" + base64.b64encode(b"\x00\xff").decode()) == b"\x00\xff"
    assert key_of("whsec_no base64") == b"whsec_no base64"
    assert key_of("plain") == b"plain"


def test_a_mail_is_plain_text_in_any_letters() -> None:
    message = message_of(
        "crawler@a.example", ["x@b.example", "y@b.example"], "[crawler] büro failed",
        "Ä\n" + "z" * 900, message_id="abc", wall=1_700_000_000,
    )  # fmt: skip

    raw = message.as_bytes()
    read = message_from_bytes(raw, policy=default)

    assert max(map(len, raw.split(b"\r\n"))) < 998  # RFC 5322 §2.1.1
    assert raw.isascii()
    assert read["Subject"] == "[crawler] büro failed"
    assert read["To"] == "x@b.example, y@b.example"
    assert read["Message-ID"] == "<abc@a.example>"
    assert read["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "text/plain"
    assert read.get_content().replace("\r\n", "\n") == "Ä\n" + "z" * 900 + "\n"


# What promtool asks of the text format, version 0.0.4.
_SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][\w:]*)\{(?P<labels>(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\} '
    r"(?P<value>-?[0-9.]+)"
)
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"')
_ESCAPES = {r"\n": "\n", r"\"": '"', r"\\": "\\"}


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read the text format, and check that each metric has its HELP and TYPE before its samples."""
    assert text.endswith("\n")
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    helped, typed, current = set(), set(), ""
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in helped
            assert len(line.split(" ", 3)[3]) > 0
            helped.add(current)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert (name, kind) == (current, "gauge")
            typed.add(name)
        else:
            match = _SAMPLE.fullmatch(line)
            assert match is not None, line
            assert match["name"] == current
            assert current in typed
            assert not current.endswith(("_total", "_count", "_sum", "_bucket"))  # no counter
            labels = tuple(
                (name, re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], value))
                for name, value in _LABEL.findall(match["labels"])
            )
            assert (current, labels) not in found
            found[current, labels] = float(match["value"])
    return found


GOOD = RunFigures(
    job="books", exit=0, started=1_700_000_000.25, ended=1_700_000_060, duration=59.75, failures=0,
    succeeded=1_700_000_060, pages={"done": 7, "failed": 0}, items={'Bo"ok\\\n': 5}, cpu=1.5,
    peak_memory=12_345_678,
)  # fmt: skip


def test_the_file_for_prometheus_is_what_its_parser_reads() -> None:
    found = parsed(exposition(GOOD))

    job = ("job", "books")
    assert found["crawler_last_run_exit_code", (job,)] == 0
    assert found["crawler_last_run_start_timestamp_seconds", (job,)] == 1_700_000_000.25
    assert found["crawler_last_run_pages", (job, ("outcome", "done"))] == 7
    assert found["crawler_last_run_items", (job, ("kind", 'Bo"ok\\\n'))] == 5
    assert found["crawler_last_run_peak_memory_bytes", (job,)] == 12_345_678
    assert found["crawler_last_success_timestamp_seconds", (job,)] == 1_700_000_060


def test_the_last_success_outlives_failures_and_what_is_not_known_is_left_out(
    tmp_path: Path,
) -> None:
    path = file_for(tmp_path, "books")
    failed = RunFigures(job="books", exit=5, started=1.0, ended=2.0, duration=1.0, failures=1)

    write_figures(path, GOOD)
    for _ in range(2):
        write_figures(path, failed)

    found = parsed(path.read_text())
    job = (("job", "books"),)
    assert found["crawler_last_success_timestamp_seconds", job] == 1_700_000_060
    assert found["crawler_last_run_exit_code", job] == 5
    assert not any(name == "crawler_last_run_pages" for name, _ in found)


def test_a_first_run_that_fails_claims_no_success(tmp_path: Path) -> None:
    path = file_for(tmp_path, "books")
    write_figures(path, RunFigures(job="books", exit=4, started=1, ended=2, duration=1, failures=1))

    names = {name for name, _ in parsed(path.read_text())}
    assert "crawler_last_success_timestamp_seconds" not in names


def test_the_file_may_be_read_by_others_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = file_for(tmp_path, "books")

    write_figures(path, GOOD)

    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["crawler_books.prom"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotTold, match="No such file"):
        write_figures(file_for(tmp_path / "gone", "books"), GOOD)
