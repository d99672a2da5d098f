"""Frames between the parent and a worker process: a length, then messages as MessagePack.

Messages are gathered while the loop is busy and written together at its next turn, so that the
cost of a system call and of waking the other side is shared by all that is ready.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import msgspec

from crawler.errors import CrawlerError

Out = TypeVar("Out")
In = TypeVar("In")

_LENGTH = struct.Struct("!I")
#: Bytes of one frame at most; a batch is cut long before.
MAX_FRAME = 1 << 30
#: Bytes after which a frame is closed and the next one begun.
_ENOUGH = 1 << 20
#: Bytes that may wait in the transport before a sender has to.
_HIGH_WATER = 8 << 20


class ChannelError(CrawlerError):
    """The other side said what cannot be understood."""


class Channel(asyncio.Protocol, Generic[Out, In]):
    """One end of a socket pair.

    Args:
        inward: Type of a message that comes in, a union of tagged structs.
        instead: Gives what to say instead of a message that cannot be encoded; without it,
            that is an error.
    """

    def __init__(self, inward: object, instead: Callable[[Out], Out] | None = None) -> None:
        self._instead = instead
        self._decoder: msgspec.msgpack.Decoder[list[In]] = msgspec.msgpack.Decoder(
            list[inward]  # type: ignore[valid-type]
        )
        self._encoder = msgspec.msgpack.Encoder()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[Out] = []
        self._scheduled = False
        self._came = bytearray()
        self._heard: list[In] = []
        self._gone = False
        self._wrong: ChannelError | None = None
        # Of whoever waits for messages, and for room to write.
        self._listener: asyncio.Future[None] | None = None
        self._room = asyncio.Event()

    async def open(self, end: socket.socket) -> None:
        """Take over a connected socket."""
        end.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, sock=end)
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        self._room.set()

    def say(self, message: Out) -> None:
        """Send a message, with whatever else is said in this turn of the loop."""
        self._waiting.append(message)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    async def drain(self) -> None:
        """Wait until what was said is on its way; for a last word."""
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=0)
            self._flush()
            await self._room.wait()
            self._transport.set_write_buffer_limits(high=_HIGH_WATER)

    async def hear(self) -> Sequence[In]:
        """Return all messages that are there, or else the next; none when the other side is gone.

        Raises:
            ChannelError: They cannot be understood.
        """
        while not self._heard:
            if self._wrong is not None:
                raise self._wrong
            if self._gone:
                return ()
            listener = self._listener = asyncio.get_running_loop().create_future()
            try:
                await listener
            finally:
                self._listener = None
        heard, self._heard = self._heard, []
        return heard

    def close(self) -> None:
        """Send what is left, and end the connection."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        # uvloop's is one in all but name.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait any longer."""
        self._gone = True
        self._room.set()
        self._wake()

    def pause_writing(self) -> None:
        """Much waits to be written."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Most of it was."""
        self._room.set()

    def data_received(self, data: bytes) -> None:
        """Take every whole frame out of what has come."""
        self._came += data
        begin, size = 0, _LENGTH.size
        try:
            while len(self._came) - begin >= size:
                (length,) = _LENGTH.unpack_from(self._came, begin)
                if length > MAX_FRAME:
                    raise ChannelError(f"a frame of {length:,} bytes")
                if len(self._came) - begin - size < length:
                    break
                with memoryview(self._came) as view:
                    frame = view[begin + size : begin + size + length]
                    with frame:
                        self._heard += self._decoder.decode(frame)
                begin += size + length
        except (ChannelError, msgspec.MsgspecError) as error:
            self._refuse(error)
            return
        if begin:
            del self._came[:begin]
            self._wake()

    # Inside

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, ChannelError):
            error = ChannelError(f"a frame that cannot be read: {error}")
        self._wrong = error
        self._came = bytearray()
        if self._transport is not None:
            self._transport.close()
        self._wake()

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    def _flush(self) -> None:
        self._scheduled = False
        waiting, self._waiting = self._waiting, []
        transport = self._transport
        if not waiting or transport is None or transport.is_closing():
            return
        for frame in self._frames(waiting):
            transport.write(frame)

    def _frames(self, messages: Sequence[Out]) -> list[bytearray]:
        """Encode messages, in halves as long as one frame would be too large."""
        try:
            frame = self._frame(messages)
        except (ValueError, TypeError, OverflowError):  # half a surrogate pair; a huge number
            if len(messages) == 1:
                if self._instead is None:
                    raise
                return [self._frame([self._instead(messages[0])])]
            frame = None
        if frame is not None and (len(frame) <= _ENOUGH or len(messages) == 1):
            return [frame]
        middle = len(messages) // 2
        return self._frames(messages[:middle]) + self._frames(messages[middle:])

    def _frame(self, messages: Sequence[Out]) -> bytearray:
        # One write for a frame and its length: the other side is woken once.
        frame = bytearray(_LENGTH.size)
        self._encoder.encode_into(messages, frame, _LENGTH.size)
        _LENGTH.pack_into(frame, 0, len(frame) - _LENGTH.size)
        return frame
