from __future__ import annotations

from xml.etree import ElementTree

from scripts.bench.flame import Frame, draw, shares, table

STACKS = [
    (["visit (crawler/workers/inline.py)", "read_page (crawler/extract/html_page.py)"], 60),
    (["visit (crawler/workers/inline.py)", "get (functools.py)"], 10),
    (["read_ready (asyncio/<x>.py)"], 30),
]


def test_the_innermost_frame_of_ours_says_what_a_stack_was_busy_with() -> None:
    found = {part: round(share, 2) for part, share in shares(STACKS).items() if share}

    assert found == {
        "parse: turbohtml, links, title": 0.6,
        "callbacks and items": 0.1,
        "event loop, system calls": 0.3,
    }
    assert table(found).splitlines()[2] == "| parse: turbohtml, links, title | 60% |"


def test_a_frame_is_as_wide_as_its_share_and_lies_in_its_caller() -> None:
    root = Frame("event loop")
    for stack, samples in STACKS:
        root.add(stack, samples)

    boxes = {
        box[0].text: (float(box[1].attrib["x"]), float(box[1].attrib["width"]))
        for box in ElementTree.fromstring(draw(root))
    }

    assert boxes["event loop: 100.0%"] == (0, 1200)
    assert boxes["visit (crawler/workers/inline.py): 70.0%"][1] == 840
    assert boxes["read_page (crawler/extract/html_page.py): 60.0%"][1] == 720
