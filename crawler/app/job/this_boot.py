"""Which boot of which machine this is."""

from __future__ import annotations

import socket
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_boot() -> tuple[str, str] | None:
    """Return the machine's name and the id of its boot; None where the kernel has no such id."""
    try:
        return socket.gethostname(), _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
