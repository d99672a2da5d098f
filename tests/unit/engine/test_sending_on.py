"""A place that an answer frees is filled before the next answer is looked at."""

from __future__ import annotations

from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, State
from crawler.testing.fake_fetcher import Script, html
from tests.unit.engine.rig import START, Rig

STARTS = tuple(f"{START}{number}" for number in range(6))
PAGES: dict[str, Script] = {url: html() for url in STARTS}


async def test_answers_of_one_moment_are_each_followed_by_a_request() -> None:
    rig = Rig(starts=STARTS, per_host=3, concurrency=3, obey=False)
    await rig.open()
    sent: list[int] = []

    def judge(request: QueuedRequest) -> PageOutcome:
        sent.append(len(workers.submitted))
        return PageOutcome(request=request, state=State.DONE, status=200)

    workers = rig.judged_by(judge)
    await rig.run()

    assert sent == [3, 4, 5, 6, 6, 6]


async def test_the_answer_that_reaches_the_limit_of_pages_is_followed_by_none() -> None:
    rig = Rig(starts=STARTS, per_host=3, concurrency=3, limits={"max_pages": 2}, script=PAGES)

    end = await rig.run()

    assert (end.reason, end.finished) == ("max_pages", True)
    assert [line.outcome for line in (await rig.ledger()).values()].count("done") == 2
