"""Why there is no answer, in a few words for people and in the classes of the books."""

from __future__ import annotations

import os
import ssl

from crawler.outcome import ErrorClass

#: Why there is no connection where the time went by in the look-up.
SILENT_NAMES = "the name servers did not answer in time"


def connect_failure(host: str, port: int | None, error: OSError) -> str:
    """Return what went wrong, without the notation of the client or the loop."""
    if isinstance(error, ssl.SSLError):  # its number is not the system's
        return f"cannot connect to {host}:{port}: what answers there does not speak TLS"
    return f"cannot connect to {host}:{port}: {reason_of(error)}"


def reason_of(error: OSError) -> str:
    """Return why there is no connection."""
    why = os.strerror(error.errno) if error.errno else str(error.strerror or error)
    why = why or "the connection was closed"
    return f"{why[:1].lower()}{why[1:]}"


def tls_failure(host: str, port: int | None, error: Exception) -> str:
    """Return what is wrong with a certificate or a handshake, in OpenSSL's words."""
    why = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
    if why.isupper():  # the name of an alert
        why = why.replace("_", " ").lower()
    return f"cannot trust {host}:{port}: {why}"


def tls_class(error: Exception) -> ErrorClass:
    """Return the class of an error of TLS."""
    # Plain HTTP on a TLS port is a wrong protocol, not a wrong certificate.
    return ErrorClass.PROTOCOL if "WRONG_VERSION_NUMBER" in str(error) else ErrorClass.TLS


def ended_early(error: Exception) -> bool:
    """Tell whether the other side just went away in the middle of a handshake."""
    # Which of the two it is depends on the release of CPython and on what was still to be read.
    return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def not_http(first: bytes) -> str:
    """Return what an answer is that is no HTTP/1.

    Args:
        first: Its first bytes; 9 are enough.
    """
    # RFC 9113 §3.4: a server begins with SETTINGS, type 4, on stream 0. RFC 8446 §5.1: records
    # have types 20 to 23 and version 3.x.
    if len(first) >= 9 and first[3] == 4 and first[5:9] == b"\0\0\0\0":
        return "this is no HTTP/1: the server speaks HTTP/2 only"
    if len(first) >= 3 and 20 <= first[0] <= 23 and first[1] == 3:
        return "this is no HTTP: the server speaks TLS here, as https URLs do"
    return "this is no HTTP"


def one_line(said: str) -> str:
    """Return what a library or a server said, fit to be printed: 300 characters at most."""
    return "".join(c if c.isprintable() else " " for c in said)[:300]
