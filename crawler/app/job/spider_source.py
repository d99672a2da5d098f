"""The spider of a job: a class from a file, rules and schemas from the config, or the default."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.app.job.step_functions import load_function
from crawler.config.load import LoadedJob
from crawler.config.models.items import ExtractSettings, FieldSettings
from crawler.config.models.job import Job
from crawler.config.models.schemas import SchemaFieldSettings
from crawler.config.models.steps import StepSettings
from crawler.config.models.typed_values import item_type, typed
from crawler.errors import ConfigError
from crawler.offload.named_function import SPIDER_MODULE, search_current_directory
from crawler.spider.failure import failed
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.page_spider import PageSpider
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import (
    ExtractRule,
    FieldRule,
    FollowRule,
    SchemaField,
    SchemaRule,
    SelectorRule,
    StepRule,
)
from crawler.spider.spider import Spider


def load_spider(file: Path, name: str, args: Mapping[str, Any]) -> Spider:
    """Import a spider class from its file and make its one instance.

    The folder of the file is not put on `sys.path`: a module that happens to lie beside a config
    must not stand in for one of the standard library. The current directory comes last there.

    Raises:
        ConfigError: The file or the class cannot be had, or raises; says where.
    """
    module_name = f"{SPIDER_MODULE}{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    search_current_directory()
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


def rules_of(loaded: LoadedJob, schemas: ItemSchemas | None = None) -> RuleSpider | None:
    """Return the spider that the config's rules describe, None when it has none.

    Args:
        loaded: The job.
        schemas: What its items must look like, of `schemas_of`; None checks nothing.

    Raises:
        ConfigError: A function of a `python` step cannot be had; says where it is asked for.
    """
    job = loaded.job
    if not job.extract and not job.follow:
        return None
    follow = [FollowRule(css=r.css, xpath=r.xpath, label=r.label) for r in job.follow]
    extract = [_extract_rule(loaded, f"extract.{n}", rule) for n, rule in enumerate(job.extract)]
    columns = job.start.keep_columns
    return RuleSpider(extract, follow, name=job.name, schemas=schemas, columns=columns)


def schemas_of(job: Job) -> ItemSchemas:
    """Return what the items of each kind must look like."""
    return ItemSchemas([_schema_rule(name, fields) for name, fields in job.schemas.items()])


def _extract_rule(loaded: LoadedJob, place: str, settings: ExtractSettings) -> ExtractRule:
    each = None
    if settings.each is not None:
        each = SelectorRule(
            css=settings.each.css, xpath=settings.each.xpath, jmes=settings.each.jmes
        )
    return ExtractRule(
        item=settings.item,
        each=each,
        structured=settings.structured,
        label=settings.label,
        url_glob=settings.url,
        fields=_field_rules(loaded, place, settings.fields),
    )


def _field_rules(
    loaded: LoadedJob, place: str, fields: Mapping[str, FieldSettings] | None
) -> tuple[FieldRule, ...]:
    return tuple(
        FieldRule(
            name=name,
            css=field.css,
            xpath=field.xpath,
            jmes=field.jmes,
            value=field.value,
            all=field.all,
            then=tuple(
                _step_rule(loaded, f"{place}.fields.{name}.then.{number}", step)
                for number, step in enumerate(field.then)
            ),
            fields=_field_rules(loaded, f"{place}.fields.{name}", field.fields),
        )
        for name, field in (fields or {}).items()
    )


def _step_rule(loaded: LoadedJob, place: str, step: StepSettings) -> StepRule:
    function = None
    if step.python is not None:
        function = load_function(loaded, f"{place}.python", step.python)
    return StepRule(name=step.name, argument=step.argument, function=function)


def _schema_rule(name: str, fields: Mapping[str, SchemaFieldSettings]) -> SchemaRule:
    return SchemaRule(name=name, fields=tuple(_schema_field(n, f) for n, f in fields.items()))


def _schema_field(name: str, settings: SchemaFieldSettings) -> SchemaField:
    kind, many = item_type(settings.type)
    return SchemaField(
        name=name,
        type=kind,
        many=many,
        optional=settings.optional,
        has_default=settings.has_default,
        default=settings.typed_default,
        key=settings.key,
        bounds=dict(settings.bounds),
        pattern=settings.pattern,
        one_of=tuple(typed(kind, value) for value in settings.one_of or ()),
    )


def default_spider(name: str) -> Spider:
    """Return the spider of a job with neither rules nor a class."""
    return PageSpider(name)
