from __future__ import annotations

from crawler.app.run.stalls import Stalls
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, State
from crawler.spider.callbacks import CallbackRef
from crawler.spider.payload import Payload, encode


def page(row: int, callback: str | None = None) -> PageOutcome:
    payload = encode(Payload(callback=CallbackRef(callback))) if callback else None
    request = QueuedRequest(id=row, key=1, url="http://e.org/", host="e.org", payload=payload)
    return PageOutcome(request=request, state=State.DONE)


def test_the_page_whose_callback_stalled_the_loop_says_so_and_names_it() -> None:
    seen: list[PageOutcome] = []
    stalls = Stalls(seen.append)

    stalls.stalled([1, 2], 0.3)
    stalls.stalled([1], 0.52)
    stalls.ended(page(1, "parse_book"))
    stalls.ended(page(3))

    assert (
        seen[0]
        .notes[0]
        .startswith(
            "its callback parse_book ran while everything else waited for 0.5 s; move CPU work out"
        )
    )
    assert seen[1].notes == ()


def test_a_page_is_blamed_once() -> None:
    seen: list[PageOutcome] = []
    stalls = Stalls(seen.append)

    stalls.stalled([1], 0.3)
    stalls.ended(page(1))
    stalls.ended(page(1))

    assert [len(one.notes) for one in seen] == [1, 0]
