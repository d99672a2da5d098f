"""A run that is interrupted, by a signal or by SIGKILL, and what comes after it."""

from __future__ import annotations

import asyncio
import shlex
import signal
from typing import TYPE_CHECKING, Any

import pytest

from crawler.app.run.stop_signals import ECHO

if TYPE_CHECKING:
    from tests.acceptance.conftest import Held, Job, Site

LEAVES = 12


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(LEAVES)


@pytest.fixture
def held(site: Site, paths: list[str]) -> Held:
    """The page in the middle waits, and with it, one request at a time, all after it."""
    return site.hold("/leaf5")


async def interrupted(job: Job, held: Held, number: signal.Signals | None, *options: str) -> None:
    """Run until the held page is asked for, then stop the run; None is SIGKILL of the group."""
    running = await job.start(*options)
    await held.asked.wait()
    if number is None:
        await running.kill()
        held.answer.set()
        return
    running.send(number)
    await running.said("stopping")
    held.answer.set()
    await running.end()


def contents(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return items without their ids, which are made with a seed of the state."""
    bare = [{k: v for k, v in item.items() if k != "_id"} for item in items]
    return sorted(bare, key=lambda item: str(item["url"]))


def assert_whole(job: Job, paths: list[str], path: str | None = None) -> None:
    """Every page has its item, once; no two have the same id; the books balance."""
    assert sorted(job.paths(path)) == sorted(paths)
    assert len({item["_id"] for item in job.items(path)}) == len(paths)
    rows = job.requests()
    assert sorted(rows) == sorted(paths)
    assert {row["outcome"] for row in rows.values()} == {"done"}
    books = job.summary()["books"]
    assert (books["known"], books["done"], books["pending"]) == (len(paths), len(paths), 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_saves_the_state_and_the_printed_command_completes_the_run(
    job: Job, site: Site, paths: list[str], held: Held, number: signal.Signals, code: int
) -> None:
    job.write()
    running = await job.start("--set", "checks.min_items=13", "--dir", ".")
    await held.asked.wait()
    running.send(number)
    await running.said("stopping: finishing what is in flight")
    held.answer.set()
    stopped = await running.end()
    run_id, summary = job.reports[0].name, job.summary()
    books = summary["books"]

    command = stopped.err.splitlines()[-1].partition("go on with: ")[2]
    words = shlex.split(command)
    ran = await job.run("--", *words[words.index("crawler") + 1 :])

    assert stopped.code == code
    assert "INTERRUPTED" in stopped.err
    assert (summary["exit"], summary["reason"]) == (code, number.name)
    assert 0 < books["done"] < len(paths)
    assert books["pending"] == books["known"] - books["done"]
    assert words[-3:] == ["--resume", "--set", "checks.min_items=13"]
    assert ran.code == 0
    assert [folder.name for folder in job.reports] == [run_id]
    assert job.summary()["resumed"]
    assert site.hits["/leaf5"] == 1
    assert_whole(job, paths)


async def test_quiet_still_prints_how_to_go_on(job: Job, held: Held) -> None:
    job.write()
    running = await job.start("-q")
    await held.asked.wait()
    running.send(signal.SIGINT)
    await running.said("stopping")
    held.answer.set()

    ran = await running.end()

    assert "go on with: python -m crawler job.yaml --resume" in ran.err


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_second_signal_does_not_wait(
    job: Job, paths: list[str], held: Held, loop: str
) -> None:
    job.write(run={"loop": loop})
    running = await job.start()
    await held.asked.wait()
    running.send(signal.SIGINT)
    await running.said("stopping")
    await asyncio.sleep(ECHO)
    running.send(signal.SIGINT)

    stopped = await running.end()  # the page is still held
    held.answer.set()
    ran = await job.run()

    assert (stopped.code, ran.code) == (130, 0)
    assert_whole(job, paths)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_second_signal_ends_even_a_callback_that_never_does(
    job: Job, site: Site, loop: str
) -> None:
    site.html("/")
    held = asyncio.Event()

    async def play(exchange: Any) -> None:
        held.set()
        await exchange.send(site.answer("", 404))

    site.pages["/stuck"] = play
    job.spider(
        "import urllib.request\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        while True:\n"
        "            try:\n"
        "                urllib.request.urlopen(response.urljoin('/stuck'))\n"
        "            except OSError:\n"
        "                pass\n",
        run={"loop": loop},
    )
    running = await job.start()
    await held.wait()
    running.send(signal.SIGINT)
    # The callback goes on. A request may have left before the signal came; the one after it has
    # not, and two signals that come at once would be one.
    for _ in range(2):
        held.clear()
        await held.wait()
    await asyncio.sleep(ECHO)
    running.send(signal.SIGINT)

    ran = await running.end()

    assert ran.code == 130
    assert "go on with: python -m crawler job.yaml --resume" in ran.err


@pytest.mark.parametrize("durability", ["process", "power_loss"])
async def test_a_kill_loses_and_repeats_nothing(
    job: Job, site: Site, paths: list[str], held: Held, durability: str
) -> None:
    job.write(run={"durability": durability})
    await interrupted(job, held, None)
    before = dict(site.hits)

    ran = await job.run()
    killed = contents(job.items())
    calm = await job.run("--forget", "-o", "calm.jsonl")

    assert (ran.code, calm.code) == (0, 0)
    assert "goes on" in ran.err
    assert len(job.reports) == 2  # one of the killed run, one of the calm
    assert killed == contents(job.items("calm.jsonl"))
    assert len(killed) == len(paths)
    assert job.summary(0)["resumed"]
    assert sum(count > 1 for count in before.values()) == 0


async def test_a_kill_at_the_first_page_and_again_later_keeps_the_runs_id(
    job: Job, site: Site, paths: list[str], held: Held
) -> None:
    job.write()
    first = site.hold("/")
    await interrupted(job, first, None)
    await interrupted(job, held, None)

    ran = await job.run()

    assert ran.code == 0
    assert len(job.reports) == 1
    assert_whole(job, paths)


@pytest.mark.parametrize("mode", ["append", "replace", "new"])
async def test_after_a_kill_each_mode_has_every_item_once(
    job: Job, paths: list[str], held: Held, mode: str
) -> None:
    job.write(output=[{"path": "out.jsonl", "mode": mode}])
    await interrupted(job, held, None)

    ran = await job.run()

    assert ran.code == 0
    assert_whole(job, paths, "out.jsonl")


async def test_lines_that_no_commit_vouches_for_are_cut_off(
    job: Job, paths: list[str], held: Held
) -> None:
    job.write()
    await interrupted(job, held, None)
    (data,) = (job.folder / "data/job").glob("*.jsonl")
    with data.open("ab") as file:
        file.write(b'{"title": "/leaf5", "url"')  # as when the kill comes in a write

    ran = await job.run()

    assert ran.code == 0
    assert_whole(job, paths)


async def test_an_output_that_changed_meanwhile_is_exit_5_and_left_alone(
    job: Job, site: Site, paths: list[str], held: Held
) -> None:
    job.write()
    await interrupted(job, held, None)
    (data,) = (job.folder / "data/job").glob("*.jsonl")
    data.write_text("edited\n")
    site.hits.clear()

    refused = [await job.run(*options) for options in ((), ("--fresh",), ("--forget",))]

    assert [one.code for one in refused] == [5, 5, 5]
    assert all(str(data) in one.err for one in refused)
    assert (data.read_text(), dict(site.hits)) == ("edited\n", {})


async def test_fresh_after_a_kill_cuts_the_old_output_back_and_begins_anew(
    job: Job, paths: list[str], held: Held
) -> None:
    job.write(output=[{"path": "{run_id}.jsonl"}])
    await interrupted(job, held, None)
    (old,) = job.folder.glob("*.jsonl")
    with old.open("ab") as file:
        file.write(b'{"half a')

    ran = await job.run("--fresh")

    names = sorted(path.name for path in job.folder.glob("*.jsonl"))
    assert ran.code == 0
    assert len(names) == 2
    assert not job.summary()["resumed"]
    assert 0 < len(job.paths(names[0])) < len(paths)  # whole lines only, or this fails
    assert_whole(job, paths, names[1])


async def test_a_file_that_would_hold_half_a_run_is_refused(
    job: Job, paths: list[str], held: Held
) -> None:
    job.write()
    await interrupted(job, held, None)
    job.write(output=[{"path": "latest.jsonl", "mode": "replace"}])

    ran = await job.run()

    assert ran.code == 2
    assert "--fresh" in ran.err
    assert not (job.folder / "latest.jsonl").exists()


async def test_forget_wipes_the_history(job: Job, paths: list[str], held: Held) -> None:
    job.write()
    await interrupted(job, held, signal.SIGTERM)

    ran = await job.run("--forget")

    assert (ran.code, len(job.reports)) == (0, 2)
    assert not job.summary()["resumed"]


async def test_after_a_finished_run_comes_a_fresh_one(job: Job, paths: list[str]) -> None:
    job.write()

    codes = [(await job.run()).code for _ in range(2)]

    assert codes == [0, 0]
    assert len({folder.name for folder in job.reports}) == 2
    assert not job.summary()["resumed"]
    assert len(job.items()) == 2 * len(paths)


async def test_a_run_that_a_limit_ended_is_finished(job: Job, paths: list[str]) -> None:
    job.write(scope={"max_pages": 3})
    assert (await job.run()).code == 0

    refused = await job.run("--resume")

    assert refused.code == 2


async def test_a_change_of_output_and_limits_goes_on_and_says_so(
    job: Job, paths: list[str], held: Held
) -> None:
    job.write()
    await interrupted(job, held, None)
    job.write(
        scope={"max_runtime": "1h"}, checks={"min_items": 13}, output=[{"path": "rest.jsonl"}]
    )

    ran = await job.run()

    assert ran.code == 0
    said = next(line for line in ran.err.splitlines() if "changed" in line)
    assert all(key in said for key in ("scope.max_runtime", "checks.min_items", "output"))
    assert sorted(job.paths() + job.paths("rest.jsonl")) == sorted(paths)


async def test_a_change_of_what_is_crawled_is_refused_and_names_fresh(
    job: Job, site: Site, paths: list[str], held: Held
) -> None:
    job.write()
    await interrupted(job, held, None)
    site.hits.clear()

    for change in (
        {"scope": {"deny": ["/x/**"]}},
        {"follow": [{"css": "a"}]},
        {"start": ["http://127.0.0.1/"]},
    ):
        job.write(**change)
        refused = await job.run()

        assert refused.code == 2
        assert next(iter(change)) in refused.err
        assert "--fresh" in refused.err
    assert not site.hits
    job.write()
    assert (await job.run()).code == 0
    assert_whole(job, paths)


async def test_without_durability_an_interrupted_run_begins_anew_and_says_so(
    job: Job, site: Site, paths: list[str], held: Held
) -> None:
    job.write(run={"durability": "off"})
    running = await job.start()
    await held.asked.wait()
    running.send(signal.SIGINT)
    await running.said("stopping")
    held.answer.set()
    stopped = await running.end()

    resumed, ran = await job.run("--resume"), await job.run()

    assert (stopped.code, resumed.code, ran.code) == (130, 2, 0)
    assert "nothing is kept with run.durability: off" in stopped.err
    assert "run.durability: off" in resumed.err
    assert not (job.folder / "state/job/crawl.sqlite").exists()
    assert site.hits["/"] == 2


async def test_the_state_of_a_spider_and_its_arguments_outlive_a_kill(
    job: Job, site: Site, paths: list[str], held: Held
) -> None:
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response, rank=0):\n"
        "        self.state['seen'] = self.state.get('seen', 0) + 1\n"
        "        yield {'url': response.url, 'rank': rank, 'seen': self.state['seen']}\n"
        "        for rank, link in enumerate(response.css('a')):\n"
        "            yield response.follow(link, self.parse, cb_kwargs={'rank': rank})\n",
        run={"workers": 1},  # each of several has a spider of its own, and no state
    )
    await interrupted(job, held, None)

    ran = await job.run()

    items = job.items()
    assert ran.code == 0
    assert sorted(item["seen"] for item in items) == list(range(1, len(paths) + 1))
    assert {item["url"]: item["rank"] for item in items} == {
        site.url(path): max(0, number - 1) for number, path in enumerate(paths)
    }


async def test_the_loop_makes_no_difference_to_the_items(job: Job, paths: list[str]) -> None:
    job.write()

    for loop in ("asyncio", "uvloop"):
        ran = await job.run("--set", f"run.loop={loop}", "-o", f"{loop}.jsonl")
        assert (ran.code, job.summary()["loop"]) == (0, loop)

    one, other = (
        [{k: v for k, v in item.items() if k != "_id"} for item in job.items(f"{loop}.jsonl")]
        for loop in ("asyncio", "uvloop")
    )
    assert one == other
