"""A job that is ended, or whose disk fails, at a named point ends as if nothing had happened.

A sample; `python -m scripts.soak.fail_points` tries every point at every hit.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from crawler.fail_points import VARIABLE
from scripts.soak.fail_points import WOUNDS, Bench, Failure, Tried, points

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

pytestmark = pytest.mark.slow

Benches = Callable[[str], Bench]
#: Changes with the calendar of nobody: the same sample each time.
CHANCE = random.Random(5)
#: Points with a part in every run that ends, and hits that each of them has.
OFTEN = (
    "begin.before", "commit.begin", "commit.before", "commit.after", "output.open",
    "output.write.half", "output.write.after", "output.sync.before", "replace.after",
    "render.write", "swap.before", "swap.after", "file.write.half", "file.rename.before",
    "folder.sync.after", "ledger.rename.before", "end.before", "end.after", "settle.before",
    "transform.after", "outbox.settle", "page.after", "store.make.before",
)  # fmt: skip


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    """Benches by backend, each made when it is first asked for."""
    with ExitStack() as stack:
        made: dict[str, Bench] = {}

        def bench(backend: str) -> Bench:
            if backend not in made:
                home = tmp_path_factory.mktemp(backend)
                new = Bench(home, backend=backend, slots=False, retry=False)
                made[backend] = stack.enter_context(new)
            return made[backend]

        yield bench


@pytest.fixture(scope="module")
def third_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A job that tells events, before its third night."""
    home = tmp_path_factory.mktemp("nights")
    with Bench(home, backend="asyncio", slots=False, retry=False, incremental=True) as bench:
        yield bench


@pytest.mark.parametrize("failure", ["items.settle:3:kill", "settling.after:1:kill"])
def test_a_kill_while_events_are_told_loses_and_doubles_none(
    third_night: Bench, failure: str
) -> None:
    tried = Tried()

    assert third_night.try_out([failure], tried)
    assert not tried.bad, tried.wrong


def sample(count: int) -> list[Failure]:
    return [Failure(point, 1, "kill") for point in sorted(CHANCE.sample(OFTEN, count))]


@pytest.mark.parametrize("failure", sample(6), ids=str)
def test_a_kill_at_any_point_loses_and_doubles_nothing(benches: Benches, failure: Failure) -> None:
    tried = Tried()

    assert benches("asyncio").try_out([failure], tried)

    assert tried == Tried(hits=1)


@pytest.mark.parametrize("failure", sample(3), ids=str)
def test_so_does_one_on_the_backend_of_threads(benches: Benches, failure: Failure) -> None:
    tried = Tried()

    assert benches("threads").try_out([failure], tried)

    assert tried == Tried(hits=1)


@pytest.mark.parametrize(
    ("wound", "failure"),
    [
        (WOUNDS[1], Failure("output.cut.before", 1, "kill")),
        (WOUNDS[4], Failure("recover.copy", 1, "kill")),
        (WOUNDS[6], Failure("again.after", 1, "kill")),
    ],
    ids=str,
)
def test_a_kill_during_the_recovery_from_a_kill_loses_and_doubles_nothing(
    benches: Benches, wound: str, failure: Failure
) -> None:
    tried = Tried()

    assert benches("asyncio").try_out([wound, failure], tried)

    assert tried == Tried(hits=1)


@pytest.mark.parametrize(
    "failure",
    [
        Failure("commit.before", 2, "enospc"),
        Failure("output.write.half", 3, "enospc"),
        Failure("output.sync.before", 1, "eio"),
        Failure("file.rename.before", 1, "enospc"),
        Failure("commit.after", 2, "raise"),
    ],
    ids=str,
)
def test_a_failing_disk_ends_with_words_and_the_next_run_is_as_if_it_had_not(
    benches: Benches, failure: Failure
) -> None:
    tried = Tried()

    assert benches("asyncio").try_out([failure], tried)

    assert tried == Tried(hits=1)


@pytest.mark.parametrize("point", ["end.before", "settle.before", "settle.after"])
async def test_an_error_once_the_run_is_over_names_no_command_that_would_be_refused(
    job: Job, site: Site, point: str
) -> None:
    site.html("/")
    job.write(output=[{"path": "out.csv"}])

    failed = await job.run(env={VARIABLE: f"{point}:1:raise"})
    resumed = await job.run("--resume")

    assert failed.code == 1
    assert ("--resume" in failed.err) == (resumed.code == 0) == (point == "end.before")
    assert "state saved" in failed.err or "the run is over" in failed.err


def test_only_points_of_the_disk_have_failures_of_the_disk() -> None:
    assert set(points("enospc", "")) < set(points("raise", ""))
    assert "output.write.half" in points("eio", "")
