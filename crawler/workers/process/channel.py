"""Frames between the parent and a worker process: a length, then messages as MessagePack.

Messages are gathered while the loop is busy and written together at its next turn, so that the
cost of a system call and of waking the other side is shared by all that is ready.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import CrawlerError

Out = TypeVar("Out")
In = TypeVar("In")

_LENGTH = struct.Struct("!I")
#: Bytes of one frame at most; a batch is cut long before.
MAX_FRAME = 1 << 30
#: Bytes after which a frame is closed and the next one begun.
_ENOUGH = 1 << 20
#: Bytes that may wait in the stream before a sender has to.
_HIGH_WATER = 8 << 20


class ChannelError(CrawlerError):
    """The other side said what cannot be understood."""


class Channel(Generic[Out, In]):
    """One end of a socket pair.

    Args:
        inward: Type of a message that comes in, a union of tagged structs.
    """

    def __init__(self, inward: object) -> None:
        self._decoder: msgspec.msgpack.Decoder[list[In]] = msgspec.msgpack.Decoder(
            list[inward]  # type: ignore[valid-type]
        )
        self._encoder = msgspec.msgpack.Encoder()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._waiting: list[Out] = []
        # Of the frame whose length was read; whoever waits for the rest may be cancelled.
        self._length: int | None = None
        self._scheduled = False

    @property
    def between_frames(self) -> bool:
        """No frame has begun to come in."""
        return self._length is None

    async def open(self, end: socket.socket) -> None:
        """Take over a connected socket."""
        self._reader, self._writer = await asyncio.open_connection(sock=end, limit=_ENOUGH)
        self._writer.transport.set_write_buffer_limits(high=_HIGH_WATER)

    def say(self, message: Out) -> None:
        """Send a message, with whatever else is said in this turn of the loop."""
        self._waiting.append(message)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    async def drain(self) -> None:
        """Wait until what was said is on its way; only for who must not run ahead."""
        self._flush()
        await self._writer.drain()

    async def hear(self) -> Sequence[In]:
        """Return the next messages; none when the other side is gone.

        Raises:
            ChannelError: They cannot be understood.
        """
        try:
            if self._length is None:
                (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
                if length > MAX_FRAME:
                    raise ChannelError(f"a frame of {length:,} bytes")
                self._length = length
            frame = await self._reader.readexactly(self._length)
            self._length = None
        except (asyncio.IncompleteReadError, ConnectionError):
            return ()
        try:
            return self._decoder.decode(frame)
        except UNREADABLE as error:
            raise ChannelError(f"a frame that cannot be read: {error}") from error

    def close(self) -> None:
        """Send what is left, and end the connection."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._scheduled = False
        waiting, self._waiting = self._waiting, []
        if not waiting or self._writer.transport.is_closing():
            return
        for frame in self._frames(waiting):
            self._writer.write(_LENGTH.pack(len(frame)))
            self._writer.write(frame)

    def _frames(self, messages: Sequence[Out]) -> list[bytes]:
        """Encode messages, in halves as long as one frame would be too large."""
        frame = self._encoder.encode(messages)
        if len(frame) <= _ENOUGH or len(messages) == 1:
            return [frame]
        middle = len(messages) // 2
        return self._frames(messages[:middle]) + self._frames(messages[middle:])
