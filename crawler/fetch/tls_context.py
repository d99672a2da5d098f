"""How far a server's certificate is trusted, and what certificate it is shown.

Verification can be turned off for hosts that are named, and for nobody else. Each policy has a
context of its own, and connections of one context are never used for another (CVE-2024-35195: a
connection made without verification was handed to who asked for it).
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from typing import Literal

import msgspec

from crawler.policy.politeness import LimitRule
from crawler.urls import host_key, origin

MinVersion = Literal["1.2", "1.3"]


class ClientCert(msgspec.Struct, frozen=True):
    """A certificate of our own.

    Attributes:
        cert: PEM file with it, and whatever stands between it and its root.
        key: PEM file with its key, not protected by a password.
    """

    cert: str
    key: str


class TlsRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is trusted.

    Attributes:
        ca_file: PEM file with certificates that are trusted beside the system's.
        min_version: The oldest TLS that is spoken.
        unverified: Patterns of hosts whose certificates are not looked at.
        client_certs: Ours, by the origin that they are shown to.
    """

    ca_file: str | None = None
    min_version: MinVersion = "1.2"
    unverified: tuple[str, ...] = ()
    client_certs: Mapping[str, ClientCert] = {}


class TlsContexts:
    """The contexts of a job, made as they are needed; may be used by many threads.

    Args:
        rules: What is trusted.

    Attributes:
        is_usual: Every server is to be met with the standard library's default context.
    """

    def __init__(self, rules: TlsRules) -> None:
        self._rules = rules
        self._unverified = tuple(LimitRule(match=one) for one in rules.unverified)
        self._lock = threading.Lock()
        self._made: dict[tuple[bool, str], ssl.SSLContext] = {}
        self.is_usual = rules == TlsRules()

    def trusts_blindly(self, url: str) -> bool:
        """Tell whether the certificate of a serialised URL's server is not looked at."""
        if not self._unverified or url[4] != "s":
            return False
        host = host_key(url)
        return any(rule.matches(host) for rule in self._unverified)

    def context_for(self, url: str) -> ssl.SSLContext:
        """Return the context for a serialised https URL.

        Raises:
            ssl.SSLError: A file of the config can no longer be used.
            OSError: It is gone.
        """
        own = origin(url) if origin(url) in self._rules.client_certs else ""
        key = (self.trusts_blindly(url), own)
        with self._lock:
            if (known := self._made.get(key)) is None:
                known = self._made[key] = self._make(*key)
            return known

    def _make(self, blindly: bool, own: str) -> ssl.SSLContext:
        context = ssl.create_default_context()
        # Python's own default forbids less than 1.2 on every platform since 3.10.
        if self._rules.min_version == "1.3":
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._rules.ca_file is not None:
            context.load_verify_locations(self._rules.ca_file)
        if blindly:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if own:
            # An empty password: a key that has one is an error, not a question on the terminal.
            mine = self._rules.client_certs[own]
            context.load_cert_chain(mine.cert, mine.key, password="")
        return context
