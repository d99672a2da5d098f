"""Many threads at once: nothing lost, nothing stuck, nothing left behind."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from crawler.dispatch import (
    Counters,
    Counts,
    Dispatcher,
    DispatcherStopped,
    Retry,
    SharedCounter,
    Task,
    TaskCancelled,
)

PATIENCE = 60.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True)
def threads_take_turns_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:  # lost ones that a test let go
        thread.join(PATIENCE)
    assert set(threading.enumerate()) <= before


def at_once(count: int, work: Callable[[int], None]) -> None:
    start = threading.Barrier(count)

    def begin(number: int) -> None:
        start.wait(PATIENCE)
        work(number)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def test_of_a_hundred_thousand_additions_by_32_threads_none_is_lost() -> None:
    counter, counters = SharedCounter(), Counters("left", "right")

    def work(_: int) -> None:
        for _ in range(3125):
            counter.add()
            counters.add_all({"left": 1, "right": 2})

    at_once(32, work)

    assert counter.value == 100_000
    assert counters.snapshot() == {"left": 100_000, "right": 200_000}


def test_every_task_of_many_submitters_runs_exactly_once() -> None:
    ran = SharedCounter()
    with Dispatcher(16, capacity=8) as dispatcher:
        at_once(16, lambda _: [dispatcher.submit(ran.add) for _ in range(500)].clear())
        assert dispatcher.join(PATIENCE)

    assert ran.value == 8000
    assert dispatcher.counts.done == dispatcher.counts.submitted == 8000


def test_a_storm_of_cancels_leaves_each_task_either_run_or_cancelled() -> None:
    ran: list[int] = []
    unbalanced: list[Counts] = []
    with Dispatcher(4, capacity=32) as dispatcher:

        def storm(seed: int) -> None:
            draw = random.Random(seed)
            tasks: list[Task[None]] = []
            for number in range(300):
                tasks.append(dispatcher.submit(ran.append, 1000 * seed + number))
                draw.choice(tasks).cancel()
                draw.choice(tasks).cancel()
                if not (counts := dispatcher.counts).balanced:
                    unbalanced.append(counts)

        at_once(12, storm)

    counts = dispatcher.counts
    assert unbalanced == []
    assert counts.submitted == 3600
    assert counts.done + counts.cancelled == 3600
    assert len(ran) == len(set(ran)) == counts.done


def test_everything_that_can_raise_raises_and_the_books_balance() -> None:
    errors = [ValueError, SystemExit, KeyboardInterrupt, MemoryError, TaskCancelled, OSError]
    draw = random.Random(4)

    def callback(_: object) -> None:
        # In the main thread a KeyboardInterrupt is Ctrl-C, and goes up.
        raise draw.choice([error for error in errors if error is not KeyboardInterrupt])

    def task(number: int) -> int:
        if number % 2:
            raise errors[number % len(errors)]
        return number

    with Dispatcher(8, on_progress=callback) as dispatcher:
        tasks = [
            dispatcher.submit(task, number, retries=Retry(times=2, base=1e-4))
            for number in range(600)
        ]
        for one in tasks:
            one.add_done_callback(callback)

    assert dispatcher.counts.done == 300
    assert dispatcher.counts.failed == 300
    assert dispatcher.counts.balanced


def test_tasks_that_plant_tasks_into_a_full_queue_never_stand_still() -> None:
    with Dispatcher(2, capacity=1) as dispatcher:
        seen = SharedCounter()

        def plant(depth: int) -> None:
            seen.add()
            if depth:
                dispatcher.submit(plant, depth - 1)
                dispatcher.submit(plant, depth - 1).wait()

        at_once(4, lambda _: dispatcher.submit(plant, 5).result(PATIENCE))
        assert dispatcher.join(PATIENCE)

    assert seen.value == 4 * (2**6 - 1)


@pytest.mark.parametrize("drain", [True, False])
def test_a_stop_in_the_middle_of_everything_ends_every_task_and_thread(*, drain: bool) -> None:
    for seed in range(30):
        stop_in_the_middle(seed, drain=drain)


def stop_in_the_middle(seed: int, *, drain: bool) -> None:
    dispatcher = Dispatcher(4, capacity=6)
    held: list[Task[None]] = []
    begun = threading.Semaphore(0)

    def work(number: int) -> None:
        if number == 0:
            for _ in range(6):  # each has begun; after that a pause may hold them all
                begun.acquire(timeout=PATIENCE)
            assert dispatcher.stop(drain=drain) == []
            return
        draw = random.Random(100 * seed + number)
        while True:
            begun.release()
            try:
                held.append(dispatcher.submit(lambda: None, priority=draw.randint(0, 3)))
            except DispatcherStopped:
                return
            draw.choice([dispatcher.pause, dispatcher.resume, dispatcher.resume, held[-1].cancel])()

    at_once(7, work)

    assert all(task.finished for task in held)
    assert dispatcher.counts.balanced
    assert dispatcher.counts.submitted == len(held)


def test_real_time_outs_and_results_race_without_a_task_ending_twice() -> None:
    ends: list[Task[object]] = []
    let_go = threading.Event()
    with Dispatcher(4, spare=200) as dispatcher:

        def work(number: int) -> None:
            if number % 3 == 0:
                let_go.wait(PATIENCE)

        tasks = [dispatcher.submit(work, number, timeout=0.01) for number in range(150)]
        for task in tasks:
            task.add_done_callback(ends.append)
        assert dispatcher.join(PATIENCE)
        let_go.set()

    assert len(ends) == 150
    assert set(ends) == set(tasks)
    counts = dispatcher.counts
    assert counts.timed_out >= 50
    assert counts.done + counts.timed_out == 150


def test_an_endless_map_is_left_in_the_middle_without_a_trace() -> None:
    with Dispatcher(8) as dispatcher:
        for ordered in (True, False):
            results = dispatcher.map(abs, itertools.count(), ordered=ordered)
            assert len(list(itertools.islice(results, 3000))) == 3000
            results.close()  # type: ignore[attr-defined]
        assert dispatcher.join(PATIENCE)
        assert dispatcher.counts.submitted < 6000 + 4 * 8 * 2


INTERRUPTED = """
import os, random, signal, sys, threading
from crawler.dispatch import Dispatcher

