from __future__ import annotations

import asyncio
import sys

import pytest

from crawler.errors import ConfigError
from crawler.loop import LoopChoice, new_loop_factory


@pytest.mark.parametrize("choice", ["auto", "uvloop", "asyncio"])
def test_every_choice_makes_a_loop_that_runs(choice: LoopChoice) -> None:
    factory, name = new_loop_factory(choice)

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(asyncio.sleep(0, "ran")) == "ran"
        assert type(runner.get_loop()).__module__.partition(".")[0] == name


def test_auto_takes_plain_asyncio_where_uvloop_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert new_loop_factory("auto") == (asyncio.new_event_loop, "asyncio")


def test_uvloop_asked_for_and_missing_is_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    with pytest.raises(ConfigError, match=r"run\.loop is uvloop"):
        new_loop_factory("uvloop")


def test_no_policy_is_touched() -> None:
    before = asyncio.get_event_loop_policy()

    new_loop_factory("uvloop")

    assert asyncio.get_event_loop_policy() is before
