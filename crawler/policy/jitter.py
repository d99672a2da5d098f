"""How long after its time a scheduled run begins."""

from __future__ import annotations

from xxhash import xxh3_64_intdigest

_ALL = 1 << 64


def fixed_jitter(job: str, machine: str, most: float) -> float:
    """Return the seconds by which a job is late on a machine, the same ones every night.

    So that runs stay comparable, a file is ready at a time that can be relied on, and yet the jobs
    of many machines do not all begin in the same second.

    Args:
        job: Its name.
        machine: What names the machine.
        most: Seconds at most; the result is less, or 0 for 0.
    """
    return most * xxh3_64_intdigest(f"{machine}\0{job}".encode()) / _ALL