sys.setswitchinterval(1e-4)
draw = random.Random(int(sys.argv[1]))
for turn in range(60):
    sent, held = threading.Event(), []
    dispatcher = Dispatcher(3, capacity=5)
    after = draw.randrange(200)

    def interrupt():
        while len(held) < after:
            pass
        os.kill(os.getpid(), signal.SIGINT)
        sent.set()

    other = threading.Thread(target=interrupt)
    try:
        other.start()
        while not (sent.is_set() and len(held) > 1000):
            held.append(dispatcher.submit(abs, 1, timeout=30 if len(held) % 3 else None))
            if len(held) % 5 == 0:
                held[-1].cancel()
            if len(held) % 7 == 0:
                held[-1].wait()
    except KeyboardInterrupt:
        pass
    other.join()
    assert dispatcher.counts.balanced, dispatcher.counts
    assert dispatcher.join(20), dispatcher.counts
    assert dispatcher.counts.submitted - len(held) in (0, 1), (dispatcher.counts, len(held))
    assert dispatcher.stop() == []
    assert all(task.finished for task in held)
    assert threading.active_count() == 1, threading.enumerate()
print("unharmed")
"""


def test_ctrl_c_at_any_moment_leaves_the_books_balanced_and_the_threads_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "7"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.stdout == "unharmed\n", done.stderr


def test_a_stuck_task_does_not_keep_the_process_alive() -> None:
    program = (
        "import threading; from crawler.dispatch import Dispatcher\n"
        "d = Dispatcher(1); d.submit(threading.Event().wait, timeout=0.01).wait()\n"
        "print(d.stop())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.stdout, done.returncode) == ("['dispatch-1']\n", 0)
