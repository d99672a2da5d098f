"""A run that retries what the last one gave up: what every store promises of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from crawler.errors import StateError
from crawler.interfaces import FrontierStore, GivenUp, Mark, Recovered, RunStart
from crawler.messages import NewRequest
from crawler.outcome import ErrorClass, State
from crawler.storage.memory_store import MemoryStore
from crawler.urls import CanonicalRules
from tests.unit.storage.store_driver import (
    StoreDriver,
    a_start,
    again,
    at,
    done,
    ended,
    sqlite_store,
)


class Job:
    """A store and the runs on it, one after the other."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._folder = folder
        self._memory = MemoryStore(canonical=CanonicalRules(), seed=7) if kind == "memory" else None
        self.store: FrontierStore
        self.found: Recovered

    async def open(self) -> None:
        self.store = self._memory or sqlite_store(self._folder)
        self.found = await self.store.open()

    async def begin(self, start: RunStart) -> StoreDriver:
        return StoreDriver(self.store, await self.store.begin(start))

    async def end(self, *, finished: bool = True) -> None:
        """End a run and open the store for the next."""
        await self.store.close(finished=finished)
        await self.open()


@pytest.fixture(params=["memory", "sqlite"])
async def job(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Job]:
    job = Job(request.param, tmp_path)
    await job.open()
    yield job
    assert await job.store.audit() == job.store.books()
    assert job.store.books().balanced
    await job.store.abandon()


def a_retry(classes: frozenset[str] | None = None) -> RunStart:
    return RunStart(
        mode="retry", run_id="run-2", settings=b"{}", now=200.0, classes=classes, tally=b'{"a":1}'
    )


async def a_run(job: Job) -> StoreDriver:
    """One page done, one timed out, one without an address, one 404, one left by a limit."""
    run = await job.begin(a_start())
    (start,) = await run.start(at("start"))
    await run.commit(done(start, at("slow"), at("lost"), at("missing"), at("left")))
    await run.commit(
        msgspec.structs.replace(
            ended(await run.one(at("slow")), State.DEAD, ErrorClass.TIMEOUT),
            error="no answer in 20 s", attempts=4, at=150.0,
        ),
        ended(await run.one(at("lost")), State.DEAD, ErrorClass.DNS),
        msgspec.structs.replace(
            ended(await run.one(at("missing")), State.FAILED, ErrorClass.STATUS), status=404
        ),
    )  # fmt: skip
    return run


@pytest.fixture
async def finished(job: Job) -> Job:
    """The job whose run has ended."""
    await a_run(job)
    await job.end()
    return job


async def test_what_was_given_up_is_counted_by_sort(finished: Job) -> None:
    given_up = await finished.store.given_up()

    await finished.begin(a_retry())
    assert sorted(given_up, key=lambda one: one.reason) == [
        GivenUp(reason="dns", status=None, is_start=False, count=1),
        GivenUp(reason="status", status=404, is_start=False, count=1),
        GivenUp(reason="timeout", status=None, is_start=False, count=1),
    ]


async def test_only_what_was_given_up_is_pending_with_a_fresh_budget(
    finished: Job,
) -> None:
    run = await finished.begin(a_retry())

    requests = await run.take()
    assert [request.url for request in requests] == [at("slow"), at("lost"), at("missing")]
    assert {request.attempts for request in requests} == {0}
    assert {request.parent_url for request in requests} == {at("start")}
    assert run.opened.pending == {"a.example": 3}
    assert (run.opened.run_id, run.opened.retry_of) == ("run-2", "run-1")
    assert (run.opened.resumed, run.opened.tally) == (False, b'{"a":1}')


async def test_the_books_count_what_was_taken_over_but_for_what_a_limit_left(
    finished: Job,
) -> None:
    run = await finished.begin(a_retry(frozenset({"dns"})))

    books = run.store.books()
    assert (books.known, books.done, books.pending) == (4, 1, 1)
    assert (books.failed, books.dead) == (1, 1)
    assert await run.taken_urls() == [at("lost")]


async def test_a_retried_page_adds_what_nobody_knew_and_what_a_limit_left(
    finished: Job,
) -> None:
    run = await finished.begin(a_retry())

    page = done(await run.one(at("slow")), at("start"), at("missing"), at("left"), at("new"))
    committed = await run.commit(page)

    assert [request.url for request in committed.added] == [at("left"), at("new")]
    assert run.store.books().known == 6
    assert run.store.books().balanced


async def test_fetch_numbers_go_on_so_that_no_item_has_the_id_of_another(
    finished: Job,
) -> None:
    run = await finished.begin(a_retry())

    assert (await run.one(at("missing"))).fetch_no == 2


async def test_labels_and_payloads_are_those_of_before(job: Job) -> None:
    run = await job.begin(a_start())
    (start,) = await run.start(at("start"))
    asked = NewRequest(url=at("x"), method="POST", body=b"b", label="book", label_rank=2,
                       payload=b"p", rank=7)  # fmt: skip
    await run.commit(done(start, requests=[asked]))
    await run.commit(ended(await run.one(at("x")), State.FAILED, ErrorClass.CALLBACK))
    await job.end()

    (request,) = await (await job.begin(a_retry())).take()

    assert (request.method, request.body, request.payload) == ("POST", b"b", b"p")
    assert (request.label, request.rank, request.depth) == ("book", 7, 0)


async def test_what_fails_again_can_be_retried_again_and_so_can_the_other_classes(
    finished: Job,
) -> None:
    run = await finished.begin(a_retry(frozenset({"dns"})))
    await run.commit(ended(await run.one(at("lost")), State.DEAD, ErrorClass.DNS))
    await finished.end()

    once_more = await finished.begin(a_retry())

    assert await once_more.taken_urls() == [at("slow"), at("lost"), at("missing")]


async def test_who_was_given_up_has_class_tries_error_and_time(job: Job) -> None:
    run = await a_run(job)

    line = await run.line(at("slow"))

    assert (line.outcome, line.reason, line.attempts) == ("dead", "timeout", 4)
    assert (line.error, line.at) == ("no answer in 20 s", "1970-01-01T00:02:30Z")
    assert line.referrer == at("start")


async def test_a_run_that_did_not_end_is_not_retried(job: Job) -> None:
    run = await job.begin(a_start())
    (start,) = await run.start(at("start"))
    await run.commit(ended(start, State.FAILED, ErrorClass.TLS))
    await job.end(finished=False)

    with pytest.raises(StateError, match="no run that ended"):
        await job.begin(a_retry())

    assert job.found.last is None
    await job.begin(a_start())


async def test_marks_of_outputs_that_it_adds_to_are_there_from_its_first_instant(
    finished: Job,
) -> None:
    mark = Mark("out", "/out.jsonl", 3, "hash")

    run = await finished.begin(msgspec.structs.replace(a_retry(), marks=(mark,)))

    assert run.opened.marks == [mark]


async def test_waiting_retries_of_the_last_run_are_forgotten_with_the_rest(
    job: Job,
) -> None:
    run = await job.begin(a_start())
    first, second = await run.start(at(1), at(2))
    await run.commit(again(first, 500.0), ended(second, State.DEAD, ErrorClass.CONNECT))
    await job.end()

    run = await job.begin(a_retry())

    assert await run.due(1000.0) == ([], None)
    assert await run.taken_urls() == [at(2)]
