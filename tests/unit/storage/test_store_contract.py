"""What every frontier store promises; each test runs over the memory store and over SQLite.

After each test the fixture compares the books with a count of the rows.
"""

from __future__ import annotations

import pytest

from crawler.errors import OutputError, StateError
from crawler.interfaces import Batch, HostEnd, Mark, PageCommit
from crawler.messages import HOP_RANK, NewRequest
from crawler.outcome import LinkBatch, SkipReason, State
from tests.unit.storage.conftest import BeginRun
from tests.unit.storage.store_driver import HOST, again, at, done, ended

# Adding


async def test_the_same_url_is_one_row_within_a_page_a_batch_and_a_run(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    first, second = await run.start(at(1), at(2))

    committed = await run.commit(
        done(first, at(3), at(3), at(1)),
        done(second, at(3), at(4)),
        PageCommit(id=0, requests=[NewRequest(url=at(4)), NewRequest(url=at(4))]),
    )
    later = await run.commit(PageCommit(id=0, links=[LinkBatch([at(3), at(4), at(1)])]))

    assert [request.url for request in committed.added] == [at(3), at(4)]
    assert later.added == []
    assert run.store.books().known == 4


async def test_urls_that_differ_in_what_does_not_count_are_one_row(begin_run: BeginRun) -> None:
    run = await begin_run()

    added = await run.start(at("x?b=1&a=2"), at("x?a=2&b=1&utm_source=mail"), at("x?a=3&b=1"))

    assert [request.url for request in added] == [at("x?b=1&a=2"), at("x?a=3&b=1")]


async def test_method_and_body_make_another_request(begin_run: BeginRun) -> None:
    run = await begin_run()
    requests = [
        NewRequest(url=at(1)),
        NewRequest(url=at(1), method="POST", body=b"a"),
        NewRequest(url=at(1), method="POST", body=b"b"),
        NewRequest(url=at(1), method="PUT", body=b"a"),
        NewRequest(url=at(1), method="POST", body=b"a"),
    ]

    committed = await run.commit(PageCommit(id=0, requests=requests))

    assert [(r.method, r.body) for r in committed.added] == [
        ("GET", b""), ("POST", b"a"), ("POST", b"b"), ("PUT", b"a"),
    ]  # fmt: skip


async def test_a_request_that_is_not_filtered_is_added_once_for_each_place_of_a_page(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    first, second = await run.start(at(1), at(2))

    def twice(ordinal: int) -> NewRequest:
        return NewRequest(url=at(1), dont_filter=True, ordinal=ordinal)

    committed = await run.commit(
        ended(first, State.PENDING, requests=[twice(0), twice(1)]),
        done(second, requests=[twice(0)]),
    )
    repeated = await run.commit(done(first, requests=[twice(0), twice(1)]))

    assert [request.url for request in committed.added] == [at(1)] * 3
    assert repeated.added == []
    assert len({first.key, *(request.key for request in committed.added)}) == 4


async def test_everything_about_a_request_comes_back(begin_run: BeginRun) -> None:
    run = await begin_run()
    (page,) = await run.start(at(1))
    asked = NewRequest(
        url=at(2), method="POST", body=b"\x00\xff", rank=7, depth=3, label="book", label_rank=1,
        payload=b"\x80payload", is_start=True,
    )  # fmt: skip

    committed = await run.commit(done(page, requests=[asked]))
    (taken,) = await run.take()

    for got in (*committed.added, taken):
        assert (got.url, got.host, got.method, got.body) == (
            at(2),
            "a.example",
            "POST",
            b"\x00\xff",
        )
        assert (got.rank, got.depth, got.label, got.payload) == (7, 3, "book", b"\x80payload")
        assert (got.is_start, got.parent, got.attempts, got.fetch_no) == (True, page.id, 0, 1)
    assert taken.parent_url == at(1)


async def test_a_request_to_be_skipped_is_on_the_books_but_never_taken(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    skipped = NewRequest(url=at(1), skip=SkipReason.SCOPE, is_start=True)

    committed = await run.commit(PageCommit(id=0, requests=[skipped, NewRequest(url=at(2))]))

    assert [request.url for request in committed.added] == [at(2)]
    assert await run.taken_urls() == [at(2)]
    assert run.store.books().skipped == {"scope": 1}
    assert (await run.line(at(1))).outcome == "skipped"


async def test_a_page_of_twenty_thousand_links_is_one_commit(begin_run: BeginRun) -> None:
    run = await begin_run(max_depth=5)
    (page,) = await run.start(at("index"))
    urls = [at(number) for number in range(20_000)]

    committed = await run.commit(done(page, *urls))

    assert len(committed.added) == 20_000
    assert [request.url for request in await run.take(limit=3)] == urls[:3]
    assert len(await run.take(limit=30_000)) == 20_000


# Taking


async def test_rows_are_taken_by_priority_then_depth_then_discovery(begin_run: BeginRun) -> None:
    run = await begin_run()
    requests = [
        NewRequest(url=at("deep"), depth=2),
        NewRequest(url=at("shallow"), depth=1),
        NewRequest(url=at("urgent"), depth=9, rank=5),
        NewRequest(url=at("shallow2"), depth=1),
        NewRequest(url=at("unloved"), depth=0, rank=-1),
        NewRequest(url=at("hop"), depth=4, rank=HOP_RANK),
        NewRequest(url=at(1, host="b.example")),
    ]

    await run.commit(PageCommit(id=0, requests=requests))

    expected = ["hop", "urgent", "shallow", "shallow2", "deep", "unloved"]
    assert await run.taken_urls() == [at(name) for name in expected]
    assert await run.taken_urls("b.example") == [at(1, host="b.example")]
    assert await run.taken_urls("c.example") == []


async def test_take_leaves_out_what_it_is_told_to_and_changes_nothing(begin_run: BeginRun) -> None:
    run = await begin_run()
    rows = await run.start(*(at(number) for number in range(6)))
    leave = [rows[0].id, rows[2].id, rows[5].id]

    taken = [await run.take(limit=2, leave=leave) for _ in range(2)]

    assert [request.url for request in taken[0]] == [at(1), at(3)]
    assert taken[0] == taken[1]
    assert [request.url for request in await run.take(leave=leave)] == [at(1), at(3), at(4)]


# Ending


async def test_an_ended_row_is_not_taken_again_and_its_line_says_how_it_ended(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    rows = await run.start(*(at(number) for number in range(5)))

    await run.commit(
        done(rows[0]),
        ended(rows[1], State.FAILED, "status"),
        ended(rows[2], State.DEAD, "timeout"),
        ended(rows[3], State.SKIPPED, SkipReason.ROBOTS),
    )

    books = run.store.books()
    assert (books.known, books.done, books.failed, books.dead, books.pending) == (5, 1, 1, 1, 1)
    assert books.skipped == {"robots": 1}
    assert await run.taken_urls() == [at(4)]
    assert [(line.url, line.outcome, line.reason) for line in await run.ledger()] == [
        (at(0), "done", None),
        (at(1), "failed", "status"),
        (at(2), "dead", "timeout"),
        (at(3), "skipped", "robots"),
        (at(4), "pending", None),
    ]


async def test_the_ledger_has_one_line_for_each_request_with_its_figures(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    (page,) = await run.start(at(1))
    await run.commit(done(page, at(2), at(3)))

    line, child, _ = await run.ledger()

    assert (line.status, line.attempts, line.depth, line.bytes, line.ms) == (200, 1, 0, 10, 5)
    assert (line.referrer, child.referrer) == (None, at(1))
    assert (child.depth, child.outcome, child.attempts) == (1, "pending", 0)


# Retries


async def test_a_retry_comes_when_it_is_due_and_from_nowhere_else(begin_run: BeginRun) -> None:
    run = await begin_run()
    rows = await run.start(at(1), at(2), at(3))
    await run.commit(again(rows[0], 50.0), again(rows[1], 40.0))

    assert await run.taken_urls() == [at(3)]
    assert await run.due(39.0) == ([], 40.0)
    ready, next_due = await run.due(45.0)
    assert ([request.url for request in ready], next_due) == ([at(2)], 50.0)
    assert ready[0].attempts == 1
    both, nothing = await run.due(50.0)
    assert ([request.url for request in both], nothing) == ([at(2), at(1)], None)
    assert run.store.books().pending == 3
    assert (await run.line(at(2))).reason == "timeout"


async def test_attempts_of_a_retry_add_up_and_its_fetch_number_does_not(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    (row,) = await run.start(at(1))

    for attempts in (1, 2, 3):
        await run.commit(again(row, float(attempts)))
        ((row,), _) = await run.due(10.0)
        assert (row.attempts, row.fetch_no) == (attempts, 1)
    await run.commit(done(row))

    assert (await run.line(at(1))).attempts == 4
    assert await run.due(10.0) == ([], None)


async def test_more_retries_than_asked_for_are_due_at_once(begin_run: BeginRun) -> None:
    run = await begin_run()
    rows = await run.start(*(at(number) for number in range(4)))
    await run.commit(*(again(row, float(row.id)) for row in rows))

    ready, next_due = await run.due(99.0, limit=3)
    rest, nothing = await run.due(99.0, limit=3, leave=[request.id for request in ready])

    assert [request.url for request in ready] == [at(0), at(1), at(2)]
    assert next_due == float(rows[3].id)
    assert ([request.url for request in rest], nothing) == ([at(3)], None)


async def test_a_retry_that_was_left_out_while_it_was_committed_is_still_announced(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    rows = await run.start(at(1), at(2))
    leave = [rows[0].id, rows[1].id]  # both were out when the question was made
    await run.commit(again(rows[0], 60.0), again(rows[1], 30.0))

    ready, next_due = await run.due(40.0, leave=leave)

    assert (ready, next_due) == ([], 60.0)


async def test_a_row_tried_again_at_once_is_ready(begin_run: BeginRun) -> None:
    run = await begin_run()
    (row,) = await run.start(at(1))

    await run.commit(ended(row, State.PENDING, "conn_reuse"))

    assert await run.taken_urls() == [at(1)]
    assert await run.due(1e9) == ([], None)


# Depth


async def test_a_pending_row_that_is_found_shallower_moves_up(begin_run: BeginRun) -> None:
    run = await begin_run()
    await run.commit(
        PageCommit(id=0, requests=[NewRequest(url=at(1), depth=5), NewRequest(url=at(2), depth=4)])
    )

    committed = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)])], depth=1))
    worse = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1), at(2)])], depth=6))

    assert [(request.url, request.depth) for request in committed.moved] == [(at(1), 2)]
    assert (committed.added, worse.moved) == ([], [])
    assert await run.taken_urls() == [at(1), at(2)]


