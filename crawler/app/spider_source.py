"""The spider of a job: a class from a file, rules from the config, or the default."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.config.models.items import ExtractSettings
from crawler.config.models.job import Job
from crawler.errors import ConfigError
from crawler.spider.failure import failed
from crawler.spider.page_spider import PageSpider
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import ExtractRule, FieldRule, FollowRule, StepRule
from crawler.spider.spider import Spider


def load_spider(file: Path, name: str, args: Mapping[str, Any]) -> Spider:
    """Import a spider class from its file and make its one instance.

    The folder of the file is not put on `sys.path`: a module that happens to lie beside a config
    must not stand in for one of the standard library.

    Raises:
        ConfigError: The file or the class cannot be had, or raises; says where.
    """
    module_name = f"crawler_spider_{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ConfigError(f"{error.filename}:{error.lineno}: SyntaxError: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{file}: {failed(error)}") from error
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, Spider)):
        raise ConfigError(_not_a_spider(file, name, vars(module)))
    try:
        return found(**args)
    except (Exception, SystemExit) as error:
        given = f"args {', '.join(args)}" if args else "no args"
        raise ConfigError(f"{file}: {name} with {given} of the config: {failed(error)}") from error


def _not_a_spider(file: Path, name: str, content: Mapping[str, object]) -> str:
    spiders = sorted(
        key
        for key, value in content.items()
        if isinstance(value, type) and issubclass(value, Spider) and value is not Spider
    )
    known = f"; it has {', '.join(spiders)}" if spiders else "; it has no spider class"
    return f"{file} has no spider class {name}{known}"


def rules_of(job: Job) -> RuleSpider | None:
    """Return the spider that the config's rules describe, None when it has none."""
    if not job.extract and not job.follow:
        return None
    follow = [FollowRule(css=r.css, xpath=r.xpath, label=r.label) for r in job.follow]
    return RuleSpider([_extract_rule(rule) for rule in job.extract], follow, name=job.name)


def _extract_rule(settings: ExtractSettings) -> ExtractRule:
    fields = tuple(
        FieldRule(
            name=name,
            css=field.css,
            xpath=field.xpath,
            value=field.value,
            all=field.all,
            then=tuple(StepRule(name=step) for step in field.then),
        )
        for name, field in settings.fields.items()
    )
    return ExtractRule(
        item=settings.item, label=settings.label, url_glob=settings.url, fields=fields
    )


def default_spider(name: str) -> Spider:
    """Return the spider of a job with neither rules nor a class."""
    return PageSpider(name)
