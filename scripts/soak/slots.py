"""Segfaults and hangs by the hundred, in process slots: whether anything else is lost.

    python -m scripts.soak.slots [--items 2000] [--segfaults 100] [--hangs 20] [--seed S]

Each guilty item must be refused, as what it did, and every other must give its value. Exits with 1
if not.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import random
import sys
import threading
import time
from collections import Counter

from crawler.offload.offloaded import Done, Kind, Refused
from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots

_ITEM = "scripts.soak.slots:item"
TIMEOUT = 0.5


def item(deed: int | str) -> int:
    """Give a number back; or do what is said."""
    if deed == "segfault":
        ctypes.string_at(0)
    if deed == "hang":
        threading.Event().wait()
    return int(deed)


async def soak(deeds: list[int | str], slots_wanted: int) -> list[str]:
    """Run them; print what came of it, and return what is wrong with that."""
    began = time.monotonic()
    async with Slots(slots_wanted, SlotLimits(timeout=TIMEOUT)) as slots:
        answers = await asyncio.gather(*(slots.call(_ITEM, deed) for deed in deeds))
    kinds = Counter(str(one.kind) for one in answers if isinstance(one, Refused))
    print(f"{len(deeds)} items in {time.monotonic() - began:.1f} s: refused {dict(kinds)}")
    print(f"processes lost: {dict(slots.counts.deaths)}, batches {slots.counts.batches}")
    wanted = {"segfault": Kind.DIED, "hang": Kind.TIMEOUT}
    wrong = []
    for number, (deed, answer) in enumerate(zip(deeds, answers, strict=True)):
        if isinstance(deed, str):
            right = isinstance(answer, Refused) and answer.kind == wanted[deed]
        else:
            right = answer == Done(deed, answer.size if isinstance(answer, Done) else 0)
        if not right:
            wrong.append(f"item {number}, {deed}: {answer}")
    return wrong


def main() -> int:
    """Run the soak and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--segfaults", type=int, default=100)
    parser.add_argument("--hangs", type=int, default=20)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    guilty = ["segfault"] * args.segfaults + ["hang"] * args.hangs
    deeds: list[int | str] = [*guilty, *range(args.items - len(guilty))]
    random.Random(args.seed).shuffle(deeds)
    wrong = asyncio.run(soak(deeds, args.slots))
    for one in wrong:
        print(f"VIOLATION {one}")
    print("FAILED" if wrong else "OK: nothing else was lost")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
