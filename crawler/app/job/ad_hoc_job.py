"""A job for a URL that stands in no config: every default, and this URL to begin with."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler.config.load import LoadedJob, load_job
from crawler.errors import ConfigError
from crawler.spider.spider import Spider
from crawler.urls import UrlError, parse


def absolute(written: str) -> str:
    """Return a URL that a user wrote, serialised.

    Raises:
        ConfigError: It is no http(s) URL; says what may have been meant.
    """
    try:
        return parse(written)
    except UrlError as error:
        raise ConfigError(f"{error}{_hint(written)}") from None


def _hint(written: str) -> str:
    if "{" in written:
        return "; {demo} is the practice site, for a config with demo: true"
    # A colon is that of a scheme, unless a port follows it.
    if not written.strip() or re.match(r"[^/]*:(?!\d)", written):
        return ""
    return f"; did you mean https://{written}?"


def job_for_class(
    kind: type[Spider], overrides: Sequence[str], environ: Mapping[str, str]
) -> LoadedJob:
    """Return the job that a file with nothing but a spider class would describe.

    Raises:
        ConfigError: An override is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="crawler-") as folder:
        # The class is at hand: the file only stands for it.
        Path(folder, "spider.py").touch()
        path = Path(folder, "class.yaml")
        path.write_text(f"name: {kind.__name__}\nspider: spider.py:{kind.__name__}\n", "utf-8")
        return load_job(path, overrides=overrides, environ=environ)


def job_for(url: str, overrides: Sequence[str], environ: Mapping[str, str]) -> LoadedJob:
    """Return the job that a file with nothing but this URL would describe.

    Raises:
        ConfigError: The URL is no http(s) URL, or an override is wrong.
    """
    absolute(url)
    # JSON's strings are YAML's as well; a dollar sign would begin a variable.
    quoted = json.dumps(url.replace("$", "$$"))
    with tempfile.TemporaryDirectory(prefix="crawler-") as folder:
        path = Path(folder, "page.yaml")
        path.write_text(f"name: page\nstart: [{quoted}]\n", encoding="utf-8")
        return load_job(path, overrides=overrides, environ=environ)
