"""Time-outs and waits between tries, on a clock that the test moves."""

from __future__ import annotations

import threading

import pytest

from crawler.dispatch import (
    Dispatcher,
    DispatcherStopped,
    Retry,
    TaskCancelled,
    TaskState,
    TaskTimedOut,
)
from tests.unit.dispatch.manual_timing import ManualTiming
from tests.unit.dispatch.watch import PATIENCE, Gate, Watch


class Flaky:
    """Raises so many times, then answers."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise OSError("not yet")
        return "answer"


@pytest.fixture
def timing() -> ManualTiming:
    return ManualTiming()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_task_that_runs_too_long_is_given_up_and_its_thread_replaced(
    timing: ManualTiming, watch: Watch
) -> None:
    gate = Gate()
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        task = dispatcher.submit(gate, "late", timeout=5)
        gate.await_entered()

        timing.advance(4.9)
        assert not task.finished
        timing.advance(0.2)

        with pytest.raises(TaskTimedOut, match="more than 5 s"):
            task.result(PATIENCE)
        assert dispatcher.submit(int, "7").result() == 7
        assert (dispatcher.counts.lost, dispatcher.counts.replaced) == (1, 1)
        gate.open()
    assert task.state is TaskState.TIMED_OUT
    assert dispatcher.counts.done == 1


def test_what_a_lost_thread_brings_is_dropped_and_the_thread_ends(
    timing: ManualTiming, watch: Watch
) -> None:
    gate = Gate()
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        task = dispatcher.submit(gate, "late", timeout=5)
        gate.await_entered()
        timing.advance(5)
        task.wait()

        gate.open()
        counts = watch.until(lambda counts: counts.timed_out == 1 and counts.lost == 0)

        assert counts.done == 0
        assert isinstance(task.exception(), TaskTimedOut)


def test_a_task_that_timed_out_is_not_tried_again_and_knows_that_it_should_end(
    timing: ManualTiming,
) -> None:
    gate = Gate()
    with Dispatcher(1, timing=timing) as dispatcher:
        task = dispatcher.submit(gate, timeout=1, retries=5)
        gate.await_entered()
        timing.advance(1)
        task.wait()

        assert task.cancel_requested
        assert (task.attempts, dispatcher.counts.retried) == (1, 0)
        gate.open()


def test_the_time_in_the_queue_does_not_count(timing: ManualTiming) -> None:
    with Dispatcher(1, timing=timing) as dispatcher:
        dispatcher.pause()
        task = dispatcher.submit(int, "7", timeout=1)
        timing.advance(1000)
        dispatcher.resume()

        assert task.result() == 7


def test_when_the_last_spare_thread_is_stuck_the_dispatcher_stops(timing: ManualTiming) -> None:
    gate = Gate()
    dispatcher = Dispatcher(1, spare=1, capacity=9, timing=timing)
    stuck = [dispatcher.submit(gate, timeout=1) for _ in range(2)]
    waiting = dispatcher.submit(int, "7")
    for task in stuck:
        gate.await_entered()
        timing.advance(1)
        task.wait()

    with pytest.raises(DispatcherStopped, match="2 threads are stuck"):
        dispatcher.submit(int, "8")
    with pytest.raises(TaskCancelled):
        waiting.result()
    assert dispatcher.counts.balanced
    assert dispatcher.stop() == ["dispatch-1", "dispatch-2"]
    gate.open()


def test_a_task_that_times_out_while_it_waits_for_another_frees_its_place(
    timing: ManualTiming, watch: Watch
) -> None:
    gate = Gate()
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        outer = dispatcher.submit(lambda: dispatcher.submit(gate, "inner").result(), timeout=5)
        gate.await_entered()
        timing.advance(5)

        assert isinstance(outer.exception(), TaskTimedOut)
        threads = threading.active_count()
        waiting = dispatcher.submit(int, "8")  # the inner task has the one place there is
        assert threading.active_count() == threads
        gate.open()
        assert waiting.result() == 8
        watch.until(lambda counts: counts.done == 2 and counts.lost == 0)
        assert dispatcher.submit(int, "7").result() == 7


def test_a_task_that_raises_is_tried_again_after_growing_waits(
    timing: ManualTiming, watch: Watch
) -> None:
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        task = dispatcher.submit(Flaky(2), retries=Retry(times=2, base=1, factor=3))
        watch.until(lambda counts: counts.retried == 1 and counts.queued == 1)

        timing.advance(0.9)
        assert task.state is TaskState.QUEUED
        timing.advance(0.2)
        watch.until(lambda counts: counts.retried == 2 and counts.queued == 1)
        timing.advance(2.9)
        assert task.attempts == 2
        timing.advance(0.2)

        assert task.result() == "answer"
        assert task.attempts == 3
        assert dispatcher.counts.failed == 0


def test_the_last_failure_is_what_the_task_raises(timing: ManualTiming, watch: Watch) -> None:
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        task = dispatcher.submit(Flaky(9), retries=1)
        watch.until(lambda counts: counts.retried == 1)
        timing.advance(60)

        with pytest.raises(OSError, match="not yet"):
            task.result()
        assert task.attempts == 2


def test_only_the_named_errors_are_worth_another_try() -> None:
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(Flaky(1), retries=Retry(times=3, on=(KeyError,)))

        assert isinstance(task.exception(PATIENCE), OSError)
        assert task.attempts == 1


def test_a_task_that_waits_for_its_next_try_holds_no_thread(
    timing: ManualTiming, watch: Watch
) -> None:
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        dispatcher.submit(Flaky(1), retries=1)
        watch.until(lambda counts: counts.retried == 1)

        assert dispatcher.submit(int, "7").result() == 7
        timing.advance(60)


def test_a_task_that_waits_for_its_next_try_can_be_cancelled_at_once(
    timing: ManualTiming, watch: Watch
) -> None:
    with Dispatcher(1, timing=timing, on_progress=watch) as dispatcher:
        task = dispatcher.submit(Flaky(1), retries=1)
        watch.until(lambda counts: counts.retried == 1)

        assert task.cancel()
        assert dispatcher.join()
        assert task.state is TaskState.CANCELLED


def test_a_deadline_ends_a_drain(timing: ManualTiming) -> None:
    gate = Gate()
    dispatcher = Dispatcher(1, timing=timing)
    running = dispatcher.submit(gate)
    queued = dispatcher.submit(int, "7")
    gate.await_entered()

    assert dispatcher.stop(deadline=0, grace=0) == ["dispatch-1"]

    assert isinstance(running.exception(), TaskCancelled)
    assert isinstance(queued.exception(), TaskCancelled)
    assert dispatcher.counts.cancelled == 2
    gate.open()


@pytest.mark.parametrize(
    "wrong", [{"times": -1}, {"base": 0.0}, {"factor": 0.5}, {"max_wait": 0.0}]
)
def test_a_retry_without_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"times|base"):
        Retry(**wrong)  # type: ignore[arg-type]


def test_waits_grow_up_to_the_most_and_are_as_many_as_the_tries() -> None:
    assert list(Retry(times=4, base=1, factor=2, max_wait=3).waits()) == [1, 2, 3, 3]
    assert list(Retry(times=0).waits()) == []
