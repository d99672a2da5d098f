"""What two long lists have in common, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from xxhash import xxh3_64_intdigest

#: Entries of a list that are held at a time, some 40 MB; longer ones are read once for each part.
HELD = 250_000


class Entry(NamedTuple):
    """One entry of a list.

    Attributes:
        key: By which it is known again.
        digest: Differs when it says something else.
    """

    key: str
    digest: int


What = Literal["gone", "come", "changed", "same"]
#: Begins to read a list anew with every call.
Listing = Callable[[], Iterator[Entry]]


def differences(old: Listing, new: Listing, held: int = HELD) -> Iterator[tuple[What, str]]:
    """Yield what became of each key: "gone", "come", "changed" or "same".

    A key that stands in a list several times counts each time. Two keys are taken for one with a
    probability of one in 10^19 for each pair of them.

    Args:
        old: One list.
        new: The other.
        held: Entries that may be held at a time.
    """
    longest = max(sum(1 for _ in one()) for one in (old, new))
    parts = max(1, -(-longest // held))
    for part in range(parts):
        before, after = (_held(one, part, parts) for one in (old, new))
        yield from _compared(old, new, before, after, (part, parts))


def _compared(
    old: Listing, new: Listing, before: dict[int, int], after: dict[int, int],
    part: tuple[int, int],
) -> Iterator[tuple[What, str]]:  # fmt: skip
    for key, name, _ in _part(old, *part):
        if name not in after:
            yield "gone", key
    for key, name, digest in _part(new, *part):
        known = before.get(name)
        if known is None:
            yield "come", key
        else:
            yield ("same" if known == digest else "changed"), key


def _part(listing: Listing, part: int, parts: int) -> Iterator[tuple[str, int, int]]:
    for key, digest in listing():
        name = xxh3_64_intdigest(key.encode(errors="surrogatepass"))
        if name % parts == part:
            yield key, name, digest


def _held(listing: Listing, part: int, parts: int) -> dict[int, int]:
    return {name: digest for _, name, digest in _part(listing, part, parts)}
