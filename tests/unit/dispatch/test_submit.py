from __future__ import annotations

import functools
import itertools
import threading

import pytest

from crawler.dispatch import (
    Dispatcher,
    DispatcherStopped,
    QueueFull,
    TaskState,
    WorkerDied,
    WouldDeadlock,
)
from tests.unit.dispatch.watch import PATIENCE, Gate, Watch


def double(number: int) -> int:
    return 2 * number


def fail(error: BaseException) -> None:
    raise error


def test_a_task_gives_what_its_function_returned() -> None:
    with Dispatcher(2) as dispatcher:
        task = dispatcher.submit(double, 21)

        assert task.result(PATIENCE) == 42
        assert (task.state, task.attempts, task.args) == (TaskState.DONE, 1, (21,))


def test_a_task_raises_what_its_function_raised() -> None:
    error = ValueError("no")
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(fail, error)

        with pytest.raises(ValueError, match="no") as caught:
            task.result(PATIENCE)

        assert caught.value is error
        assert task.state is TaskState.FAILED


def test_the_most_urgent_task_comes_first_and_equals_in_their_order() -> None:
    done: list[str] = []
    with Dispatcher(1, capacity=10) as dispatcher:
        dispatcher.pause()
        for name, priority in [("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", -1), ("f", 9)]:
            dispatcher.submit(done.append, name, priority=priority)
        dispatcher.resume()

    assert done == ["f", "b", "d", "a", "c", "e"]


def test_a_full_queue_refuses_whoever_does_not_wait() -> None:
    gate = Gate()
    with Dispatcher(1, capacity=2) as dispatcher:
        dispatcher.submit(gate)
        gate.await_entered()
        dispatcher.submit(double, 1)
        dispatcher.submit(double, 2)

        with pytest.raises(QueueFull, match="within 0 s"):
            dispatcher.submit(double, 3, wait=0)

        assert dispatcher.counts.submitted == 3
        gate.open()


def test_a_submit_that_waits_gets_the_room_that_a_cancelled_task_leaves() -> None:
    with Dispatcher(1, capacity=1) as dispatcher:
        dispatcher.pause()
        first = dispatcher.submit(double, 1)
        later: list[object] = []
        thread = threading.Thread(target=lambda: later.append(dispatcher.submit(double, 2)))
        thread.start()

        first.cancel()
        thread.join(PATIENCE)

        assert len(later) == 1
        dispatcher.resume()


def test_the_same_key_is_the_same_task_until_it_has_finished() -> None:
    gate = Gate()
    with Dispatcher(2) as dispatcher:
        task = dispatcher.submit(gate, 1, key="page")
        gate.await_entered()
        again = dispatcher.submit(gate, 2, key="page")

        assert again == task
        assert hash(again) == hash(task)
        assert dispatcher.counts.submitted == 1
        gate.open()
        assert again.result(PATIENCE) == 1
        assert dispatcher.submit(gate, 3, key="page").result(PATIENCE) == 3


def test_a_known_key_needs_no_room() -> None:
    with Dispatcher(1, capacity=1) as dispatcher:
        dispatcher.pause()
        task = dispatcher.submit(double, 1, key="a")

        assert dispatcher.submit(double, 1, key="a", wait=0) == task
        dispatcher.resume()


def test_a_task_with_a_full_queue_before_it_can_submit_still() -> None:
    with Dispatcher(1, capacity=1) as dispatcher:

        def plant() -> list[int]:
            return [t.result() for t in [dispatcher.submit(double, n) for n in range(20)]]

        assert dispatcher.submit(plant).result(PATIENCE) == [2 * n for n in range(20)]
        assert dispatcher.counts.balanced


def test_tasks_that_wait_for_tasks_do_not_use_up_the_threads() -> None:
    with Dispatcher(1) as dispatcher:

        def fib(number: int) -> int:
            if number < 2:
                return number
            parts = [dispatcher.submit(fib, number - 1), dispatcher.submit(fib, number - 2)]
            return sum(part.result() for part in parts)

        assert dispatcher.submit(fib, 7).result(PATIENCE) == 13


def test_a_wait_for_which_no_thread_is_left_is_an_error_and_no_standstill() -> None:
    with Dispatcher(1, spare=2) as dispatcher:

        def dig(depth: int) -> int:
            return 1 + dispatcher.submit(dig, depth + 1).result()

        with pytest.raises(WouldDeadlock, match="spare="):
            dispatcher.submit(dig, 0).result(PATIENCE)
        dispatcher.stop(drain=False)


