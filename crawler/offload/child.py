"""What runs in a process slot: its beginning, and batches of payloads.

Loaded before the processes are forked, so it imports little: no asyncio, nothing of the network.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing import connection, parent_process
from time import perf_counter
from typing import Any

import msgspec

from crawler.offload.named_function import NotImportable, find_function, why
from crawler.offload.offloaded import Codec, Kind
from crawler.parent_watch import end_with

_LOADED_BY = os.getpid()
_MAX_TRACE = 4_000
_DONE = ""

#: What came of one payload: "" and the value, or else the `Kind`, a message and a traceback.
Answer = tuple[str, bytes | str, str]


class ChildSettings(msgspec.Struct, frozen=True):
    """How a slot begins.

    Attributes:
        memory: Bytes it may grow by; None for no limit.
        niceness: What is added to its niceness, so that the loop goes first.
    """

    memory: int | None = None
    niceness: int = 5


class Hello(msgspec.Struct, frozen=True):
    """What a slot says of itself.

    Attributes:
        preloaded: The fork server had this module already.
        rss: Bytes in memory.
    """

    preloaded: bool
    rss: int


class BatchResult(msgspec.Struct, frozen=True):
    """What came of a batch.

    Attributes:
        answers: Of its first payloads, in order; those behind were not begun.
        seconds: That they took.
        rss: Bytes in memory afterwards.
    """

    answers: list[Answer]
    seconds: float
    rss: int


class Batch(msgspec.Struct, frozen=True):
    """Payloads for one function.

    Attributes:
        function: Its name.
        codec: How payloads are written, and values are to be.
        payloads: One or more.
        seconds: No further payload is begun after these,
        size: or after answers of so many bytes.
    """

    function: str
    codec: Codec
    payloads: list[bytes]
    seconds: float
    size: int


def begin(settings: ChildSettings, faults: connection.Connection) -> None:
    """Prepare the process. Never raises: that would break the pool.

    Args:
        settings: Of the slot.
        faults: Where the parent reads what faulthandler says.
    """
    # Stopping is the parent's business: a Ctrl-C reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for step in (_lead_family, _die_with_parent, _free_stdout):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            step()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        handle = os.dup(faults.fileno())
        faulthandler.enable(handle, all_threads=False)
        # The parent asks where we are before it kills us for being late.
        faulthandler.register(signal.SIGUSR1, handle, all_threads=False)
    with contextlib.suppress(OSError):
        os.nice(settings.niceness)
    if settings.memory is not None:
        with contextlib.suppress(OSError, ValueError):
            _limit_memory(settings.memory)


def _lead_family() -> None:
    """Be the first of a process group: what functions start is in it, and can be ended with us."""
    os.setpgid(0, 0)


def _die_with_parent() -> None:
    """End with the parent, whatever ends it; nobody else would end us (cpython#111873)."""
    parent = parent_process()
    if parent is not None:
        end_with(parent.sentinel)


def _free_stdout() -> None:
    """Send what a function prints to stderr: stdout may be where the parent's rows go."""
    sys.stdout.flush()
    os.dup2(2, 1)


def _limit_memory(growth: int) -> None:
    import resource

    pages = int(_statm()[0])
    limit = pages * resource.getpagesize() + growth
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _statm() -> list[bytes]:
    with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 - after each batch
        return file.read().split()


def resident() -> int:
    """Return the bytes in memory; 0 where the system does not say."""
    try:
        return int(_statm()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def hello() -> Hello:
    """Say that the slot is there."""
    return Hello(preloaded=os.getpid() != _LOADED_BY, rss=resident())


def learn(name: str) -> str:
    """Import a function; return "", or why it cannot be had."""
    try:
        find_function(name)
    except NotImportable as error:
        return str(error)
    except MemoryError:
        return f"{name}: importing it takes more memory than a slot may have"
    return ""


def run_batch(batch: Batch) -> BatchResult:
    """Give each payload to the function; see `Batch` for when it ends early. Never raises."""
    try:
        function = find_function(batch.function)
    except NotImportable as error:
        refused = (str(Kind.NOT_IMPORTABLE), str(error), "")
        return BatchResult([refused] * len(batch.payloads), 0.0, resident())
    answers: list[Answer] = []
    began, held = perf_counter(), 0
    for payload in batch.payloads:
        answer = _answer(function, batch.codec, payload)
        answers.append(answer)
        held += len(answer[1])
        if held > batch.size or perf_counter() - began > batch.seconds:
            break
    return BatchResult(answers, perf_counter() - began, resident())


def _answer(function: Callable[[Any], Any], codec: Codec, payload: bytes) -> Answer:
    """Run foreign code three times: what it unpickles, what it does, what it gives."""
    as_json = codec == Codec.JSON
    try:
        argument = msgspec.json.decode(payload) if as_json else pickle.loads(payload)
    except MemoryError:
        return _too_much()
    except BaseException as error:  # noqa: BLE001
        kind = Kind.UNREADABLE if as_json else Kind.UNPICKLABLE
        return str(kind), f"the payload cannot be read: {why(error)}", ""
    try:
        value = function(argument)
    except MemoryError:
        return _too_much()
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the process is not its own
        return str(Kind.RAISED), why(error), _trace(error)
    try:
        return _DONE, msgspec.json.encode(value) if as_json else pickle.dumps(value, 5), ""
    except MemoryError:
        return _too_much()
    except BaseException as error:  # noqa: BLE001
        what = f"the value, of type {type(value).__name__}, cannot be sent"
        return str(Kind.UNPICKLABLE), f"{what}: {why(error)}", ""


def _too_much() -> Answer:
    return str(Kind.MEMORY), "MemoryError: it took more memory than a slot may have", ""


def _trace(error: BaseException) -> str:
    """Return the traceback of foreign code, without our own frames."""
    below = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        text = "".join(traceback.format_exception(type(error), error, below))
    except Exception:  # noqa: BLE001 - the text of a foreign exception is foreign code as well
        return ""
    return text if len(text) <= _MAX_TRACE else f"...{text[-_MAX_TRACE:]}"