async def test_improvements_of_one_row_within_a_batch_leave_the_best(begin_run: BeginRun) -> None:
    run = await begin_run()
    await run.commit(PageCommit(id=0, requests=[NewRequest(url=at(1), depth=9)]))

    committed = await run.commit(
        *(PageCommit(id=0, links=[LinkBatch([at(1)])], depth=depth) for depth in (6, 3, 5, 1, 4))
    )

    assert [(request.url, request.depth) for request in committed.moved] == [(at(1), 2)]
    assert (await run.one(at(1))).depth == 2


async def test_links_beyond_the_depth_limit_are_skipped_until_found_shallower(
    begin_run: BeginRun,
) -> None:
    run = await begin_run(max_depth=1)
    first, _ = await run.start(at(1), at(2))
    await run.commit(done(first, at(3)))
    middle = await run.one(at(3))
    deep = await run.commit(done(middle, at(4)))
    assert (deep.added, run.store.books().skipped) == ([], {"depth": 1})

    revived = await run.commit(done(await run.one(at(2)), at(4)))

    assert [(r.url, r.depth, r.parent_url) for r in revived.added] == [(at(4), 1, at(3))]
    assert (revived.moved, run.store.books().skipped) == ([], {})
    assert await run.taken_urls() == [at(4)]


