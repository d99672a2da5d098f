"""What only the fetcher of the threads has to show: many threads, and an end to their waiting."""

from __future__ import annotations

import asyncio
import gzip
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from crawler.clock import SystemClock
from crawler.errors import FetchError
from crawler.fetch.addresses import AddressGuard, AddressRefused
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.dialler import Dialler, NotConnected
from crawler.fetch.limits import FetchLimits
from crawler.fetch.name_lookup import Address, NameLookup
from crawler.fetch.threads_client import Urllib3Fetcher
from crawler.messages import FetchRequest, HttpResponse
from crawler.outcome import ErrorClass
from crawler.testing.raw_server import Exchange, RawServer, answer

QUICK = FetchLimits(timeout=20.0, connect_timeout=5.0, deadline=30.0, max_body=1_000_000)
THREADS = 32


@pytest.fixture
def jar() -> CookieJar:
    return CookieJar()


@pytest.fixture
def fetcher(jar: CookieJar) -> Iterator[Urllib3Fetcher]:
    made = Urllib3Fetcher(
        QUICK,
        user_agent="test/1", headers={}, jar=jar, guard=AddressGuard("allow"), clock=SystemClock(),
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as made:
        yield made


async def all_of(tasks: list[Future[HttpResponse]]) -> list[HttpResponse]:
    return await asyncio.gather(*map(asyncio.wrap_future, tasks))


async def test_threads_share_connections_and_each_gets_its_own_answer(
    fetcher: Urllib3Fetcher, pool: ThreadPoolExecutor
) -> None:
    async def script(exchange: Exchange) -> None:
        number = int(exchange.path.rpartition("/")[2])
        own = exchange.path.encode() * 100
        if number % 5 == 0:
            await exchange.send(answer(gzip.compress(own), content_encoding="gzip"))
        elif number % 5 == 1:
            chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(own), own)
            await exchange.send(answer(chunk[:-9], transfer_encoding="chunked"), chunk[-9:])
        elif number % 5 == 2 and exchange.ordinal > 3:
            exchange.reset()  # under a connection that was kept
        elif number % 5 == 3:
            await exchange.send(answer(own) + answer(b"somebody else's"))
        else:
            await exchange.send(answer(own, set_cookie=f"c{number}=1"))

    async with RawServer(script) as server:
        requests = [FetchRequest(url=server.url(f"/page/{n}")) for n in range(600)]
        responses = await all_of([pool.submit(fetcher.fetch, one) for one in requests])

    assert [r.body for r in responses] == [b"/page/%d" % n * 100 for n in range(600)]
    # Those with something behind the answer cost their connection, as do the broken ones.
    assert server.connections < THREADS + 120 + 2 * 120


async def test_no_more_connections_are_made_than_threads(
    fetcher: Urllib3Fetcher, pool: ThreadPoolExecutor
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(b"ok"))

    async with RawServer(script) as server:
        request = FetchRequest(url=server.url())
        await all_of([pool.submit(fetcher.fetch, request) for _ in range(500)])

    assert server.connections <= THREADS
    assert len(server.exchanges) == 500


async def test_what_threads_learn_of_cookies_is_all_kept(
    fetcher: Urllib3Fetcher, jar: CookieJar, pool: ThreadPoolExecutor
) -> None:
    async def script(exchange: Exchange) -> None:
        name = exchange.path[1:]
        await exchange.send(answer(b"x", set_cookie=f"n=1; Path=/{name}"))

    async with RawServer(script) as server:
        requests = [FetchRequest(url=server.url(f"/{n}")) for n in range(50)]
        responses = await all_of([pool.submit(fetcher.fetch, one) for one in requests])

    assert sorted(c.path for r in responses for c in r.cookies_set) == sorted(
        f"/{n}" for n in range(50)
    )
    assert len(jar) == 50


