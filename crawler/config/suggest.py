"""Which known word was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None when none is close.

    Case, and `-` against `_`, do not count as differences.
    """
    import difflib  # needed only when something is wrong

    folded = {_fold(one): one for one in known}
    close = difflib.get_close_matches(_fold(word), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest word, or an empty one."""
    meant = nearest(word, known)
    return f"did you mean '{meant}'?" if meant else ""


def _fold(word: str) -> str:
    return word.lower().replace("-", "_")
