"""One plain line now and then: is it alive, how fast, how much is left, is anything wrong."""

from __future__ import annotations

from crawler.interfaces import Books


def status_line(
    job: str, seconds: float, books: Books, items: int, in_flight: int, rate: float
) -> str:
    """Return the line.

    Args:
        job: Its name.
        seconds: Since the process began.
        books: Requests by state.
        items: Items written.
        in_flight: Requests out now.
        rate: Pages per second since the last line.
    """
    hours, rest = divmod(int(seconds), 3600)
    minutes, second = divmod(rest, 60)
    ended = books.known - books.pending
    wrong = books.failed + books.dead
    return (
        f"{job}  {hours:02}:{minutes:02}:{second:02}  {ended:,} of {books.known:,} known"
        f"  done {books.done:,}  failed {wrong:,}  items {items:,}  {rate:.1f}/s"
        f"  in flight {in_flight}"
    )
