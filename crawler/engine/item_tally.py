"""What became of the items of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class ItemTally(msgspec.Struct):
    """Items of one kind: in + fanned = out + dropped + quarantined + waiting.

    Attributes:
        filled: Items by field that has a value.
        new: Events of that name; so are the next four.
    """

    in_: int = msgspec.field(default=0, name="in")
    fanned: int = 0
    out: int = 0
    dropped: int = 0
    quarantined: int = 0
    waiting: int = 0
    filled: dict[str, int] = msgspec.field(default_factory=dict)
    new: int = 0
    changed: int = 0
    moved: int = 0
    back: int = 0
    gone: int = 0

    @property
    def balanced(self) -> bool:
        """Every item is accounted for."""
        return self.in_ + self.fanned == self.out + self.dropped + self.quarantined + self.waiting

    def count_fields(self, record: Mapping[str, Any]) -> None:
        """Count which fields of a record have a value."""
        filled = self.filled
        for name, value in record.items():
            # Whatever is true is full; of the rest, so are 0 and False.
            full = value or (value is not None and value != "" and value != [])
            filled[name] = filled.get(name, 0) + (1 if full else 0)
