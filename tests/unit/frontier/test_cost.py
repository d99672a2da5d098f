"""What a request costs the frontier does not grow with the hosts that have work."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import crawler.frontier.frontier
import crawler.frontier.host_queue
from crawler.frontier.frontier import Frontier
from crawler.messages import QueuedRequest

ROUNDS = 3
DELAY = 1.0
_MODULES = (crawler.frontier.frontier.__file__, crawler.frontier.host_queue.__file__)


class Lines:
    """Counts the lines of the frontier that are run; those of a loop once for each turn."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Lines:
        self._before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _called(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        return self._ran if frame.f_code.co_filename in _MODULES else None

    def _ran(self, _frame: FrameType, event: str, _arg: Any) -> Any:
        self.count += event == "line"
        return self._ran


def lines_per_request(hosts: int) -> float:
    """Ask every host in turn, as often as its delay allows; return what each request took."""
    frontier = Frontier(lambda _: (1, DELAY))
    for row in range(hosts * ROUNDS):
        name = f"h{row % hosts}.example"
        frontier.push(QueuedRequest(id=row, key=row, url=f"http://{name}/{row}", host=name), 0.0)
    done, now = 0, 0.0
    with Lines() as lines:
        while done < hosts * ROUNDS:
            request = frontier.next_ready(now)
            if request is None:
                now = frontier.wake_at() or now
                continue
            frontier.start(request, now)
            frontier.answered(request, DELAY, now)
            frontier.committed(request.id)
            done += 1
    assert frontier.next_ready(now + DELAY) is None
    return lines.count / done


def test_thousands_of_hosts_with_delays_are_scheduled_without_looking_at_each() -> None:
    few, many = lines_per_request(100), lines_per_request(2_000)

    # The heap itself, in C, grows with the logarithm; a look at every host would be 2,000 lines.
    assert many < 1.2 * few
    assert few < 200
