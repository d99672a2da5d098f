"""Nothing but http and https is ever fetched, wherever a URL comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.soak.address_guard import try_way
from scripts.soak.decoy_sources import WAYS

OTHERS = (
    "file:///etc/passwd", "FILE:///etc/passwd", "fi\tle:///etc/passwd", "file://localhost/etc/passwd",
    "\x01file:/etc/passwd", "view-source:file:///etc/passwd", "data:text/html,<title>x</title>",
    "javascript:alert(1)", "vbscript:x", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x",
    "jar:http://127.0.0.1:{port}/a!/b", "dict://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/",
    "wss://127.0.0.1:{port}/", "ldap://127.0.0.1:{port}/", "s3://127.0.0.1:{port}/x",
    "blob:http://127.0.0.1:{port}/x", "about:blank", "mailto:a@b", "unix:/run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/", "ssh://127.0.0.1:{port}", "urn:isbn:1", "c:\\windows\\x",
)  # fmt: skip
FETCHED = [name for name in WAYS if not name.startswith("start URLs")]


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
@pytest.mark.parametrize("way", FETCHED)
async def test_other_schemes_lead_nowhere(way: str, backend: str, tmp_path: Path) -> None:
    tried = await try_way(way, tmp_path, backend, others=OTHERS)

    assert tried.tried == len(OTHERS)
    assert tried.reached == 0
    assert all(url.startswith("http://") for url in tried.urls)
    assert not [url for url in tried.urls if "passwd" in url and "site.example" not in url]
    assert b"root:x:0" not in everything_in(tmp_path)


def everything_in(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


@pytest.mark.parametrize("url", [one for one in OTHERS if "\t" not in one and "\x01" not in one])
def test_a_start_url_of_another_scheme_is_refused_before_anything_is_fetched(
    url: str, tmp_path: Path
) -> None:
    from crawler.config.load import load_job
    from crawler.errors import ConfigError

    config = tmp_path / "job.yaml"
    config.write_text(f"version: 1\nname: x\nstart: ['{url}']\n".replace("{port}", "9"))

    with pytest.raises(ConfigError):
        load_job(config, environ={})
