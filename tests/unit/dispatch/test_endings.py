"""Cancelling, pausing, stopping, and callbacks."""

from __future__ import annotations

import logging
import threading

import pytest

from crawler.dispatch import (
    Counts,
    Dispatcher,
    DispatcherStopped,
    Task,
    TaskCancelled,
    TaskState,
)
from tests.unit.dispatch.watch import PATIENCE, Gate


def test_a_queued_task_is_cancelled_at_once_and_never_runs() -> None:
    ran: list[int] = []
    with Dispatcher(1) as dispatcher:
        dispatcher.pause()
        task = dispatcher.submit(ran.append, 1)

        assert task.cancel()
        assert task.cancel()
        assert task.state is TaskState.CANCELLED
        with pytest.raises(TaskCancelled, match="before it ran"):
            task.result()
    assert ran == []


def test_a_running_task_that_gives_in_counts_as_cancelled() -> None:
    gate = Gate()
    with Dispatcher(1) as dispatcher:

        def work() -> None:
            gate()
            me = dispatcher.current_task()
            assert me is not None
            me.check_cancelled()

        task = dispatcher.submit(work, retries=3)
        gate.await_entered()
        assert not task.cancel()
        gate.open()

        assert isinstance(task.exception(PATIENCE), TaskCancelled)
        assert task.state is TaskState.CANCELLED
        assert task.attempts == 1


def test_a_running_task_that_returns_all_the_same_is_done() -> None:
    gate = Gate()
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(gate, "result")
        gate.await_entered()
        task.cancel()
        gate.open()

        assert task.result(PATIENCE) == "result"


def test_a_finished_task_cannot_be_cancelled() -> None:
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(int, "7")
        task.wait(PATIENCE)

        assert not task.cancel()
        assert not task.cancel_requested


def test_cancelled_by_another_is_a_failure_of_its_own() -> None:
    with Dispatcher(2) as dispatcher:

        def work() -> object:
            dispatcher.pause()
            inner = dispatcher.submit(int, "7")
            inner.cancel()
            dispatcher.resume()
            return inner.result()

        task = dispatcher.submit(work)

        assert isinstance(task.exception(PATIENCE), TaskCancelled)
        assert task.state is TaskState.FAILED


def test_a_paused_dispatcher_begins_nothing_and_lets_what_runs_go_on() -> None:
    gate = Gate()
    with Dispatcher(2) as dispatcher:
        running = dispatcher.submit(gate, "ran")
        gate.await_entered()
        dispatcher.pause()
        queued = dispatcher.submit(int, "7")
        gate.open()

        assert running.result(PATIENCE) == "ran"
        assert queued.state is TaskState.QUEUED
        dispatcher.resume()
        assert queued.result(PATIENCE) == 7


def test_a_drain_finishes_what_is_queued_even_after_a_pause() -> None:
    done: list[int] = []
    dispatcher = Dispatcher(2, capacity=50)
    dispatcher.pause()
    for number in range(50):
        dispatcher.submit(done.append, number)

    assert dispatcher.stop() == []

    assert sorted(done) == list(range(50))
    assert dispatcher.counts.done == 50


def test_a_drain_takes_on_what_its_own_tasks_submit_and_nothing_else() -> None:
    gate = Gate()
    done: list[int] = []
    dispatcher = Dispatcher(2)

    def grow(depth: int) -> None:
        gate()
        done.append(depth)
        if depth < 5:
            dispatcher.submit(grow, depth + 1)

    dispatcher.submit(grow, 0)
    gate.await_entered()
    stopping = threading.Thread(target=dispatcher.stop)
    refused = threading.Event()
    stopping.start()
    while not refused.is_set():
        try:
            dispatcher.submit(int, "7")
        except DispatcherStopped:
            refused.set()
    gate.open()
    stopping.join(PATIENCE)

    assert done == [0, 1, 2, 3, 4, 5]
    assert dispatcher.counts.balanced


def test_a_stop_at_once_cancels_what_is_queued_and_asks_what_runs() -> None:
    dispatcher = Dispatcher(1)
    entered = threading.Event()

    def work() -> None:
        me = dispatcher.current_task()
        assert me is not None
        entered.set()
        while True:
            me.check_cancelled()

    running = dispatcher.submit(work)
    queued = dispatcher.submit(int, "7")
    assert entered.wait(PATIENCE)

    assert dispatcher.stop(drain=False) == []

    assert [running.state, queued.state] == [TaskState.CANCELLED] * 2


