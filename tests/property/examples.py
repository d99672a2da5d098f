"""How many examples a property gets: 200 in a run of the tests, as many as asked for in a soak."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

#: The profile under which `scripts.soak.fuzz` runs.
SOAK = "fuzz"
_EXAMPLES = 200


def examples(most: int = _EXAMPLES) -> settings:
    """Return the settings of a property; a decorator.

    Args:
        most: Examples in a run of the tests, where each takes long.
    """
    if settings.get_current_profile_name() == SOAK:
        return settings()
    return settings(max_examples=most, deadline=None, suppress_health_check=[HealthCheck.too_slow])
