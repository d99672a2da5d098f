"""Whatever is done to a dispatcher, in whatever order: it stands as a simple model says."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crawler.dispatch import (
    Dispatcher,
    DispatcherStopped,
    QueueFull,
    Retry,
    Task,
    TaskCancelled,
    TaskState,
)
from tests.unit.dispatch.manual_timing import ManualTiming
from tests.unit.dispatch.watch import PATIENCE, Watch

Answer = Literal["return", "raise", "exit", "give in"]
CAPACITY = 6
QUEUED, RUNNING = TaskState.QUEUED, TaskState.RUNNING


@dataclass(eq=False)
class Piece:
    """One task: what the model expects of it, and the strings by which the test moves it."""

    order: int
    priority: int
    timeout: float | None
    tries: int
    expected: TaskState = QUEUED
    ready_at: float = 0.0
    begun: float = 0.0
    asked_to_end: bool = False
    answer: Answer = "return"
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    task: Task[None] | None = None

    def run(self) -> None:
        self.entered.release()
        assert self.released.acquire(timeout=PATIENCE)
        if self.answer == "raise":
            raise ValueError(self.order)
        if self.answer == "exit":
            raise SystemExit(self.order)
        if self.answer == "give in":
            raise TaskCancelled


class DispatcherModel(RuleBasedStateMachine):
    """Tasks begin by rank while fewer than `workers` run; each ends in exactly one way."""

    def __init__(self) -> None:
        super().__init__()
        self.before = set(threading.enumerate())
        self.now = 0.0
        self.pieces: list[Piece] = []
        self.stuck: list[Piece] = []
        self.retried = 0
        self.paused = self.stopped = self.has_timer = False

    @initialize(workers=st.integers(1, 3))
    def begin(self, workers: int) -> None:
        self.workers = workers
        self.timing = ManualTiming()
        self.watch = Watch()
        self.dispatcher = Dispatcher(
            workers, capacity=CAPACITY, timing=self.timing, on_progress=self.watch
        )

    def those(self, state: TaskState) -> list[Piece]:
        return [piece for piece in self.pieces if piece.expected is state]

    @rule(
        priority=st.integers(-2, 2),
        timeout=st.sampled_from([None, 5.0, 10.0]),
        tries=st.integers(1, 2),
    )
    def submit(self, priority: int, timeout: float | None, tries: int) -> None:
        piece = Piece(len(self.pieces), priority, timeout, tries)
        terms = Retry(times=tries - 1, base=3, factor=1)

        def submit() -> None:
            piece.task = self.dispatcher.submit(
                piece.run, priority=priority, timeout=timeout, retries=terms, wait=0
            )

        if self.stopped or len(self.those(QUEUED)) >= CAPACITY:
            with pytest.raises(DispatcherStopped if self.stopped else QueueFull):
                submit()
            return
        submit()
        self.pieces.append(piece)
        self.settle()

    @precondition(lambda self: self.those(RUNNING))
    @rule(data=st.data(), answer=st.sampled_from(["return", "raise", "exit", "give in"]))
    def end_one(self, data: st.DataObject, answer: Answer) -> None:
        piece = data.draw(st.sampled_from(self.those(RUNNING)))
        piece.answer = answer
        again = answer in {"raise", "give in"} and piece.tries > 1 and not piece.asked_to_end
        if again:
            piece.tries -= 1
            piece.expected, piece.ready_at = QUEUED, self.now + 3
            self.retried += 1
            self.has_timer = True
        elif answer == "return":
            piece.expected = TaskState.DONE
        elif answer == "give in" and piece.asked_to_end:
            piece.expected = TaskState.CANCELLED
        else:
            piece.expected = TaskState.FAILED
        piece.released.release()
        if again:
            self.watch.until(lambda counts: counts.retried == self.retried)
        self.settle()

    @precondition(lambda self: self.pieces)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        piece = data.draw(st.sampled_from(self.pieces))
        assert piece.task is not None
        if piece.expected is RUNNING:
            piece.asked_to_end = True
        elif piece.expected is QUEUED:
            piece.expected = TaskState.CANCELLED

        assert piece.task.cancel() == (piece.expected is TaskState.CANCELLED)
        self.settle()

    @rule()
    def pause(self) -> None:
        self.paused = not self.stopped
        self.dispatcher.pause()

    @rule()
    def resume(self) -> None:
        self.paused = False
        self.dispatcher.resume()
        self.settle()

    @rule(seconds=st.sampled_from([1.0, 3.0, 5.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for piece in self.those(RUNNING):
            if piece.timeout is not None and piece.begun + piece.timeout <= self.now:
                piece.expected = TaskState.TIMED_OUT
                self.stuck.append(piece)
        self.timing.advance(seconds)
        if self.has_timer and not self.stopped:
            self.timing.await_look(self.dispatcher._board.ring)
        self.settle()

    @rule()
    def let_a_stuck_one_go(self) -> None:
        if self.stuck:
            self.stuck.pop().released.release()

    @precondition(lambda self: len(self.pieces) > 3)
    @rule()
    def stop_at_once(self) -> None:
        self.stopped, self.paused = True, False
        for piece in self.those(RUNNING):
            piece.expected = TaskState.CANCELLED
            self.stuck.append(piece)
        for piece in self.those(QUEUED):
            piece.expected = TaskState.CANCELLED
        self.dispatcher.stop(drain=False, grace=0)

    def settle(self) -> None:
        """Let the model begin what can begin, and wait until it has begun."""
        while not self.paused and len(self.those(RUNNING)) < self.workers:
            ready = [piece for piece in self.those(QUEUED) if piece.ready_at <= self.now]
            if not ready:
                break
            piece = min(ready, key=lambda piece: (-piece.priority, piece.order))
            piece.expected, piece.begun = RUNNING, self.now
            self.has_timer |= piece.timeout is not None
            assert piece.entered.acquire(timeout=PATIENCE)
        for piece in self.pieces:
            if piece.expected.finished:
                assert piece.task is not None
                assert piece.task.wait(PATIENCE)

    @invariant()
    def stands_as_the_model_says(self) -> None:
        if not hasattr(self, "dispatcher"):
            return
        for piece in self.pieces:
            assert piece.task is not None
            assert piece.task.state is piece.expected
        counts = self.dispatcher.counts
        assert counts.balanced
        by_state = [len(self.those(state)) for state in list(TaskState)[1:]]
        assert list(counts[1:7]) == by_state
        assert (counts.submitted, counts.retried) == (len(self.pieces), self.retried)

    def teardown(self) -> None:
        if not hasattr(self, "dispatcher"):
            return
        for piece in self.pieces:
            for _ in range(2):
                piece.released.release()
        self.timing.advance(0)
        self.dispatcher.stop(drain=False)
        for thread in set(threading.enumerate()) - self.before:
            thread.join(PATIENCE)
        assert set(threading.enumerate()) <= self.before
        assert self.dispatcher.counts.lost == 0


DispatcherModel.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_a_dispatcher_stands_as_a_simple_model_says = pytest.mark.slow(DispatcherModel.TestCase)