async def test_a_done_page_hands_a_better_depth_on_down_a_chain(begin_run: BeginRun) -> None:
    run = await begin_run(max_depth=300)
    (row,) = await run.start(at(0))
    for number in range(1, 302):
        added = (await run.commit(done(row, at(number), at("other")))).added
        row = next((r for r in added if r.url == at(number)), row)
    assert run.store.books().skipped == {"depth": 1}

    # The chain is entered anew in its middle, one link away from the start.
    (start,) = await run.start(at("start"))
    committed = await run.commit(done(start, at(150)))

    assert [(r.url, r.depth) for r in committed.added] == [(at(301), 152)]
    assert (await run.line(at(300))).depth == 151
    assert (await run.line(at(149))).depth == 149
    assert run.store.books().skipped == {}


async def test_a_page_found_shallower_in_the_batch_in_which_it_ends_hands_it_on(
    begin_run: BeginRun,
) -> None:
    run = await begin_run(max_depth=2)
    chain = await run.start(at(0))
    for number in (1, 2):
        chain += (await run.commit(done(chain[-1], at(number)))).added
    (other,) = await run.start(at("other"))

    committed = await run.commit(done(chain[2], at(3)), done(other, at(2)))

    assert [(r.url, r.depth) for r in committed.added] == [(at(3), 2)]


