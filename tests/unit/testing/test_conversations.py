"""No connection of a test's server is left open, at whatever moment the server is closed."""

from __future__ import annotations

import asyncio

import pytest

from crawler.testing.conversations import Conversations


async def turns(n: int) -> None:
    """Let the event loop go round."""
    for _ in range(n):
        await asyncio.sleep(0)


@pytest.mark.parametrize("later", range(8))
async def test_a_server_that_is_closed_at_any_moment_leaves_no_connection(later: int) -> None:
    writers, begun = [], []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.append(True)
        await reader.read()

    conversations = Conversations()
    having = conversations.having(talk)

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        having(reader, writer)

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    _, client = await asyncio.open_connection("127.0.0.1", port)
    await turns(later)
    await conversations.end(server)

    assert all(one.get_extra_info("socket").fileno() == -1 for one in writers)
    assert len(begun) <= len(writers) <= 1
    client.close()
    await client.wait_closed()


async def test_what_a_client_never_takes_holds_nobody_up() -> None:
    writers = []

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b"x" * 30_000_000)

    conversations = Conversations()
    server = await asyncio.start_server(conversations.having(talk), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, client = await asyncio.open_connection("127.0.0.1", port)
    await reader.readexactly(1)
    await conversations.end(server)

    assert writers[0].get_extra_info("socket").fileno() == -1
    client.close()
    await client.wait_closed()


async def test_a_client_that_breaks_off_is_no_error() -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)

    conversations = Conversations()
    server = await asyncio.start_server(conversations.having(talk), "127.0.0.1", 0)
    reader, client = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    client.write(b"hal")
    client.write_eof()
    assert await reader.read() == b""  # closed from there, by a task that raised nothing
    client.close()
    await client.wait_closed()
    await conversations.end(server)
