"""`Workers` in processes: requests out, outcomes back, and what becomes of a process that dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from itertools import repeat

import msgspec

from crawler.errors import WorkersError
from crawler.interfaces import Deliver
from crawler.messages import QueuedRequest, StoredCookie
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.workers.process.forked_process import ForkedProcess
from crawler.workers.process.messages import (
    Admit,
    Bye,
    Ended,
    Fetch,
    Learn,
    Leave,
    Logged,
    Offload,
    Offloaded,
    Report,
    Stalled,
    unpack,
)
from crawler.workers.process.placement import Placement
from crawler.workers.process.worker_process import LAST, LEAVE, WorkerProcess

#: Processes in a row that may die in one place without having got anything done.
FRUITLESS = 5


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers need of the rest of a run.

    Attributes:
        setup: Gives what the process of a number is to be set up with, now.
        deliver: Takes the outcomes.
        hand_back: Takes a request back that was never answered for no fault of its own.
        is_source: Tells whether a request is for a list of URLs.
        running: Gives the rows whose callbacks were running in the process of a number.
        joined: Gives the hosts that have joined the scope, in order.
        welcome: Is told of every outcome first; it may let a host join.
        stalled: Is told of callbacks that kept a worker's loop.
        logged: Is told what spiders log.
        offload: Runs a function in a process slot.
        wants_text: Says whether the trap guard asks for the text of a URL.
        note: Tells the user.
    """

    setup: Callable[[int], bytes]
    deliver: Deliver
    hand_back: Callable[[QueuedRequest], None]
    is_source: Callable[[QueuedRequest], bool]
    running: Callable[[int], Sequence[int]]
    joined: Callable[[], Sequence[str]]
    welcome: Callable[[PageOutcome], None]
    stalled: Callable[[list[int], float], None]
    logged: Callable[[int, str], None]
    offload: Callable[[Offload], asyncio.Future[Offloaded]]
    wants_text: Callable[[str], bool]
    note: Callable[[str], None]


class _Seat(msgspec.Struct):
    """One worker: its process, and what it was given."""

    process: WorkerProcess
    given: dict[int, QueuedRequest] = msgspec.field(default_factory=dict)
    ready: bool = False
    hosts_told: int = 0
    fruitless: int = 0


