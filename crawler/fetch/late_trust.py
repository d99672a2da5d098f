"""aiohttp's import without the reading of every certificate that the system trusts.

The client makes its TLS context as it is imported: a third of what its import costs, and in vain
where no https URL is asked for. Here that context reads the certificates before its first
connection; in all else it is the one that `ssl.create_default_context` makes.
"""

from __future__ import annotations

import ssl
import sys
from importlib import import_module
from typing import Any

_CONNECTOR = "aiohttp.connector"
_READ = "load_default_certs"


class LateTrust(ssl.SSLContext):
    """A client's context whose certificates are those of the system, read when first needed."""

    _trusts = False

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """See `ssl.SSLContext`."""
        self._trust()
        return super().wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """See `ssl.SSLContext`."""
        self._trust()
        return super().wrap_socket(*args, **kwargs)

    def _trust(self) -> None:
        if not self._trusts:
            self.load_default_certs()
            self._trusts = True


def import_client() -> None:
    """Import aiohttp's client, unless somebody did already; call it before any other import of it.

    What goes wrong here can only make a connection fail, never have it trust a server.
    """
    if _CONNECTOR in sys.modules:
        return
    made: list[ssl.SSLContext] = []

    def later(context: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        """Read nothing yet; `ssl.create_default_context` calls it last."""
        made.append(context)

    usual = ssl.SSLContext.load_default_certs
    setattr(ssl.SSLContext, _READ, later)  # for the import alone
    try:
        import_module(_CONNECTOR)
    finally:
        setattr(ssl.SSLContext, _READ, usual)
    for context in made:
        context.__class__ = LateTrust
