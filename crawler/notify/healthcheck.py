"""Pings as Healthchecks (healthchecks.io, or a server of one's own) understands them.

`URL/start` when a run begins, `URL/CODE` when it has ended: 0 is success, anything else failure;
`URL/log` for what is neither. `?rid=UUID`, the same in both, tells two runs that overlap apart.
"""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit, urlunsplit

#: Bytes of a body; more is no summary.
MAX_BODY = 10_000

_NAMESPACE = uuid.UUID("5a1c6f0e-7a0b-5d0e-9d6a-3a6b1c3b7f10")


def run_uuid(job: str, run_id: str) -> uuid.UUID:
    """Return the UUID of a run; a run that is gone on with keeps it."""
    return uuid.uuid5(_NAMESPACE, f"{job}/{run_id}")


def ping_url(url: str, word: str, rid: uuid.UUID | None) -> str:
    """Return the address of a ping.

    Args:
        url: That of the check; a query in it stays.
        word: "start", "log", or an exit code.
        rid: Of the run; None where there is none.
    """
    parts = urlsplit(url)
    query = [parts.query] if parts.query else []
    query += [f"rid={rid}"] if rid is not None else []
    path = f"{parts.path.rstrip('/')}/{word}"
    return urlunsplit((parts.scheme, parts.netloc, path, "&".join(query), ""))


def ping_body(lines: str) -> bytes:
    """Return the end of a text, as much as a ping takes."""
    body = lines.encode("utf-8", "replace")
    # What a cut leaves of a character is left out.
    return body[-MAX_BODY:].decode("utf-8", "ignore").encode() if len(body) > MAX_BODY else body
