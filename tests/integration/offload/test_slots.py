"""Real processes, and everything that a function may do to them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crawler.errors import OffloadError
from crawler.offload.offloaded import Codec, Done, Kind, Offloaded, Refused
from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots

pytestmark = pytest.mark.slow

JOBS = str(Path(__file__).with_name("jobs.py"))
WILD, DOUBLE, PID = f"{JOBS}:wild", f"{JOBS}:double", f"{JOBS}:pid"


@pytest.fixture
async def slots() -> AsyncIterator[Slots]:
    async with Slots(2, SlotLimits(timeout=10)) as slots:
        yield slots


def value(answer: Offloaded) -> object:
    assert isinstance(answer, Done), answer
    return answer.value


def refusal(answer: Offloaded) -> Refused:
    assert isinstance(answer, Refused), answer
    return answer


async def test_values_come_back_to_those_who_asked(slots: Slots) -> None:
    answers = await asyncio.gather(*(slots.call(DOUBLE, n) for n in range(500)))

    assert [value(one) for one in answers] == [2 * n for n in range(500)]
    assert slots.counts.accepted == slots.counts.done == 500
    assert slots.counts.batches < 250


async def test_processes_are_others_and_carry_nothing_they_do_not_need(slots: Slots) -> None:
    pids = {value(one) for one in await asyncio.gather(*(slots.call(PID, n) for n in range(50)))}
    loaded = value(await slots.call(f"{JOBS}:modules", 0))

    assert pids <= set(slots.pids)
    assert os.getpid() not in pids
    assert slots.preloaded
    assert isinstance(loaded, list)
    assert not {"aiohttp", "asyncio", "pytest", "sqlite3", "ssl"} & set(loaded)


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("exit", Kind.DIED, "ended with exit code 7"),
        ("segfault", Kind.DIED, "ended by SIGSEGV, in"),
        ("two", Kind.RAISED, "TwoArguments: 1 (offload/jobs.py:"),
        ("treacherous", Kind.RAISED, "Treacherous"),
        ("leave", Kind.RAISED, "SystemExit: 3"),
        ("lambda", Kind.UNPICKLABLE, "of type function, cannot be sent"),
        ("memory", Kind.MEMORY, "MemoryError"),
    ],
)
async def test_what_goes_wrong_is_told_and_hurts_nobody_else(
    slots: Slots, what: str, kind: Kind, said: str
) -> None:
    answers = await asyncio.gather(*(slots.call(WILD, one) for one in [1, 2, what, 3, 4]))

    assert [value(one) for one in answers if isinstance(one, Done)] == [1, 2, 3, 4]
    refused = refusal(answers[2])
    assert refused.kind == kind
    assert said in refused.message
    assert "\n" not in refused.message


@pytest.mark.parametrize("what", ["hang", "hold"])
async def test_what_never_ends_is_ended_and_told_where_it_was(what: str) -> None:
    async with Slots(2, SlotLimits(timeout=0.3)) as slots:
        answers = await asyncio.gather(*(slots.call(WILD, one) for one in [1, what, 2]))

    assert [value(one) for one in answers if isinstance(one, Done)] == [1, 2]
    refused = refusal(answers[1])
    assert refused.kind == Kind.TIMEOUT
    assert "not done after 0.3 s, in " in refused.message
    assert "offload/jobs.py" in refused.message


async def test_a_large_value_comes_through(slots: Slots) -> None:
    answer = await slots.call(WILD, "large")

    assert isinstance(answer, Done)
    assert len(answer.value) == 200_000_000


async def test_a_process_killed_while_it_sends_is_noticed() -> None:
    # A limit that has passed before a value of 200 MB is through the pipe.
    async with Slots(1, SlotLimits(timeout=0.0)) as slots:
        answer = await slots.call(WILD, "large")
        after = await slots.call(DOUBLE, 4)

    assert refusal(answer).kind == Kind.TIMEOUT
    assert value(after) == 8


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS")
async def test_a_payload_beyond_the_memory_limit_is_refused_and_nothing_hangs() -> None:
    limits = SlotLimits(timeout=10, memory=64 << 20)
    async with Slots(1, limits) as slots:
        answer = await slots.call(DOUBLE, b"x" * (150 << 20))
        after = await slots.call(DOUBLE, 4)

    assert refusal(answer).kind == Kind.MEMORY
    assert value(after) == 8


async def test_a_process_that_has_grown_is_replaced() -> None:
    async with Slots(1, SlotLimits(timeout=10, memory=256 << 20)) as slots:
        first = value(await slots.call(f"{JOBS}:grow", 150 << 20))
        second = value(await slots.call(PID, 0))

    assert first != second
    assert slots.counts.recycled == 1
    assert not slots.counts.deaths


async def test_a_function_that_is_not_there_is_refused_with_a_hint(slots: Slots) -> None:
    near = await slots.check(f"{JOBS}:doubl")
    module = await slots.check("no_such_module:f")
    asynchronous = await slots.check(f"{JOBS}:later")
    called = await slots.call(f"{JOBS}:doubl", 1)

    assert near is not None
    assert near.message.endswith("did you mean 'double'?")
    assert module is not None
    assert "there is no module no_such_module" in module.message
    assert asynchronous is not None
    assert "async" in asynchronous.message
    assert refusal(called).kind == Kind.NOT_IMPORTABLE
    assert await slots.check(DOUBLE) is None


async def test_a_module_that_ends_its_process_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "deadly.py").write_text("import os\nos._exit(5)\n")
    async with Slots(1) as slots:
        refused = await slots.check(f"{tmp_path / 'deadly.py'}:f")

    assert refused is not None
    assert "ended with exit code 5" in refused.message


async def test_a_script_without_a_guard_is_told_what_it_lacks(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio\n"
        "from crawler.offload.slots import Slots\n"
        "def f(x): return x\n"
        "async def main():\n"
        "    async with Slots(1) as slots:\n"
        "        print(await slots.check(__file__ + ':f'))\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    out, _ = await process.communicate()

    assert b'put the call under: if __name__ == "__main__":' in out
    assert b"Traceback" not in out


async def test_payloads_that_cannot_be_sent_are_refused_at_once(slots: Slots) -> None:
    assert refusal(await slots.call(DOUBLE, lambda: 1)).kind == Kind.UNPICKLABLE


async def test_json_goes_in_and_comes_out_as_it_is_written(slots: Slots) -> None:
    good = await slots.call(WILD, b'{"a": [1, 2.50]}', Codec.JSON)
    bad = await slots.call(WILD, b"{", Codec.JSON)

    assert value(good) == b'{"a":[1,2.5]}'
    assert refusal(bad).kind == Kind.UNREADABLE


async def test_a_function_that_always_kills_stops_the_slots() -> None:
    async with Slots(1, SlotLimits(timeout=10)) as slots:
        answers = await asyncio.gather(
            *(slots.call(WILD, "exit") for _ in range(20)), return_exceptions=True
        )
        with pytest.raises(OffloadError, match="exit code 7"):
            await slots.call(DOUBLE, 1)

    refused = [one for one in answers if isinstance(one, Refused)]
    stopped = [one for one in answers if isinstance(one, OffloadError)]
    assert len(refused) == 5
    assert len(stopped) == 15


async def test_bytes_under_way_stay_within_the_budget() -> None:
    limits = SlotLimits(timeout=10, byte_budget=1 << 20)
    most = 0
    async with Slots(1, limits) as slots:

        async def call() -> None:
            nonlocal most
            await slots.accept(WILD, b"x" * 100_000)
            most = max(most, slots.held)

        await asyncio.gather(*(call() for _ in range(40)))
        await slots.close()

    assert most <= 1 << 20
    assert slots.held == 0
    assert slots.counts.done == 40


async def test_closing_finishes_what_was_taken_and_refuses_the_rest() -> None:
    slots = Slots(2)
    await slots.start()
    taken = [await slots.accept(DOUBLE, n) for n in range(100)]
    await slots.close(grace=30)

    assert [value(one.result()) for one in taken] == [2 * n for n in range(100)]
    with pytest.raises(OffloadError, match="closed"):
        await slots.call(DOUBLE, 1)
    assert alive(slots.pids) == []


async def test_closing_without_grace_kills_what_hangs() -> None:
    slots = Slots(1)
    await slots.start()
    taken = await slots.accept(WILD, "hold")
    await asyncio.sleep(0)  # let the slot take it
    pids = slots.pids
    await slots.close(grace=0)

    assert isinstance(taken.exception(), OffloadError)
    assert alive(pids) == []


async def test_slots_that_stopped_close_although_another_is_in_the_middle_of_its_work() -> None:
    async with asyncio.timeout(30):
        async with Slots(2, SlotLimits(timeout=60)) as slots:
            held = asyncio.create_task(slots.call(WILD, "hold"))
            deadly = [asyncio.create_task(slots.call(WILD, "exit")) for _ in range(8)]
            ended = await asyncio.gather(held, *deadly, return_exceptions=True)
            pids = slots.pids

    assert isinstance(ended[0], OffloadError)
    assert alive(pids) == []


async def test_a_thread_that_a_function_leaves_behind_keeps_nobody_from_closing() -> None:
    async with asyncio.timeout(30), Slots(1) as slots:
        answer = await slots.call(WILD, "thread")
        pids = slots.pids
        await slots.close()

    assert value(answer) is None
    assert alive(pids) == []


async def test_processes_that_a_function_started_end_with_its_own(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    async with Slots(1, SlotLimits(timeout=1.0)) as slots:
        answer = await slots.call(f"{JOBS}:family", str(note))

    family = [int(line) for line in note.read_text().split()]
    assert refusal(answer).kind == Kind.TIMEOUT
    assert len(family) == 2  # it was given a second chance
    assert alive(family) == []


async def test_giving_up_on_an_answer_costs_no_slot(slots: Slots) -> None:
    asked = [asyncio.create_task(slots.call(DOUBLE, n)) for n in range(50)]
    await asyncio.sleep(0)
    for one in asked[::2]:
        one.cancel()
    rest = await asyncio.gather(*asked[1::2])
    await slots.close(grace=30)

    assert [value(one) for one in rest] == [2 * n for n in range(1, 50, 2)]
    assert slots.held == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_to_the_group_leaves_slots_alone(
    slots: Slots, number: signal.Signals
) -> None:
    before = slots.pids
    await slots.call(DOUBLE, 1)
    for pid in before:
        os.kill(pid, number)

    assert value(await slots.call(DOUBLE, 2)) == 4
    assert slots.pids == before


async def test_what_a_function_prints_goes_to_standard_error() -> None:
    out, err = await run_parent("print")

    assert b"from a slot" in err
    assert b"from a slot" not in out


async def test_spawned_processes_do_as_well() -> None:
    async with Slots(1, method="spawn") as slots:
        assert value(await slots.call(DOUBLE, 21)) == 42


async def test_no_process_outlives_a_killed_parent() -> None:
    process, pids = await start_parent("hold")
    process.kill()
    await process.wait()

    assert len(pids) == 4  # two slots, the fork server, its resource tracker
    assert await gone(pids)


async def test_segfaults_and_hangs_among_many_lose_nothing_else() -> None:
    payloads: list[object] = list(range(380))
    for place in range(20):
        payloads.insert(place * 20 + 3, "hang" if place % 5 == 0 else "segfault")
    async with Slots(2, SlotLimits(timeout=0.2)) as slots:
        answers = await asyncio.gather(*(slots.call(WILD, one) for one in payloads))

    assert [value(one) for one in answers if isinstance(one, Done)] == list(range(380))
    kinds = Counter(one.kind for one in answers if isinstance(one, Refused))
    assert kinds == {Kind.DIED: 16, Kind.TIMEOUT: 4}
    wrong = [payload for payload, one in zip(payloads, answers, strict=True)
             if isinstance(one, Refused)]  # fmt: skip
    assert set(wrong) == {"hang", "segfault"}


PARENT = """
import asyncio, multiprocessing, os, sys
from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots

async def main():
    async with Slots(2, SlotLimits(timeout=60)) as slots:
        taken = [await slots.accept(sys.argv[1], sys.argv[2]) for _ in range(2)]
        if sys.argv[2] == "print":
            await asyncio.wait(taken)
            return
        await asyncio.sleep(0.2)
        sys.stdout.write(" ".join(map(str, slots.pids)) + "\\n")
        sys.stdout.flush()
        await asyncio.wait(taken)

asyncio.run(main())
"""


async def start_parent(what: str) -> tuple[asyncio.subprocess.Process, set[int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, WILD, what, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert process.stdout is not None
    said = await process.stdout.readline()
    slots = {int(word) for word in said.split()}
    return process, slots | children(process.pid)


async def run_parent(what: str) -> tuple[bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, WILD, what, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    return await process.communicate()


def children(pid: int) -> set[int]:
    """Return the processes that a process has started: fork server and resource tracker."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(word) for one in lists for word in one.read_text().split()}


def alive(pids: list[int] | set[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(pid)
    return found


async def gone(pids: set[int]) -> bool:
    """Wait until none of them lives; false after ten seconds."""
    for _ in range(1000):
        if not alive(pids):
            return True
        await asyncio.sleep(0.01)
    return False
