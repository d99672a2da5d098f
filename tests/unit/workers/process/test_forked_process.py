"""Copies of a process are made in one of their own: it may have one thread alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="made anew elsewhere")

_HEAD = """
import asyncio, atexit, os, select, socket, sys, threading
from crawler.workers.process.forked_process import fork_processes

def echo(talk, alive):
    with socket.socket(fileno=talk) as end:
        while said := end.recv(100):
            end.sendall(said.upper())
    sys.exit(7)
"""


def printed(body: str) -> list[str]:
    """Run a program; return what it and its copies print."""
    program = _HEAD + textwrap.dedent(body)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_a_copy_does_its_work_and_tells_how_it_ended() -> None:
    body = """
    made = fork_processes(2, echo)

    async def main():
        for one in made:
            talk, alive = one.take()
            talk.sendall(b"word")
            print(talk.recv(100).decode(), one.returncode)
            talk.close()
            print(await one.wait(), one.returncode)
            os.close(alive)

    asyncio.run(main())
    for one in made:
        one.discard()
    """

    assert printed(body) == ["WORD", "None", "7", "7"] * 2


def test_a_copy_sees_the_end_of_its_parent_whatever_other_copies_there_are() -> None:
    body = """
    def waits(talk, alive):
        os.read(alive, 1)
        os.write(1, b"ended ")

    made = fork_processes(3, waits)
    pids = [one.pid for one in made]
    watches = [os.pidfd_open(pid) for pid in pids]
    for one in made:
        os.close(one.take()[1])  # as the kernel does when the parent is gone
    for watch in watches:
        assert select.select([watch], [], [], 30)[0]
    for one in made:
        one.discard()
    """

    assert printed(body) == ["ended"] * 3


def test_a_copy_that_is_killed_is_waited_for_by_all_who_ask() -> None:
    body = """
    (one,) = fork_processes(1, echo)

    async def main():
        both = asyncio.gather(one.wait(), one.wait())
        await asyncio.sleep(0)
        one.kill()
        print(*await both, await one.wait())
        one.kill()  # nobody, by now

    asyncio.run(main())
    one.discard()
    """

    assert printed(body) == ["-9", "-9", "-9"]


def test_what_is_not_used_is_gone_once_discarded() -> None:
    body = """
    (one,) = fork_processes(1, echo)
    one.discard()
    try:
        os.kill(one.pid, 0)
    except ProcessLookupError:
        print("gone", one.returncode)
    """

    assert printed(body) == ["gone", "-9"]


def test_a_process_with_threads_is_not_copied() -> None:
    body = """
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    print(fork_processes(2, echo))
    over.set()
    """

    assert printed(body) == ["[]"]


def test_only_what_its_own_code_asked_for_is_done_at_the_end_of_a_copy() -> None:
    body = """
    atexit.register(lambda: print("parent", flush=True))

    def work(talk, alive):
        atexit.register(lambda: print("copy", flush=True))

    (one,) = fork_processes(1, work)

    async def main():
        await one.wait()

    asyncio.run(main())
    one.discard()
    """

    assert printed(body) == ["copy", "parent"]
