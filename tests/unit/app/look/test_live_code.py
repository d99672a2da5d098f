from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from crawler.app.look.live_code import Namespace, run_source
from crawler.app.look.loop_thread import LoopThread
from crawler.errors import ConfigError


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread(asyncio.new_event_loop) as loop:
        yield loop


def test_values_of_expressions_are_printed_and_names_stay(
    loop: LoopThread, capsys: pytest.CaptureFixture[str]
) -> None:
    names: Namespace = {"a": 2}

    assert run_source("b = a + 1\nb\n'x' * b\nNone", names, loop)
    assert run_source("b * 2", names, loop)

    assert capsys.readouterr().out == "3\n'xxx'\n6\n"


def test_await_works_at_the_top_level_and_assigns(loop: LoopThread) -> None:
    names: Namespace = {"asyncio": asyncio}

    assert run_source("x = await asyncio.sleep(0, 5)\ny = [await asyncio.sleep(0, 1)]", names, loop)

    assert (names["x"], names["y"]) == (5, [1])


def test_what_raises_is_shown_from_the_typed_code_on_and_ends_the_rest(
    loop: LoopThread, capsys: pytest.CaptureFixture[str]
) -> None:
    names: Namespace = {}

    assert not run_source("def f():\n    return 1 / 0\nf()\nafter = 1", names, loop)

    said = capsys.readouterr().err
    assert "after" not in names
    assert said.startswith("Traceback")
    assert "return 1 / 0" in said
    assert "live_code.py" not in said


def test_what_raises_behind_an_await_is_shown_in_the_same_way(
    loop: LoopThread, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "async def f():\n    raise KeyError('k')\nawait f()"

    assert not run_source(code, {}, loop)

    said = capsys.readouterr().err
    assert "KeyError: 'k'" in said
    assert "loop_thread.py" not in said


def test_an_error_of_our_own_is_one_line(
    loop: LoopThread, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch() -> None:
        raise ConfigError("no URL: 'x\x1b'")

    assert not run_source("fetch()", {"fetch": fetch}, loop)

    assert capsys.readouterr().err == "error: no URL: 'x\\x1b'\n"


def test_code_that_is_none_is_shown_with_its_place(
    loop: LoopThread, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not run_source("a = (\n", {}, loop)

    assert "SyntaxError" in capsys.readouterr().err


@pytest.mark.parametrize("code", ["exit(3)", "await asyncio.sleep(0); exit(3)"])
def test_exit_gets_out_and_leaves_the_loop_whole(loop: LoopThread, code: str) -> None:
    names: Namespace = {"asyncio": asyncio, "exit": exit_with}

    with pytest.raises(SystemExit, match="3"):
        run_source(code, names, loop)

    assert loop.run(asyncio.sleep(0, "well")) == "well"


def exit_with(code: int) -> None:
    raise SystemExit(code)


def test_a_loop_knows_its_own_thread_and_ends_what_is_left_running() -> None:
    with LoopThread(asyncio.new_event_loop) as loop:
        ended = threading.Event()

        async def forever() -> bool:
            async def wait() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.set()

            loop.begin(wait())
            await asyncio.sleep(0)
            return loop.is_here

        assert loop.run(forever())
        assert not loop.is_here

    assert ended.is_set()
