"""The rules of a config with their places in it, as messages name them."""

from __future__ import annotations

from crawler.config.models.items import EachSettings, ExtractSettings, FieldSettings
from crawler.config.models.job import Job
from crawler.config.models.scope import FollowSettings
from crawler.observe.rule_misses import PlacedRule


def placed_rules(job: Job) -> list[PlacedRule]:
    """Return every extract rule and follow rule of a job."""
    extract = [_extract(f"extract.{place}", rule) for place, rule in enumerate(job.extract)]
    follow = [
        PlacedRule(place=f"follow.{place}", selector=_selector(rule))
        for place, rule in enumerate(job.follow)
    ]
    return extract + follow


def _extract(place: str, rule: ExtractSettings) -> PlacedRule:
    conditions = []
    if rule.label is not None:
        conditions.append(f"label {rule.label}")
    if rule.url is not None:
        conditions.append(f'url "{rule.url}"')
    fields = {name: _selector(field) for name, field in rule.fields.items()}
    if rule.structured:
        tried = f"try [{', '.join(rule.structured)}]"
        fields = {
            name: f"{tried}, {selector}" if selector else tried
            for name, selector in fields.items()
            if rule.fields[name].value is None
        }
    return PlacedRule(
        place=place,
        pages=" and ".join(conditions),
        selector=_selector(rule.each) if rule.each is not None else "",
        fields={name: selector for name, selector in fields.items() if selector},
    )


def _selector(rule: FieldSettings | EachSettings | FollowSettings) -> str:
    """Return how a selector is written, "" for none."""
    for language in ("css", "xpath", "jmes"):
        written = getattr(rule, language, None)
        if written is not None:
            return f'{language} "{written}"' if '"' not in written else f"{language} '{written}'"
    return ""
