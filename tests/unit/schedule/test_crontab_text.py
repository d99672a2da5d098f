from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import StateError
from crawler.schedule.crontab_text import Crontab, parse_crontab

BODY = b"# config: /srv/docs.yaml\n# base: /srv\n15 3 * * * cd /srv && python -m crawler\n"
OTHERS = b"# mine\nMAILTO=me@example.org\n\n*/5 * * * * true # \xff\xfe\r\n"

foreign = st.lists(
    st.one_of(
        st.binary(max_size=20).filter(lambda raw: b"crawler" not in raw),
        st.sampled_from((b"\n", b"\r\n", b"#\n", b"* * * * * x\n", b"\x0b\x0c\x85", b"no end")),
    ),
    max_size=6,
).map(b"".join)
names = st.sampled_from(("docs", "a", "a.b-c_1", "news"))


@given(foreign)
def test_a_crontab_without_our_blocks_is_rendered_as_it_was(raw: bytes) -> None:
    assert parse_crontab(raw).render() == raw


@given(foreign, st.lists(names, min_size=1, unique=True), st.randoms())
def test_whatever_is_put_in_and_taken_out_again_leaves_the_file_byte_identical(
    raw: bytes, jobs: list[str], random: object
) -> None:
    crontab = parse_crontab(raw)
    for name in jobs:
        crontab = parse_crontab(crontab.having(name, BODY).render())
    assert set(crontab.blocks) == set(jobs)
    random.shuffle(jobs)  # type: ignore[attr-defined]

    for name in jobs:
        crontab = parse_crontab(crontab.without(name).render())

    assert crontab.render() == raw


@given(foreign, foreign)
def test_what_others_write_behind_a_block_stays_when_it_goes(before: bytes, after: bytes) -> None:
    installed = parse_crontab(before).having("docs", BODY).render() + after

    left = parse_crontab(installed).without("docs").render()

    ended = before if not after or before.endswith(b"\n") or not before else before + b"\n"
    assert left == ended + after


def test_a_block_stands_behind_everything_and_ends_with_a_newline() -> None:
    raw = parse_crontab(OTHERS).having("docs", BODY).render()

    head, _, tail = raw.partition(b"# >>> crawler docs >>>\n")
    assert head == OTHERS
    assert tail.startswith(BODY)
    assert tail.endswith(b" <<<\n")


def test_the_same_again_changes_nothing() -> None:
    once = parse_crontab(OTHERS).having("docs", BODY).render()

    assert parse_crontab(once).having("docs", BODY).render() == once


def test_a_changed_block_keeps_its_place() -> None:
    both = parse_crontab(OTHERS).having("docs", BODY).having("news", BODY).render()

    changed = parse_crontab(both).having("docs", BODY.replace(b"15 3", b"20 4")).render()

    assert changed.index(b"20 4") < changed.index(b"15 3")
    assert list(parse_crontab(changed).blocks) == ["docs", "news"]


def test_a_block_tells_its_facts_and_whether_it_was_edited() -> None:
    raw = Crontab().having("docs", BODY).render()
    block = parse_crontab(raw).blocks["docs"]
    edited = parse_crontab(raw.replace(b"15 3", b"16 3")).blocks["docs"]
    windows = parse_crontab(raw.replace(b"\n", b"\r\n")).blocks["docs"]

    assert block.facts == {"config": "/srv/docs.yaml", "base": "/srv"}
    assert block.entries == [b"15 3 * * * cd /srv && python -m crawler"]
    assert (block.intact, edited.intact, windows.intact) == (True, False, False)


WHOLE = Crontab().having("docs", BODY).render()
FIRST, *_, LAST = WHOLE.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (WHOLE.replace(LAST, b""), "line 1 has the block of 'docs' without its end"),
        (OTHERS + WHOLE.replace(LAST, b""), "line 5 has the block of 'docs' without its end"),
        (WHOLE.replace(FIRST, b""), "line 4 has the block of 'docs' without its beginning"),
        (WHOLE + LAST, "line 6 has the block of 'docs' without its beginning"),
        (FIRST + WHOLE, "line 1 has the block of 'docs' without its end"),
        (WHOLE.replace(b"# <<< crawler docs", b"# <<< crawler news"),
         "line 5 has the block of 'news' without its beginning"),
        (WHOLE + WHOLE, "line 6 begins a second block of 'docs' (see line 1)"),
        (WHOLE.replace(b" >>>\n", b" >>> mine\n"), "line 1 looks like a marker"),
        (WHOLE.replace(b"# <<<", b"#<<<"), "line 5 looks like a marker"),
    ],
)  # fmt: skip
def test_a_damaged_block_is_refused_with_its_line_and_what_to_do(raw: bytes, says: str) -> None:
    with pytest.raises(StateError) as raised:
        parse_crontab(raw)

    assert says in str(raised.value)
    assert "crontab -e" in str(raised.value)
