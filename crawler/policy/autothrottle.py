"""How a host's own answers set its pace: slower when it is slow or says so, then back again."""

from __future__ import annotations

import msgspec

# Below this a delay is no longer worth a timer.
_NEGLIGIBLE = 0.02


class HostPace(msgspec.Struct, frozen=True, gc=False):
    """What is known of a host's pace; small enough to be kept per host and stored.

    Attributes:
        delay: Seconds between two requests that its answers ask for.
        latency: Smoothed seconds to an answer; 0 before the first.
        slowed_at: Time at which the delay was last raised; requests sent before it say nothing
            new, as they met the same trouble.
    """

    delay: float = 0.0
    latency: float = 0.0
    slowed_at: float = float("-inf")


#: Of a host nothing is known of.
FRESH = HostPace()


class AutothrottlePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Turns one answer after the other into a pace.

    Attributes:
        first_delay: Seconds to begin with when a host without a delay pushes back.
        max_delay: Seconds at most.
        recovery: What a good answer leaves of the surplus, between 0 and 1.
    """

    first_delay: float = 1.0
    max_delay: float = 60.0
    recovery: float = 0.75

    def after_good(self, pace: HostPace, configured: float, latency: float) -> HostPace:
        """Return the pace after an answer that shows no distress.

        A host with a configured delay gets at least its own latency as a pause, and never less
        than what is configured. One without any is not slowed down while it is healthy: its
        owner said that it need not be.

        Args:
            pace: The pace so far.
            configured: Configured seconds between two requests.
            latency: Seconds from sending to the last byte.
        """
        if configured <= 0:
            if pace.delay <= 0:
                return pace
            delay = pace.delay * self.recovery
            if delay < _NEGLIGIBLE:
                return FRESH
            return HostPace(delay, pace.latency, pace.slowed_at)
        smooth = latency if pace.latency <= 0 else 0.75 * pace.latency + 0.25 * latency
        target = min(max(configured, smooth), self.max_delay)
        surplus = (pace.delay - target) * self.recovery
        delay = target + surplus if surplus > _NEGLIGIBLE else target
        return HostPace(delay, smooth, pace.slowed_at)

    def after_push_back(
        self, pace: HostPace, configured: float, *, sent: float, now: float
    ) -> HostPace:
        """Return the pace after a 429, a 503 or a time-out: twice the delay, within the limits.

        Args:
            pace: The pace so far.
            configured: Configured seconds between two requests.
            sent: Time at which the request was sent, by the same clock as `now`.
            now: Current time.
        """
        if sent < pace.slowed_at:
            return pace
        delay = max(self.first_delay, 2 * max(pace.delay, configured))
        # A configured delay beyond the limit was somebody's wish: it stays.
        return HostPace(min(delay, max(self.max_delay, configured)), pace.latency, now)