def test_whoever_waits_for_room_learns_of_the_stop() -> None:
    dispatcher = Dispatcher(1, capacity=1)
    dispatcher.pause()
    dispatcher.submit(int, "7")
    caught: list[Exception] = []

    def submit() -> None:
        try:
            dispatcher.submit(int, "8")
        except DispatcherStopped as error:
            caught.append(error)

    thread = threading.Thread(target=submit)
    thread.start()
    dispatcher.stop(drain=False)
    thread.join(PATIENCE)

    assert len(caught) == 1


def test_a_stop_from_within_a_task_does_not_wait_for_that_task() -> None:
    dispatcher = Dispatcher(2)
    done: list[int] = []

    def work() -> None:
        dispatcher.stop()
        done.append(1)

    dispatcher.submit(work).result(PATIENCE)

    assert dispatcher.stop() == []
    assert done == [1]


def test_a_second_stop_changes_nothing() -> None:
    with Dispatcher(2) as dispatcher:
        dispatcher.submit(int, "7")
        assert dispatcher.stop() == []
        assert dispatcher.stop(drain=False) == []

    assert dispatcher.counts.done == 1


def test_an_exception_in_the_block_stops_at_once() -> None:
    def interrupted(dispatcher: Dispatcher) -> None:
        with dispatcher:
            dispatcher.pause()
            tasks.append(dispatcher.submit(int, "7"))
            raise KeyboardInterrupt

    tasks: list[Task[int]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(Dispatcher(1))

    assert tasks[0].state is TaskState.CANCELLED


def test_ctrl_c_in_a_drain_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    dispatcher = Dispatcher(1)
    running = dispatcher.submit(gate)
    queued = dispatcher.submit(int, "7")
    gate.await_entered()
    queued.add_done_callback(lambda _: gate.open())
    wait = dispatcher._crew.wait
    waits = iter([KeyboardInterrupt()])

    def interrupted(*args: object) -> bool:
        for error in waits:
            raise error
        return wait(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatcher._crew, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dispatcher.stop()

    assert queued.state is TaskState.CANCELLED
    assert running.finished
    assert dispatcher.counts.balanced


def test_a_callback_is_called_once_outside_the_lock() -> None:
    called: list[Counts] = []
    with Dispatcher(1) as dispatcher:
        seen = threading.Event()

        def callback(task: Task[int]) -> None:
            # Another thread can use the dispatcher while this one is here.
            other = threading.Thread(target=lambda: called.append(dispatcher.counts))
            other.start()
            other.join(PATIENCE)
            assert task.finished
            seen.set()

        task = dispatcher.submit(int, "7")
        task.add_done_callback(callback)
        assert seen.wait(PATIENCE)
        task.add_done_callback(callback)

    assert len(called) == 2


def test_a_callback_that_raises_is_logged_and_harms_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def complain(_: object) -> None:
        raise ValueError("complaint \x1b[31m")

    def leave(_: object) -> None:
        raise SystemExit(3)

    called: list[object] = []
    with caplog.at_level(logging.ERROR), Dispatcher(1, on_progress=complain) as dispatcher:
        dispatcher.pause()
        task = dispatcher.submit(int, "7")
        for callback in (complain, leave, called.append):
            task.add_done_callback(callback)
        dispatcher.resume()
        assert task.result(PATIENCE) == 7

    assert called == [task]
    assert dispatcher.counts.replaced == 0
    text = caplog.text
    assert r"a callback of a task raised ValueError('complaint \x1b[31m')" in text
    assert "a callback of a task raised SystemExit(3)" in text
    assert "on_progress raised ValueError" in text
    assert "test_endings.py:" in text


def test_a_callback_may_submit_and_cancel() -> None:
    done: list[object] = []
    with Dispatcher(1, capacity=1) as dispatcher:

        def follow(task: Task[int]) -> None:
            for number in range(3):
                dispatcher.submit(done.append, number)
            dispatcher.submit(done.append, "never").cancel()

        dispatcher.submit(int, "7").add_done_callback(follow)

    assert set(done) - {"never"} == {0, 1, 2}
    assert dispatcher.counts.balanced


def test_progress_that_cancels_is_no_recursion() -> None:
    tasks: list[Task[object]] = []

    def cancel_one(_: Counts) -> None:
        if tasks:
            tasks.pop().cancel()

    with Dispatcher(1, capacity=20, on_progress=cancel_one) as dispatcher:
        dispatcher.pause()
        held = [dispatcher.submit(lambda: None) for _ in range(20)]
        tasks.extend(held)
        tasks.pop().cancel()

    assert dispatcher.counts.cancelled == 20