async def test_what_a_page_asks_for_goes_by_its_depth_when_it_ends(begin_run: BeginRun) -> None:
    run = await begin_run(max_depth=2)
    chain = await run.start(at(0))
    for number in (1, 2):
        chain += (await run.commit(done(chain[-1], at(number)))).added
    out = chain[2]  # at depth 2, on its way
    (other,) = await run.start(at("other"))
    await run.commit(done(other, at(2)))

    asked = [
        NewRequest(url=at("asked"), depth=3),
        NewRequest(url=at("too"), depth=3, skip=SkipReason.DEPTH),
    ]
    committed = await run.commit(done(out, at("link"), requests=asked))

    assert [(r.url, r.depth) for r in committed.added] == [
        (at("link"), 2), (at("asked"), 2), (at("too"), 2),
    ]  # fmt: skip


async def test_a_redirect_hands_a_better_depth_on_to_where_it_leads(begin_run: BeginRun) -> None:
    run = await begin_run(max_depth=2)
    chain = await run.start(at(0))
    for number in (1, 2):
        chain += (await run.commit(done(chain[-1], at(number)))).added
    hop = NewRequest(url=at("landing"), depth=2, rank=HOP_RANK)
    moved_on = ended(chain[2], State.SKIPPED, SkipReason.REDIRECTED, requests=[hop])
    (landing,) = (await run.commit(moved_on)).added
    await run.commit(done(landing, at("behind")))
    assert run.store.books().skipped == {"redirected": 1, "depth": 1}

    (other,) = await run.start(at("other"))
    committed = await run.commit(done(other, at(2)))

    assert [(r.url, r.depth) for r in committed.added] == [(at("behind"), 2)]
    assert (await run.line(at("landing"))).depth == 1


async def test_a_retry_that_is_found_shallower_is_better_when_it_comes_and_not_before(
    begin_run: BeginRun,
) -> None:
    run = await begin_run(max_depth=9)
    await run.commit(PageCommit(id=0, requests=[NewRequest(url=at(1), depth=5)]))
    await run.commit(again(await run.one(at(1)), 70.0))

    committed = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)], "book", 1)], depth=0))

    assert (committed.moved, committed.added) == ([], [])
    assert await run.taken_urls() == []
    ((row,), _) = await run.due(70.0)
    assert (row.depth, row.label) == (1, "book")


async def test_depths_are_exact_beyond_a_byte(begin_run: BeginRun) -> None:
    run = await begin_run(max_depth=400)
    requests = [
        NewRequest(url=at("in"), depth=400),
        NewRequest(url=at("out"), depth=401),
        NewRequest(url=at("far"), depth=500),
    ]
    await run.commit(PageCommit(id=0, requests=requests))

    row = await run.one(at("in"))
    first = await run.commit(done(row, at("below")))
    second = await run.commit(PageCommit(id=0, links=[LinkBatch([at("far")])], depth=299))

    assert (first.added, run.store.books().skipped) == ([], {"depth": 2})
    assert [(r.url, r.depth) for r in second.added] == [(at("far"), 300)]


# Labels


