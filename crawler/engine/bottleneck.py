"""Why a crawl is not faster: where its waiting time goes."""

from __future__ import annotations


class Bottleneck:
    """Seconds that the dispatcher waited, by what it waited for."""

    def __init__(self) -> None:
        self._waited = {"politeness": 0.0, "network": 0.0, "output": 0.0}

    def waited(self, cause: str, seconds: float) -> None:
        """Note a wait for "politeness", "network" or "output"."""
        self._waited[cause] += seconds

    def shares(self, total: float, cpu: float) -> dict[str, float]:
        """Return each cause's share of the time; the shares add up to 1.

        While the dispatcher waits, callbacks run on the same loop: what the processor was busy
        is its share, the rest is split by what was waited for.

        Args:
            total: Seconds that the crawl took.
            cpu: CPU seconds that the process spent in them.
        """
        waited = sum(self._waited.values())
        if total <= 0 or waited <= 0:
            return {}
        busy = min(1.0, cpu / total)
        shares = {cause: (1 - busy) * spent / waited for cause, spent in self._waited.items()}
        return {cause: round(share, 3) for cause, share in {**shares, "cpu": busy}.items()}
