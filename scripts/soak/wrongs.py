"""What a soak found wrong, told at its end."""

from __future__ import annotations

from collections.abc import Sequence


def tell_wrongs(wrong: Sequence[str], where: str = "") -> int:
    """Print what is wrong, and where more of it is to be seen; return the exit code."""
    for line in wrong:
        print(f"WRONG: {line}")
    more = f"; see {where}" if where else ""
    print(f"{len(wrong)} things are wrong{more}" if wrong else "as it should be")
    return 1 if wrong else 0
