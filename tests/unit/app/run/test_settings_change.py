from __future__ import annotations

from typing import Any

import pytest

from crawler.app.job.settings_change import changes, settings_of

BASE: dict[str, Any] = {
    "start": {"urls": ["http://a/"]},
    "scope": {"deny": [], "max_pages": 5},
    "fetch": {"headers": {"x": "secret"}},
    "args": {"keys": ["secret", "open"]},
    "output": [{"path": "a.jsonl"}],
}


def kept(secrets: frozenset[str] = frozenset(), output: str | None = None, **more: Any) -> bytes:
    return settings_of({**BASE, **more}, secrets, output)


def test_nothing_changed_is_nothing_to_say() -> None:
    assert changes(kept(), kept()) == ([], [])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"start": {"urls": ["http://b/"]}}, "start.urls"),
        ({"scope": {"deny": ["/x"], "max_pages": 5}}, "scope.deny"),
        ({"args": {"keys": ["secret"]}}, "args.keys"),
    ],
)
def test_what_is_crawled_makes_a_grave_change(change: dict[str, Any], key: str) -> None:
    assert changes(kept(), kept(**change)) == ([key], [])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"scope": {"deny": [], "max_pages": 9}}, "scope.max_pages"),
        ({"output": [{"path": "b.jsonl"}]}, "output"),
        ({"checks": {"min_items": 1}}, "checks.min_items"),
    ],
)
def test_limits_outputs_and_checks_make_a_light_change(change: dict[str, Any], key: str) -> None:
    assert changes(kept(), kept(**change)) == ([], [key])


def test_another_o_is_a_light_change() -> None:
    assert changes(kept(), kept(output="/tmp/b.jsonl")) == ([], ["output"])


def test_secrets_are_not_kept_not_even_those_in_lists() -> None:
    stored = kept(frozenset(("fetch.headers.x", "args.keys.0")))

    assert b"secret" not in stored
    assert b"open" in stored
