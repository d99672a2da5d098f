from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import msgspec
import pytest

from crawler.workers.process.channel import MAX_FRAME, Channel, ChannelError


class Word(msgspec.Struct, frozen=True, tag="word"):
    text: str


class Number(msgspec.Struct, frozen=True, tag="number"):
    value: int


Message = Word | Number


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[Channel[Message, Message], Channel[Message, Message]]]:
    ends = socket.socketpair()
    channels: list[Channel[Message, Message]] = [Channel(Message), Channel(Message)]
    for channel, end in zip(channels, ends, strict=True):
        await channel.open(end)
    try:
        yield channels[0], channels[1]
    finally:
        for channel in channels:
            channel.close()


async def test_what_is_said_in_one_turn_of_the_loop_is_heard_together() -> None:
    async with pair() as (near, far):
        near.say(Word("one"))
        near.say(Number(2))

        assert await far.hear() == [Word("one"), Number(2)]


async def test_a_frame_that_comes_in_pieces_is_heard_as_one() -> None:
    ours, theirs = socket.socketpair()
    channel: Channel[Message, Message] = Channel(Message)
    await channel.open(ours)
    hearing = asyncio.create_task(channel.hear())
    frame = msgspec.msgpack.encode([Word("torn"), Number(3)])
    raw = struct.pack("!I", len(frame)) + frame

    for place in range(len(raw)):
        theirs.sendall(raw[place : place + 1])
        for _ in range(3):
            await asyncio.sleep(0)

    assert await hearing == [Word("torn"), Number(3)]
    channel.close()
    theirs.close()


async def test_a_last_word_is_on_its_way_once_drained() -> None:
    async with pair() as (near, far):
        near.say(Word("x" * 3_000_000))
        draining = asyncio.create_task(near.drain())

        (heard,) = await far.hear()
        await draining

        assert heard == Word("x" * 3_000_000)


async def test_what_cannot_be_encoded_is_said_otherwise_and_holds_nothing_else_up() -> None:
    ours, theirs = socket.socketpair()
    near: Channel[Message, Message] = Channel(Message, lambda _: Word("instead"))
    far: Channel[Message, Message] = Channel(Message)
    await near.open(ours)
    await far.open(theirs)

    for message in (Number(1), Word("\ud800"), Number(1 << 70), Number(2)):
        near.say(message)
    heard: list[Message] = []
    while len(heard) < 4:
        heard += await far.hear()

    assert heard == [Number(1), Word("instead"), Word("instead"), Number(2)]
    near.close()
    far.close()


async def test_large_batches_are_cut_into_frames_and_arrive_in_order() -> None:
    said = [Word(str(number) * 300_000) for number in range(9)]
    async with pair() as (near, far):
        for word in said:
            near.say(word)

        heard: list[Message] = []
        while len(heard) < len(said):
            heard += await far.hear()

    assert heard == said


async def test_nothing_is_heard_once_the_other_side_is_gone() -> None:
    async with pair() as (near, far):
        near.say(Word("last"))
        near.close()

        assert await far.hear() == [Word("last")]
        assert await far.hear() == ()


async def test_a_frame_is_whole_after_whoever_waited_for_it_was_cancelled() -> None:
    ours, theirs = socket.socketpair()
    channel: Channel[Message, Message] = Channel(Message)
    await channel.open(ours)
    frame = msgspec.msgpack.encode([Word("late")])
    theirs.sendall(struct.pack("!I", len(frame)))
    waiting = asyncio.create_task(channel.hear())
    for _ in range(10):  # the length is read, and the rest waited for
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    theirs.sendall(frame)

    assert await channel.hear() == [Word("late")]
    channel.close()
    theirs.close()


@pytest.mark.parametrize(
    "raw", [struct.pack("!I", MAX_FRAME + 1), struct.pack("!I", 3) + b"\xc1\xc1\xc1"]
)
async def test_what_cannot_be_understood_is_an_error(raw: bytes) -> None:
    ours, theirs = socket.socketpair()
    channel: Channel[Message, Message] = Channel(Message)
    await channel.open(ours)
    theirs.sendall(raw)

    with pytest.raises(ChannelError):
        await channel.hear()
    channel.close()
    theirs.close()
