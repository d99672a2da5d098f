"""The beginning and the end of a worker process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import msgspec

from crawler.app.job.rehearsal import clock_of
from crawler.app.run.worker_setup import WorkerSetup
from crawler.app.worker.job_worker import JobWorker
from crawler.config.load import LoadedJob
from crawler.errors import ConfigError
from crawler.loop import new_loop_factory
from crawler.parent_watch import end_with
from crawler.workers.process.channel import Channel
from crawler.workers.process.messages import Begin, Order, Ready, Refused, Report, sayable


def main(talk: int, alive: int, loop: str, loaded: LoadedJob | None = None) -> None:
    """Work for a parent until it says to leave, or is gone.

    Args:
        talk: Descriptor of the socket to it.
        alive: Descriptor of a pipe that ends with it.
        loop: Kind of event loop: "uvloop" or "asyncio".
        loaded: The job, where this process has it; else it is read.
    """
    # Stopping is the parent's business: a Ctrl-C reaches the whole group.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end_with(alive)
    factory, _ = new_loop_factory("asyncio" if loop == "asyncio" else "auto")
    with asyncio.Runner(loop_factory=factory) as runner:
        if not runner.run(_work(talk, loaded)):
            os._exit(1)  # nobody is left to care for what was under way


async def _work(talk: int, loaded: LoadedJob | None) -> bool:
    channel: Channel[Report, Order] = Channel(Order, sayable)
    await channel.open(socket.socket(fileno=talk))
    match await channel.hear():
        case [Begin(raw)]:
            setup = msgspec.msgpack.decode(raw, type=WorkerSetup)
        case _:
            return False
    try:
        worker = JobWorker(setup, channel, clock_of(os.environ), loaded)
    except ConfigError as error:
        channel.say(Refused(str(error)))
        await channel.drain()
        return True
    channel.say(Ready())
    stayed = await worker.run()
    channel.close()
    return stayed
