"""Why no connection was made, in a few words for people."""

from __future__ import annotations

import os
import ssl


def connect_failure(host: str, port: int | None, error: OSError) -> str:
    """Return what went wrong, without the notation of the client or the loop."""
    if isinstance(error, ssl.SSLError):  # its number is not the system's
        return f"cannot connect to {host}:{port}: what answers there does not speak TLS"
    why = os.strerror(error.errno) if error.errno else str(error.strerror or error)
    return f"cannot connect to {host}:{port}: {why[:1].lower()}{why[1:]}"
