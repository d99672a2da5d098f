from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

#: Seconds after which a test that waits has failed; nothing waits that long when all is well.
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
    assert set(threading.enumerate()) <= before
