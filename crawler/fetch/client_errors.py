"""The errors of aiohttp's client in our classes and words."""

from __future__ import annotations

import ssl

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from crawler.errors import FetchError
from crawler.fetch.addresses import AddressRefused
from crawler.fetch.client_wire import Dropped, TooTiny, refusal
from crawler.fetch.connect_failure import connect_failure, one_line, tls_class, tls_failure
from crawler.fetch.proxy_choice import ProxyFailed
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass

#: What a request may end in, as far as this module has words for it.
CLIENT_ERRORS = (aiohttp.ClientError, HttpProcessingError, AddressRefused, OSError, ValueError)


def translated(
    error: Exception, request: FetchRequest, status: int | None, *, can_repeat: bool
) -> FetchError:
    """Return an error of the client as one of ours.

    Args:
        error: What the client raised.
        request: What was asked for.
        status: Of the answer, if its head was read.
        can_repeat: The request may be sent once more on a new connection.
    """
    kind = _kind(error)
    said = _words(error, kind)
    if kind is ErrorClass.PROTOCOL and (refused := refusal(error)) is not None:
        kind, said = refused
    if kind is ErrorClass.CONNECT and can_repeat and status is None:
        dropped = isinstance(error, Dropped | aiohttp.ClientConnectionResetError)
        kind = ErrorClass.REUSE if dropped else kind
    message = one_line(said or type(error).__name__)
    return FetchError(kind, message, url=request.url, status=status)


def not_through(error: ProxyFailed, url: str) -> FetchError:
    """Return the failure of a proxy as the error of a request for a URL."""
    return FetchError(error.kind, one_line(str(error)), url=url)


def _words(error: Exception, kind: ErrorClass) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return tls_failure(error.host, error.port, error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        words = tls_failure if kind is ErrorClass.TLS else connect_failure
        return words(error.host, error.port, error.os_error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "cannot connect: no answer in time"
    if isinstance(error, aiohttp.SocketTimeoutError):
        return "nothing came in time"
    if isinstance(error, TimeoutError):
        return "the answer was not complete in time"
    if isinstance(error, aiohttp.ClientPayloadError) and error.__cause__ is not None:
        # What it says instead is the notation of three libraries, one inside the other.
        return "the connection ended inside the body"
    return str(error)


def _kind(error: Exception) -> ErrorClass:
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return tls_class(error)
    for types, kind in _KINDS:
        if isinstance(error, types):
            return kind
    return ErrorClass.PROTOCOL


#: The first line that fits counts: aiohttp's timeouts and resets are OSErrors as well.
_KINDS: tuple[tuple[tuple[type[Exception], ...], ErrorClass], ...] = (
    ((AddressRefused,), ErrorClass.ADDRESS),
    ((aiohttp.ClientConnectorDNSError,), ErrorClass.DNS),
    ((aiohttp.ServerFingerprintMismatch,), ErrorClass.TLS),
    ((TimeoutError,), ErrorClass.TIMEOUT),
    ((TooTiny,), ErrorClass.TOO_LARGE),
    ((aiohttp.ClientPayloadError,), ErrorClass.TRUNCATED),
    ((aiohttp.ClientConnectionError, OSError), ErrorClass.CONNECT),
)
