"""Several jobs at one host, in any order: nobody comes too early, and everybody comes."""

from __future__ import annotations

import heapq
import random
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.storage.own_folder import VARIABLE
from crawler.storage.shared_clocks import SharedClocks
from tests.property.examples import examples

HOST = "a.example"


@dataclass
class Job:
    """Asks whenever it may, as a crawl does.

    Attributes:
        delay: That it wants.
        late: Seconds by which its loop is late at most.
        takes: Seconds that its requests take at most.
        dies: The number of the request in whose midst it is killed; 0 for none.
    """

    delay: float
    late: float
    takes: float
    dies: int


@dataclass(frozen=True)
class Sent:
    job: int
    at: float
    until: float


jobs = st.builds(
    Job,
    delay=st.sampled_from([0.05, 0.3, 1.0, 1.0, 2.5]),
    late=st.sampled_from([0.0, 0.001, 0.01]),
    takes=st.sampled_from([0.0, 0.1, 0.7, 3.0]),
    dies=st.sampled_from([0, 0, 0, 1, 4]),
)

#: Each one is some hundred locks of a real file.
few = settings(examples(), max_examples=min(60, examples().max_examples))
chances = st.integers(0, 1 << 32).map(random.Random)


def played(folder: str, crew: list[Job], seconds: float, chance: random.Random) -> list[Sent]:
    """Let jobs ask one host until a time; return what the server sees."""
    clocks = [SharedClocks({VARIABLE: folder}, lambda line: None) for _ in crew]
    begin = 1000.0
    queue: list[tuple[float, int, str]] = [
        (begin + chance.random(), number, "ask") for number in range(len(crew))
    ]
    heapq.heapify(queue)
    sent: list[Sent] = []
    count: Counter[int] = Counter()
    while queue[0][0] < begin + seconds:
        now, number, what = heapq.heappop(queue)
        job, clock, late = crew[number], clocks[number], crew[number].late * chance.random()
        if what == "ask":
            at = clock.take_turn(HOST, delay=job.delay, concurrency=1, now=now)
            if at > now:
                heapq.heappush(queue, (at + late, number, "ask"))
                continue
            # A connection comes first; the request is sent some time before its end.
            until = now + job.takes * chance.random()
            at = now + (until - now) * chance.random()
            sent.append(Sent(number, at, until))
            count[number] += 1
            what = "die" if count[number] == job.dies else f"end {at!r}"
            heapq.heappush(queue, (until, number, what))
        elif what == "die":
            clock.close()  # the kernel does no more than this
            clocks[number] = SharedClocks({VARIABLE: folder}, lambda line: None)
            heapq.heappush(queue, (now, number, "ask"))
        else:
            at = float(what.removeprefix("end "))
            clock.end_turn(HOST, delay=job.delay, sent=at, now=now)
            # The delay of its own is the frontier's.
            heapq.heappush(queue, (max(now, at + job.delay) + late, number, "ask"))
    for clock in clocks:
        clock.close()
    return sent


@few
@given(st.lists(jobs, min_size=1, max_size=4), chances)
def test_the_larger_delay_lies_between_any_two_requests_and_none_overlap(
    crew: list[Job], chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sent = played(folder, crew, 30.0, chance)

    for first, second in pairwise(sent):
        wanted = max(crew[first.job].delay, crew[second.job].delay)
        assert second.at - first.at >= wanted - 1e-9, (first, second)
        assert second.at >= first.until - 1e-9, (first, second)


@few
@given(st.lists(jobs, min_size=2, max_size=4), chances)
def test_no_job_is_kept_waiting_for_ever(crew: list[Job], chance: random.Random) -> None:
    round_trip = sum(max(job.delay for job in crew) + job.takes + 1.0 for job in crew)
    with tempfile.TemporaryDirectory() as folder:
        sent = played(folder, crew, 12 * round_trip, chance)

    asked = Counter(one.job for one in sent)

    assert all(asked[number] >= 2 for number in range(len(crew))), asked
