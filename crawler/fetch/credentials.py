"""What proves who asks: secrets that belong to one origin, and are sent there and nowhere else.

Each hop of a redirect, each robots.txt and each list of URLs is a request of its own that asks here
for its own origin, so that no secret can follow a redirect (CVE-2024-3574 and its many kin). An
origin is scheme, host and port (RFC 6454): what was given for https never goes out in the clear.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from crawler.urls import origin


class Credential(msgspec.Struct, frozen=True):
    """One header field that is a secret.

    Attributes:
        name: Of the field.
        value: What is sent; never shown.
    """

    name: str
    value: str

    def __repr__(self) -> str:
        return f"Credential({self.name!r}, ***)"


class Credentials:
    """The secrets of a job.

    Args:
        by_origin: One for each origin, as `crawler.policy.access` writes it.
    """

    def __init__(self, by_origin: Mapping[str, Credential] | None = None) -> None:
        self._by_origin = dict(by_origin or {})

    def field_for(self, url: str) -> Credential | None:
        """Return the field to be sent with a request for a serialised URL, if any."""
        return self._by_origin.get(origin(url)) if self._by_origin else None