class ProcessWorkers:
    """Workers in processes of their own.

    Args:
        count: How many.
        program: What a process runs, a module and the name of its loop; see `WorkerProcess`.
        around: The rest of the run.
        spares: Processes that are there already, each for one of the first workers.

    Attributes:
        deaths: Processes that ended before their time.
    """

    def __init__(
        self,
        count: int,
        program: tuple[str, str],
        around: Surroundings,
        spares: Sequence[ForkedProcess] = (),
    ) -> None:
        self._around = around
        self._placement = Placement(count)
        self._seats = [
            _Seat(WorkerProcess(number, *program, spare))
            for number, spare in zip(range(count), (*spares, *repeat(None, count)), strict=False)
        ]
        self._stopping = self._quit = False
        self._drained = asyncio.Event()
        self.deaths = 0

    @property
    def pids(self) -> list[int]:
        """The processes that are there."""
        return [pid for seat in self._seats if (pid := seat.process.pid) is not None]

    async def start(self) -> None:
        """Make the processes, all at the same time.

        Raises:
            ConfigError: The job cannot be set up in a process of its own.
            WorkersError: A process did not come up.
        """
        begun = await asyncio.gather(*map(self._fill, self._seats), return_exceptions=True)
        for error in begun:
            if error is not None:
                raise error

    async def close(self) -> None:
        """End every process that is still there, at once."""
        for seat in self._seats:
            await seat.process.end()

    def submit(self, request: QueuedRequest) -> None:
        """See `Workers.submit`."""
        if self._around.is_source(request):
            worker = 0  # one process counts the lists that lists lead to
            self._placement.put(worker)
        else:
            worker = self._placement.place(request.host)
        seat = self._seats[worker]
        seat.given[request.id] = request
        if seat.ready:
            self._send(seat, request)

    async def run(self) -> None:
        """See `Workers.run`.

        Raises:
            WorkersError: Processes die again and again.
        """
        async with asyncio.TaskGroup() as group:
            serving = [group.create_task(self._serve(seat)) for seat in self._seats]
            await self._drained.wait()
            for task in serving:
                task.cancel()

    async def leave(self, reason: str) -> list[Bye]:
        """Let every worker close its spider and end; after `run`.

        Returns:
            What those said of themselves that had something left to say.
        """
        if self._quit:
            await self.close()
            return []
        async with asyncio.TaskGroup() as group:
            leaving = [group.create_task(self._see_off(seat, reason)) for seat in self._seats]
        return [bye for task in leaving if (bye := task.result()) is not None]

    async def _see_off(self, seat: _Seat, reason: str) -> Bye | None:
        if not seat.ready:
            return None
        seat.process.say(Leave(reason))
        bye = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE):
                while reports := await seat.process.hear():
                    for report in reports:
                        self._take(seat, report)
                        bye = report if isinstance(report, Bye) else bye
        await seat.process.end(0.0 if bye is None else LEAVE)
        seat.ready = False
        return bye

    def stop(self, *, at_once: bool = False) -> None:
        """See `Workers.stop`."""
        self._stopping, self._quit = True, self._quit or at_once
        if at_once:
            self._drained.set()
        else:
            self._look_if_drained()

    # One worker

    async def _start(self, seat: _Seat) -> None:
        seat.hosts_told = len(self._around.joined())
        await seat.process.start(self._around.setup(seat.process.number))
        seat.ready = True
        for request in seat.given.values():
            self._send(seat, request)

    def _send(self, seat: _Seat, request: QueuedRequest) -> None:
        joined = self._around.joined()
        if len(joined) > seat.hosts_told:
            seat.process.say(Admit(list(joined[seat.hosts_told :])))
            seat.hosts_told = len(joined)
        seat.process.say(Fetch(request, self._around.wants_text(request.url)))

    async def _serve(self, seat: _Seat) -> None:
        """Take in what a worker says; make the next process when it dies."""
        while True:
            while reports := await seat.process.hear():
                for report in reports:
                    self._take(seat, report)
            seat.ready = False
            self._mourn(seat, await seat.process.end(LAST))
            await self._fill(seat)

    async def _fill(self, seat: _Seat) -> None:
        """Make a process; one may be killed as it begins, but not again and again."""
        while True:
            try:
                await self._start(seat)
                return
            except WorkersError:
                seat.fruitless += 1
                if seat.fruitless >= FRUITLESS:
                    raise

    def _take(self, seat: _Seat, report: Report) -> None:
        around = self._around
        match report:
            case Ended():
                self._ended(seat, report)
            case Stalled(rows, seconds):
                around.stalled(rows, seconds)
            case Logged(level, text):
                around.logged(level, text)
            case Offload():
                answer = around.offload(report)
                answer.add_done_callback(lambda done: _answer(seat, done))
            case _:  # the first and the last word are heard elsewhere
                pass

    def _ended(self, seat: _Seat, report: Ended) -> None:
        request = seat.given.pop(report.row)
        seat.fruitless = 0
        self._placement.done(seat.process.number)
        outcome = unpack(report, request)
        if outcome.cookies:
            self._share(seat, outcome.cookies)
        self._around.welcome(outcome)
        self._around.deliver(outcome)
        self._look_if_drained()

    def _share(self, seat: _Seat, cookies: list[StoredCookie]) -> None:
        """Let the other workers know of cookies, and the site stay where it got them."""
        for cookie in cookies:
            self._placement.settle(cookie.domain, seat.process.number)
        for other in self._seats:
            if other is not seat and other.ready:
                other.process.say(Learn(cookies))

    def _mourn(self, seat: _Seat, how: str) -> None:
        """Give back what a dead process had; a page whose callback was running is suspected."""
        self.deaths += 1
        number = seat.process.number
        running = set(self._around.running(number))
        lost, seat.given = seat.given, {}
        for request in lost.values():
            self._placement.done(number)
            if request.id in running:
                self._around.deliver(
                    PageOutcome(
                        request=request, state=State.PENDING, reason=ErrorClass.CRASH,
                        error=f"its callback was running when its worker process ended ({how})",
                    )
                )  # fmt: skip
            else:
                self._around.hand_back(request)
        self._around.note(
            f"worker process {number + 1} ended ({how}); {len(lost)} requests go back, and a new"
            " one takes its place"
        )
        # A page that ends its process is found out; whatever else does so may do it for ever.
        seat.fruitless = 0 if running else seat.fruitless + 1
        if seat.fruitless >= FRUITLESS:
            raise WorkersError(
                f"{FRUITLESS} worker processes in a row ended ({how}) before they had got anything"
                " done; run.workers: 1 may show why"
            )
        self._look_if_drained()

    def _look_if_drained(self) -> None:
        if self._stopping and not any(seat.given for seat in self._seats):
            self._drained.set()


def _answer(seat: _Seat, done: asyncio.Future[Offloaded]) -> None:
    if not done.cancelled() and seat.ready:
        seat.process.say(done.result())
