"""Why a crawl is not faster: where its waiting time goes."""

from __future__ import annotations


class Bottleneck:
    """Seconds that the dispatcher waited, by what it waited for."""

    def __init__(self) -> None:
        self._waited = {"politeness": 0.0, "network": 0.0, "output": 0.0}

    def waited(self, cause: str, seconds: float) -> None:
        """Note a wait for "politeness", "network" or "output"."""
        self._waited[cause] += seconds

    def shares(self, total: float) -> dict[str, float]:
        """Return each cause's share of `total` seconds; what is left is the processor's."""
        if total <= 0:
            return {}
        shares = {cause: min(1.0, spent / total) for cause, spent in self._waited.items()}
        shares["cpu"] = max(0.0, 1.0 - sum(shares.values()))
        return {cause: round(share, 3) for cause, share in shares.items()}