async def test_connections_that_a_server_closed_while_idle_cost_nothing(
    fetcher: Urllib3Fetcher, pool: ThreadPoolExecutor
) -> None:
    first: list[Exchange] = []
    together = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        if exchange.path == "/first":
            first.append(exchange)
            if len(first) == 10:
                together.set()
            await together.wait()
        await exchange.send(answer(b"ok"))

    async with RawServer(script) as server:
        request = FetchRequest(url=server.url("/first"))
        await all_of([pool.submit(fetcher.fetch, request) for _ in range(10)])
        for exchange in first:
            exchange.close()
        request = FetchRequest(url=server.url("/again"))
        await all_of([pool.submit(fetcher.fetch, request) for _ in range(10)])

    assert [e.path for e in server.exchanges].count("/again") == 10


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="before-the-answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-", id="inside-the-header"),
        pytest.param(answer(b"part", content_length="99"), id="inside-the-body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhalf a page", id="body-that-the-end-ends"),
        pytest.param(answer(b"no", status="404 No", content_length="9"), id="error-page"),
    ],
)
async def test_closing_ends_every_wait_and_no_half_page_passes_for_a_whole_one(
    fetcher: Urllib3Fetcher, pool: ThreadPoolExecutor, begun: bytes
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(begun)
        arrived.release()
        await exchange.hold()

    arrived = asyncio.Semaphore(0)
    async with RawServer(script) as server:
        waiting = [
            pool.submit(fetcher.fetch, FetchRequest(url=server.url(f"/{n}"))) for n in range(5)
        ]
        for _ in waiting:
            await arrived.acquire()
        fetcher.close()
        async with asyncio.timeout(5):  # far below the 20 s that a silence is borne
            ends = await asyncio.gather(*map(asyncio.wrap_future, waiting), return_exceptions=True)

    for end in ends:
        if begun.startswith(b"HTTP/1.1 404"):
            assert isinstance(end, HttpResponse)  # its status stands, whatever became of its body
            assert end.flags == ("body_cut",)
        else:
            assert isinstance(end, FetchError)
            assert end.kind in (ErrorClass.CONNECT, ErrorClass.TRUNCATED)


async def test_a_closed_fetcher_asks_nobody(fetcher: Urllib3Fetcher) -> None:
    fetcher.close()
    async with RawServer(answer(b"x")) as server:
        with pytest.raises(FetchError, match="closed") as caught:
            fetcher.fetch(FetchRequest(url=server.url()))

    assert caught.value.kind == ErrorClass.CONNECT
    assert server.connections == 0


async def test_no_thread_of_the_fetcher_is_left(fetcher: Urllib3Fetcher) -> None:
    before = set(threading.enumerate())
    with pytest.raises(FetchError):
        fetcher.fetch(FetchRequest(url="http://a..b/"))
    fetcher.close()

    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


def test_a_look_up_that_hangs_does_not_keep_the_process() -> None:
    """Ask a resolver that never answers, in a process of its own, and let that end."""
    code = """
import threading
from crawler.clock import SystemClock
from crawler.fetch.name_lookup import NameLookup
try:
    NameLookup(SystemClock(), lambda host: threading.Event().wait()).addresses("slow.test", 0.01)
except TimeoutError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no name server answered" in ended.stdout


def listening(address: str, port: int = 0) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen()
    return made


def dialler(*addresses: str, guard: AddressGuard | None = None) -> Dialler:
    found = tuple(Address(socket.AF_INET, one) for one in addresses)
    clock = SystemClock()
    return Dialler(guard or AddressGuard("allow"), NameLookup(clock, lambda host: found), clock)


def soon() -> float:
    return SystemClock().monotonic() + 5.0


def test_where_one_address_refuses_the_next_is_asked_and_then_preferred() -> None:
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
        subject = dialler("127.0.0.2", "127.0.0.3", "127.0.0.1")
        for _ in range(2):
            with subject.dial("three.test", port, soon()) as made:
                assert made.getpeername() == ("127.0.0.1", port)

        assert subject._lookup.addresses("three.test", 0.0)[0].ip == "127.0.0.1"


def test_one_private_address_condemns_a_name_before_any_socket() -> None:
    with listening("127.0.0.1") as server:
        subject = dialler("192.0.2.1", "127.0.0.1", guard=AddressGuard("deny"))
        with pytest.raises(AddressRefused):
            subject.dial("both.test", server.getsockname()[1], soon())

        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_address_that_was_judged_is_the_one_that_is_asked() -> None:
    """A name server that answers differently each time changes nothing within a connection."""
    answers = iter(["127.0.0.1", "127.0.0.2"])
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
        clock = SystemClock()
        lookup = NameLookup(clock, lambda host: (Address(socket.AF_INET, next(answers)),))
        subject = Dialler(AddressGuard("start", [("here.test", port)]), lookup, clock)
        with subject.dial("here.test", port, soon()) as made:
            assert made.getpeername()[0] == "127.0.0.1"

    assert next(answers) == "127.0.0.2"


def test_where_nobody_answers_the_words_name_the_place() -> None:
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
    with pytest.raises(NotConnected, match=rf"cannot connect to gone.test:{port}: connection ref"):
        dialler("127.0.0.1", "127.0.0.2").dial("gone.test", port, soon())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue is answered")
def test_an_address_that_is_silent_leaves_time_for_the_next() -> None:
    with listening("127.0.0.2") as silent:
        silent.listen(0)
        port = silent.getsockname()[1]
        with listening("127.0.0.1", port):
            crowd = [socket.socket() for _ in range(3)]
            for one in crowd:  # fill its queue: what comes then is not answered
                one.setblocking(False)
                one.connect_ex(("127.0.0.2", port))
            subject = dialler("127.0.0.2", "127.0.0.1")
            with subject.dial("two.test", port, SystemClock().monotonic() + 0.4) as made:
                assert made.getpeername()[0] == "127.0.0.1"
            for one in crowd:
                one.close()
            with pytest.raises(TimeoutError, match="no answer in time"):
                dialler("127.0.0.2").dial("one.test", port, SystemClock().monotonic() + 0.05)
