from __future__ import annotations

import asyncio
from unittest.mock import Mock

from crawler.fetch.client_wire import Wire


async def test_a_request_that_is_still_being_sent_is_not_waited_for_in_vain() -> None:
    wire, transport = Wire(asyncio.get_running_loop(), lambda: 0.0), Mock(spec=asyncio.Transport)
    transport.is_closing.return_value = False
    wire.connection_made(transport)
    wire.ask(b"POST / HTTP/1.1\r\n\r\n", b"much", wants_body=True)
    wire.read_timeout = 60.0

    errors = []
    for unsent in (4, 0):
        transport.get_write_buffer_size.return_value = unsent
        wire._on_read_timeout()
        errors.append(wire.exception())
    wire.close()

    assert [type(one).__name__ for one in errors] == ["NoneType", "SocketTimeoutError"]