async def test_the_label_that_comes_first_in_the_config_wins_until_the_row_has_ended(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()

    def found(label: str | None, rank: int) -> PageCommit:
        return PageCommit(id=0, links=[LinkBatch([at(1)], label, rank)])

    await run.commit(found("third", 3))
    later = await run.commit(found("fourth", 4))
    better = await run.commit(found("second", 2), found("first", 1), found(None, 0))
    row = await run.one(at(1))
    await run.commit(done(row))
    late = await run.commit(found("second", 2))

    assert (later.moved, later.label_conflicts) == ([], 1)
    assert [request.label for request in better.moved] == ["first"]
    assert (row.label, better.label_conflicts, late.label_conflicts) == ("first", 0, 1)


async def test_a_label_reaches_a_row_that_has_none(begin_run: BeginRun) -> None:
    run = await begin_run()
    await run.start(at(1))

    committed = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)], "book", 2)]))

    assert [request.label for request in committed.moved] == ["book"]
    assert (await run.one(at(1))).label == "book"


async def test_a_label_found_while_a_row_is_too_deep_counts_once_it_is_not(
    begin_run: BeginRun,
) -> None:
    run = await begin_run(max_depth=1)
    await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)], "plain", 2)], depth=5))
    still = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)], "book", 1)], depth=4))

    committed = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)])], depth=0))

    assert (still.added, still.label_conflicts) == ([], 0)
    assert [(r.depth, r.label) for r in committed.added] == [(1, "book")]


async def test_a_label_alone_does_not_change_a_depth(begin_run: BeginRun) -> None:
    run = await begin_run(max_depth=500)
    await run.commit(PageCommit(id=0, requests=[NewRequest(url=at(1), depth=300)]))

    committed = await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)], "book", 1)], depth=400))

    assert [(r.depth, r.label) for r in committed.moved] == [(300, "book")]


# All or nothing


async def test_a_commit_whose_outputs_fail_changes_nothing_and_none_can_follow(
    begin_run: BeginRun,
) -> None:
    run = await begin_run(max_depth=5)
    first, second = await run.start(at(1), at(2))
    before = (await run.ledger(), run.store.books(), await run.take())

    def full() -> list[Mark]:
        raise OutputError("disk full")

    pages = [done(first, at(3), at(1, host="new.example")), again(second, 5.0)]
    with pytest.raises(OutputError, match="disk full"):
        await run.store.commit(run.grant, Batch(pages=pages), full)

    assert (await run.ledger(), run.store.books(), await run.take()) == before
    assert await run.due(10.0) == ([], None)
    with pytest.raises(StateError, match="last commit failed"):
        await run.commit(done(first, at(3)))


async def test_a_page_that_no_row_stands_for_fails_the_commit_whole(begin_run: BeginRun) -> None:
    run = await begin_run()
    (first,) = await run.start(at(1))
    before = (await run.ledger(), run.store.books())
    bad = NewRequest(url="no url at all")  # whatever breaks half-way

    with pytest.raises(ValueError, match="substring not found"):
        await run.commit(done(first, at(2)), PageCommit(id=0, requests=[bad]))

    assert (await run.ledger(), run.store.books()) == before


# Ending many at once


async def test_ready_rows_of_a_host_end_together_best_first_but_for_starts_and_what_is_left_out(
    begin_run: BeginRun,
) -> None:
    run = await begin_run()
    (start,) = await run.start(at(1))
    await run.commit(done(start, *(at(n) for n in range(2, 12))))
    await run.start(at(99))
    rows = await run.take()
    due = await run.one(at(5))
    await run.commit(again(due, 50.0))
    end = HostEnd(state=State.DEAD, reason="unavailable", error="gone", limit=4)
    leave = frozenset(row.id for row in rows if row.url in (at(2), at(3)))

    counts = [await run.store.end_ready(run.grant, HOST, end, leave) for _ in range(3)]

    assert counts == [4, 3, 0]
    assert sorted(await run.taken_urls()) == sorted([at(2), at(3), at(99)])
    line = await run.line(at(4))
    assert (line.outcome, line.reason, line.error) == ("dead", "unavailable", "gone")
    assert run.store.books().dead == 7
    assert (await run.due(60.0))[0][0].url == at(5)


async def test_no_row_of_another_host_ends_with_them(begin_run: BeginRun) -> None:
    run = await begin_run()
    (start,) = await run.start(at(1))
    await run.commit(done(start, at(2)))
    end = HostEnd(state=State.DEAD, reason="unavailable", error="gone")

    ended = await run.store.end_ready(run.grant, "nobody.example", end, frozenset())

    assert ended == 0
    assert await run.taken_urls() == [at(2)]