def test_a_task_that_waits_for_itself_is_told() -> None:
    with Dispatcher(1) as dispatcher:

        def wait_for_me() -> object:
            me = dispatcher.current_task()
            assert me is not None
            return me.result()

        assert isinstance(dispatcher.submit(wait_for_me).exception(PATIENCE), WouldDeadlock)


def test_two_tasks_that_wait_for_each_other_are_told() -> None:
    both = threading.Barrier(2)
    with Dispatcher(2, capacity=2) as dispatcher:

        def wait_for(other: str) -> object:
            both.wait(PATIENCE)
            return dispatcher.submit(double, 0, key=other).result()

        one = dispatcher.submit(wait_for, "two", key="one")
        two = dispatcher.submit(wait_for, "one", key="two")

        assert isinstance(one.exception(PATIENCE), WouldDeadlock)
        assert isinstance(two.exception(PATIENCE), WouldDeadlock)


def test_a_task_that_joins_is_told() -> None:
    with Dispatcher(1) as dispatcher:
        assert isinstance(dispatcher.submit(dispatcher.join).exception(PATIENCE), WouldDeadlock)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_a_task_that_ends_its_thread_fails_alone(error: BaseException) -> None:
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(fail, error)

        caught = task.exception(PATIENCE)
        assert isinstance(caught, WorkerDied)
        assert caught.__cause__ is error
        assert dispatcher.submit(double, 1).result(PATIENCE) == 2
    assert dispatcher.counts.replaced == 1


def test_threads_carry_the_name_and_number_of_their_start() -> None:
    names: list[str] = []
    with Dispatcher(1, name="fetch") as dispatcher:
        for _ in range(2):
            dispatcher.submit(lambda: names.append(threading.current_thread().name))
            dispatcher.submit(fail, SystemExit())

    assert names == ["fetch-1", "fetch-2"]


def test_no_more_threads_are_started_than_there_is_work() -> None:
    before = threading.active_count()
    with Dispatcher(16) as dispatcher:
        assert threading.active_count() == before
        for number in range(5):
            dispatcher.submit(double, number).result(PATIENCE)

        assert threading.active_count() - before <= 2


def test_keyword_arguments_come_by_partial() -> None:
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(functools.partial(int, "ff", base=16))

        assert task.result(PATIENCE) == 255


def test_only_a_task_is_the_current_task() -> None:
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(dispatcher.current_task)

        assert dispatcher.current_task() is None
        assert task.result(PATIENCE) == task


def test_a_wait_can_be_given_up() -> None:
    gate = Gate()
    with Dispatcher(1) as dispatcher:
        task = dispatcher.submit(gate)

        with pytest.raises(TimeoutError, match=r"within 0.0 s"):
            task.result(0.0)
        assert not task.wait(0)
        assert not dispatcher.join(0)
        gate.open()


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"workers": 0}, "workers >= 1"),
        ({"capacity": 0}, "capacity >= 1"),
        ({"spare": -1}, "spare >= 0"),
    ],
)
def test_a_dispatcher_without_sense_is_refused(numbers: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Dispatcher(**numbers)  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_without_sense_is_refused(timeout: float) -> None:
    with Dispatcher(1) as dispatcher, pytest.raises(ValueError, match="timeout is"):
        dispatcher.submit(double, 1, timeout=timeout)


def test_a_stopped_dispatcher_takes_nothing() -> None:
    dispatcher = Dispatcher(1)
    dispatcher.stop()

    with pytest.raises(DispatcherStopped, match="takes no more tasks"):
        dispatcher.submit(double, 1)

    assert dispatcher.counts.submitted == 0


def test_progress_is_told_in_order_and_ends_with_the_last_numbers() -> None:
    watch = Watch()
    with Dispatcher(4, on_progress=watch) as dispatcher:
        for number in range(200):
            dispatcher.submit(double, number)

    finished = [counts.finished for counts in watch.told]
    assert finished == sorted(finished)
    assert watch.told[-1] == dispatcher.counts
    assert all(one != next_one for one, next_one in itertools.pairwise(watch.told))
    assert all(counts.balanced for counts in watch.told)
