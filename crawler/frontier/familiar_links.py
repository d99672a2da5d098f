"""Links that were found lately and are known: found again, they change nothing.

On most sites nearly every link of a page is one of the same few hundred. Each would be brought to
its canonical form, encoded, hashed and looked up, only to learn what was learnt a page before. A
dict by the URL as it stands says so at a fifth of the cost.

What "changes nothing" means depends on where a link was found: known links are kept by depth and
label, and must be forgotten when the label of a row changes. A row that moves up stays familiar.
"""

from __future__ import annotations

#: Links kept of one depth and label, about; then these begin anew.
MOST = 1 << 13
#: Depths and labels told apart; then all begin anew.
PLACES = 8
#: Characters of a URL above which it is not kept: this is a table of the usual.
LONGEST = 256


class FamiliarLinks:
    """URL to row, by depth and label rank."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], dict[str, int]] = {}

    def at(self, depth: int, label_rank: int) -> dict[str, int]:
        """Return the links that change nothing in a place, and their rows; to be added to.

        Args:
            depth: Of the rows they would become.
            label_rank: Of their label.
        """
        place = depth, label_rank
        links = self._found.get(place)
        if links is None or len(links) >= MOST:
            if links is None and len(self._found) >= PLACES:
                self._found.clear()
            links = self._found[place] = {}
        return links

    def forget(self) -> None:
        """Forget all: a row has another label now."""
        self._found.clear()
