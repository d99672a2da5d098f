"""What a run that visits known pages again knows of endless parts of their sites."""

from __future__ import annotations

import msgspec

from crawler.engine.tally import Tally, decode_tally, encode_tally


def known_traps(tally: bytes | None) -> bytes | None:
    """Return the counters that a refresh begins with, encoded; None for none.

    Without them each night would follow a calendar for a few hundred months more. Only what was cut
    is kept: a suspicion is of a run, whose pages are new to it.

    Args:
        tally: The counters of the last run, encoded.

    Raises:
        StateError: They are damaged.
    """
    traps = {
        name: msgspec.structs.replace(one, cut=0)
        for name, one in decode_tally(tally).traps.items()
        if one.is_cut
    }
    return encode_tally(Tally(traps=traps)) if traps else None
