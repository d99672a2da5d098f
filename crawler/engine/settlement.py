"""What the changes of a run are, taken together, before the first of them is told."""

from __future__ import annotations

import msgspec

from crawler.policy.mass_change import MassChange


class Settlement(msgspec.Struct):
    """What the changes of a run are, taken together; see `crawler.engine.settling`.

    Attributes:
        mass: The changes.
        live: Known items that were not gone.
        missing: Those of them that the run missed at once; see `crawler.policy.gone.at_once`.
        too_many: So many that none of them is marked.
    """

    mass: MassChange = msgspec.field(default_factory=MassChange)
    live: int = 0
    missing: int = 0
    too_many: bool = False

    @property
    def credible(self) -> bool:
        """It can be believed: neither error pages nor a mass loss."""
        return not (self.mass.alike or self.too_many)
