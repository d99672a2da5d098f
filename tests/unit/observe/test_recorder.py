from __future__ import annotations

import io
from pathlib import Path

from crawler.files import FileWriter
from crawler.messages import QueuedRequest
from crawler.observe.console import Console
from crawler.observe.kept_bodies import KeptBodies
from crawler.observe.recorder import LOUD, Recorder
from crawler.outcome import ItemProblem, PageOutcome, Quarantined, State
from crawler.spider.start_entry import BadStart


class Noted:
    """A recorder and its log."""

    def __init__(self) -> None:
        self.log: list[str] = []
        files = FileWriter()
        bodies = KeptBodies(Path("never-written"), files)
        self.recorder = Recorder(Console(io.StringIO()), self.log.append, bodies)
        files.close()

    def page(self, **changes: object) -> None:
        request = QueuedRequest(id=1, key=1, url="http://a.example/1", host="a.example")
        outcome = PageOutcome(request=request, state=State.DONE)
        for name, value in changes.items():
            setattr(outcome, name, value)
        self.recorder.ended(outcome)


def broken(field: str, value: object, reason: str) -> Quarantined:
    return Quarantined("Book", {field: value}, (ItemProblem(field, value, reason),))


def test_notes_go_to_the_log_with_their_page_and_the_first_are_kept() -> None:
    noted = Noted()

    for number in range(300):
        noted.page(notes=(f"odd {number}",))

    assert noted.log[0] == "note: http://a.example/1: odd 0"
    assert noted.recorder.notes_count == 300
    assert len(noted.log) == 201  # the last one says that there are more
    assert noted.recorder.notes[0] == "http://a.example/1: odd 0"
    assert len(noted.recorder.notes) == 20


def test_a_note_that_names_its_page_does_not_name_it_twice() -> None:
    noted = Noted()

    noted.page(notes=("http://a.example/1 is HTML",))

    assert noted.recorder.notes == ["http://a.example/1 is HTML"]


def test_the_first_broken_item_of_each_field_is_the_sample() -> None:
    noted = Noted()

    noted.page(quarantined=[broken("price", "POA", "is no decimal")])
    noted.page(
        quarantined=[broken("price", "?", "is no decimal"), broken("upc", None, "is missing")]
    )

    assert noted.recorder.problems == {
        "Book.price": "'POA' is no decimal, on http://a.example/1",
        "Book.upc": "is missing, on http://a.example/1",
    }


def test_a_value_that_was_found_is_short_and_harmless_in_its_sample() -> None:
    noted = Noted()

    noted.page(quarantined=[broken("about", "\x1b[2J" * 5000, "is too long")])

    sample = noted.recorder.problems["Book.about"]
    assert sample.isprintable()
    assert len(sample) < 200


def test_bad_entries_are_logged_up_to_twenty_and_all_counted() -> None:
    noted = Noted()

    for line in range(50):
        noted.recorder.bad_start(BadStart(place=f"urls.csv:{line}", why="no URL: 'x\x1b'"))

    assert noted.log[0] == "left out: urls.csv:0: no URL: 'x\\x1b'"
    assert len(noted.log) == LOUD + 1
    assert noted.recorder.bad_starts_count == 50
    assert len(noted.recorder.bad_starts) == LOUD
