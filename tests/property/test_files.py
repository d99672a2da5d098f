"""Files and lines of others: job files, lists of URLs, state, messages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.config.load import load_job
from crawler.engine.tally import Tally, decode_tally, encode_tally
from crawler.errors import CallbackError, ConfigError, Problem, StateError
from crawler.observe.control_socket import _request
from crawler.spider.payload import Payload, decode, encode
from tests.property.examples import examples

JOB = b"""\
version: 1
name: books
start: ["https://shop.example/"]
scope: {deny: ["/print/**"], max_depth: 8}
fetch: {timeout: 20s, headers: {Accept-Language: "${LANG:-en}"}}
schemas: {Book: {upc: {type: str, key: true}, price: {type: decimal, ge: 0}}}
extract:
  - item: Book
    fields:
      upc: {css: "td::text"}
      price: {css: "p.price::text", then: [number, {regex: "[0-9.]+"}]}
"""


def loaded(data: bytes, *options: str, **environ: str) -> tuple[Problem, ...]:
    """Return the problems of a job file, none if it loads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.yaml"
        path.write_bytes(data)
        try:
            load_job(path, overrides=options, environ=environ)
        except ConfigError as error:
            return error.problems
    return ()


def check(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        assert problem.message
        assert problem.line >= 0
        problem.render()


@st.composite
def edited(draw: st.DrawFn, original: bytes) -> bytes:
    """Draw a file of which some bytes are gone, and others in their place."""
    data = original
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 30))
        new = draw(st.binary(max_size=5) | st.sampled_from(_YAML))
        data = data[:place] + new + data[place + gone :]
    return data


_YAML = [
    b": ", b"- ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!!python/object:os.system ", b"|\n",
    b"<<: *a", b"\t", b"\r", b"---\n", b"%YAML 9\n", b"? ", b"\0", b"'", b'"\\x', b"${A", b"\xff",
    b"1e999", b"0x", b"9" * 5_000, b"~", b"#", b"\xe2\x80\xa8", b"!<", b".inf",
]  # fmt: skip


@examples()
@given(edited(JOB) | st.lists(st.sampled_from(_YAML), max_size=20).map(b"".join))
def test_any_job_file_loads_or_every_problem_is_told(data: bytes) -> None:
    check(loaded(data))


_words = st.sampled_from(["fetch", "timeout", "scope", "start", "urls", "extract", "0", "-1", "a",
                          "", "99999999999999999999", "fields", "name", "limits"])  # fmt: skip
options = st.text(max_size=30) | st.builds(
    "{}={}".format,
    st.lists(_words, max_size=5).map(".".join),
    st.text(max_size=10) | st.sampled_from([one.decode("latin-1") for one in _YAML]),
)


@examples()
@given(st.lists(options, max_size=3), st.text(max_size=20))
def test_any_option_and_any_variable_is_used_or_told_of(given_: list[str], lang: str) -> None:
    check(loaded(JOB, *given_, LANG=lang))


def test_a_few_bytes_of_aliases_are_no_million_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]

    (problem, *_) = loaded("\n".join(lines).encode())

    assert "aliases stand for more than" in problem.message


_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 1 << 62),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.builds(msgspec.msgpack.Ext, st.integers(-128, 127), st.binary(max_size=12)),
)
_keys = st.sampled_from(["c", "e", "m", "k", "a", "1"]) | st.text(max_size=2)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner),
    max_leaves=8,
)
_pack: Callable[[object], bytes] = msgspec.msgpack.encode


@st.composite
def tampered(draw: st.DrawFn, blob: bytes) -> bytes:
    """Draw a blob with other bytes in some places, or other values altogether."""
    if draw(st.booleans()):
        return _pack(draw(_values))
    raw = bytearray(blob)
    for place in draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
        raw[place] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))])


_payload = encode(Payload(meta={"a": 1, "b": (2, b"x")}, cb_kwargs={"n": 1.5}))
assert _payload is not None


@examples()
@given(tampered(_payload))
def test_a_kept_request_that_was_tampered_with_is_an_error_of_its_page(blob: bytes) -> None:
    try:
        decode(blob)
    except CallbackError:
        return


@examples()
@given(st.binary(max_size=60) | tampered(encode_tally(Tally())))
def test_counters_that_were_tampered_with_are_an_error_of_the_state(blob: bytes) -> None:
    try:
        assert isinstance(decode_tally(blob), Tally)
    except StateError:
        return


@pytest.mark.parametrize("blob", [b"", b"{", b'{"items": 5}', b'"\xff"', b'{"x":' + b"[" * 100_000])
def test_every_way_to_be_unreadable_is_an_error_of_the_state(blob: bytes) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        decode_tally(blob)


@examples()
@given(st.binary(max_size=60) | st.sampled_from([b"[" * 4_000, b'{"a":' * 700, b'{"ask": "\xff"}']))
def test_any_line_on_the_control_socket_is_a_request_or_an_empty_one(line: bytes) -> None:
    assert isinstance(_request(line), dict)
