"""aiohttp's way through a proxy, its failures told apart from those of the target."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler

from crawler.fetch.client_wire import Connector
from crawler.fetch.connect_failure import reason_of
from crawler.fetch.file_shortage import is_shortage
from crawler.fetch.proxy_choice import ProxyFailed, tunnel_refused, unreachable
from crawler.policy.access import Proxy


class ProxyConnector(Connector):
    """A connector whose every connection is one to a proxy, or through it."""

    async def _create_proxy_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> tuple[asyncio.BaseTransport, ResponseHandler]:
        try:
            return await super()._create_proxy_connection(req, traces, timeout)
        except aiohttp.ClientHttpProxyError as error:
            raise tunnel_refused(_proxy(req), f"{req.host}:{req.port}", error.status) from error
        except aiohttp.ClientConnectorError:  # the target's, behind the proxy
            raise
        except aiohttp.ClientError as error:
            said = f"the proxy {_proxy(req).name} gives no answer to CONNECT"
            raise ProxyFailed(said) from error

    async def _create_direct_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - its name there
        *,
        client_error: type[Exception] = aiohttp.ClientConnectorError,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        # Of the time to connect one half is the proxy's: what is over then is its fault alone.
        half = None if timeout.connect is None else timeout.connect / 2
        name = f"{req.host}:{req.port}"
        try:
            async with asyncio.timeout(half):
                return await super()._create_direct_connection(
                    req, traces, timeout, client_error=client_error
                )
        except TimeoutError as error:
            raise unreachable(name, "no answer in time") from error
        except aiohttp.ClientConnectorError as error:
            if is_shortage(error):
                raise
            raise unreachable(name, reason_of(error.os_error)) from error


def _proxy(req: aiohttp.ClientRequest) -> Proxy:
    assert req.proxy is not None  # or this connector would not be asked
    fields = req.proxy_headers
    authorization = fields.get(hdrs.PROXY_AUTHORIZATION) if fields else None
    return Proxy(req.proxy.host or "", req.proxy.port or 0, authorization)
