"""`crawler new`: a config that works at once, for the practice shop or for a site."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import msgspec

from crawler.app.job.ad_hoc_job import absolute, job_for
from crawler.errors import ConfigError, OutputError, Problem
from crawler.interfaces import Clock
from crawler.urls import hostname

#: Templates.
TEMPLATES = ("site", "images", "spider", "incremental")
SCHEMA = Path(".crawler", "job.schema.json")


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for.

    Attributes:
        name: Of the job; None for one after the site or the template.
        template: One of `TEMPLATES`.
        url: Of the site; None for the practice shop.
        folder: Where the files are written.
        full: Every key is written too, as a comment.
    """

    name: str | None
    template: str
    url: str | None
    folder: Path
    full: bool = False


class Written(msgspec.Struct, frozen=True):
    """What was written.

    Attributes:
        config: The config.
        others: Further files.
        try_url: A URL to try it with.
    """

    config: Path
    others: tuple[Path, ...]
    try_url: str


def write_new_job(wish: NewJob, clock: Clock, environ: Mapping[str, str]) -> Written:
    """Write a config, its schema for editors, and the spider or the list that it has.

    Raises:
        ConfigError: The name or the template is none, or a file is there already; nothing was
            written.
        FetchError: The site cannot be had.
        OutputError: A file cannot be written.
        Forbidden: Its robots.txt does not allow it.
    """
    _check_template(wish.template)
    if wish.template == "images" and wish.url is not None:
        raise ConfigError("the template 'images' is for a list of URLs, not for a site: no --url")
    url = None if wish.url is None else absolute(wish.url)
    name = wish.name or (_name_of(hostname(url)) if url else wish.template)
    name = name.removesuffix(".yaml").removesuffix(".yml")
    _check_name(name)
    config = wish.folder / f"{name}.yaml"
    spider = wish.folder / "spiders" / f"{name}.py" if wish.template == "spider" else None
    listed = wish.folder / "inputs" / f"{name}.csv" if wish.template == "images" else None
    # Nothing is asked for in vain.
    for path in (config, spider, listed):
        if path is not None and path.exists():
            raise ConfigError(f"{path} is there already; choose another name, or delete it")
    texts: dict[Path, str] = {}
    if spider is not None:
        template = "spider.py" if url is None else "url_spider.py"
        texts[spider] = _filled(template, name)
    if listed is not None:
        texts[listed] = _filled("images.csv", name)
    text = _filled(f"{wish.template}.yaml", name)
    tried = "{demo}/"
    if url is not None:
        text, tried = _for_site(name, url, wish.template, clock, environ)
    texts[config] = text + (_every_key() if wish.full else "")
    _write(texts, wish.folder)
    others = [*(one for one in (spider, listed) if one), wish.folder / SCHEMA]
    return Written(config, tuple(others), tried)


def _check_template(template: str) -> None:
    if template not in TEMPLATES:
        raise ConfigError(f"there is no template '{template}'; there are {', '.join(TEMPLATES)}")


def _check_name(name: str) -> None:
    """Refuse what is no name of a job, in the words that a config would get for it."""
    from pydantic import TypeAdapter, ValidationError

    from crawler.config.models.fields import JobName

    try:
        TypeAdapter(JobName).validate_python(name)
    except ValidationError as error:
        if "/" in name:
            folder, _, last = name.rpartition("/")
            hint = f"crawler new {last or 'NAME'} --dir {folder or '/'}"
            raise ConfigError(f"{name!r} is a path; write the name alone: {hint}") from None
        problem = error.errors()[0]
        hint = problem.get("ctx", {}).get("hint", "")
        raise ConfigError(Problem(message=f"{name!r} {problem['msg']}", hint=hint)) from None


def _name_of(host: str) -> str:
    """Return a name after a host: `books-toscrape-com`."""
    tidy = re.sub(r"[^A-Za-z0-9]+", "-", host.removeprefix("www.")).strip("-")
    return tidy[:60] or "site"


def _class_of(name: str) -> str:
    """Return the name of a class after a job's: `BooksSpider` for `books`."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    title = "".join(word[:1].upper() + word[1:] for word in words)
    return f"{'Job' if not title[:1].isalpha() else ''}{title}Spider"


def _filled(template: str, name: str) -> str:
    """Return a template with the name of a job in it."""
    home = resources.files("crawler.app.begin") / "templates" / f"{template}.txt"
    text = home.read_text(encoding="utf-8")
    return text.replace("<<class>>", _class_of(name)).replace("<<name>>", name)


def _for_site(
    name: str, url: str, template: str, clock: Clock, environ: Mapping[str, str]
) -> tuple[str, str]:
    """Return a config for a site, and a URL to try it with."""
    from crawler.app.begin.site_config import site_config
    from crawler.app.begin.site_survey import survey_site
    from crawler.loop import new_loop_factory

    factory, _ = new_loop_factory("auto")
    with asyncio.Runner(loop_factory=factory) as runner:
        facts = runner.run(survey_site(job_for(url, [], environ), clock))
    spider = f"spiders/{name}.py:{_class_of(name)}" if template == "spider" else None
    today = datetime.fromtimestamp(clock.wall(), UTC).date().isoformat()
    incremental = template == "incremental"
    text = site_config(name, facts, spider=spider, today=today, incremental=incremental)
    return text, facts.url


def _every_key() -> str:
    from crawler.app.begin.full_config import every_key

    return f"\n{every_key()}"


def _write(texts: Mapping[Path, str], folder: Path) -> None:
    import json

    from crawler.config.schema import json_schema

    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        # It belongs to the installed version, whichever wrote the one that is there.
        (folder / SCHEMA).parent.mkdir(parents=True, exist_ok=True)
        (folder / SCHEMA).write_text(schema, encoding="utf-8")
    except FileExistsError as error:
        raise ConfigError(f"{error.filename} is there already; choose another name") from None
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error
