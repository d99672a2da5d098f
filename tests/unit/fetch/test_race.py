"""Which address of a host is connected to; sockets on loopback stand in `test_threads_client`."""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.name_lookup import Address
from crawler.fetch.race import interleaved

addresses = st.lists(
    st.builds(
        Address,
        st.sampled_from([socket.AF_INET, socket.AF_INET6]),
        st.text("0123456789", max_size=3),
    ),
    min_size=1,
    max_size=12,
)


@given(addresses)
def test_no_address_is_lost_and_the_first_stays_first(found: list[Address]) -> None:
    turns = interleaved(found)

    assert sorted(turns) == sorted(found)
    assert turns[0] == found[0]


@given(addresses)
def test_families_take_turns_for_as_long_as_there_are_two(found: list[Address]) -> None:
    families = [one.family for one in interleaved(found)]
    pairs = min(families.count(socket.AF_INET), families.count(socket.AF_INET6))

    assert all(families[2 * n] != families[2 * n + 1] for n in range(pairs))


@given(addresses)
def test_within_a_family_the_order_stays(found: list[Address]) -> None:
    for family in (socket.AF_INET, socket.AF_INET6):
        turns = [one for one in interleaved(found) if one.family == family]

        assert turns == [one for one in found if one.family == family]
