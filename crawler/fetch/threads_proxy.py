"""The way of a client that blocks through a proxy, to the proxy or on to its target."""

from __future__ import annotations

import socket

from crawler.fetch.answer_head import MalformedAnswer
from crawler.fetch.answer_stream import AnswerStream, CutShort, NoAnswer
from crawler.fetch.dialler import Dialler, NotConnected
from crawler.fetch.file_shortage import is_shortage
from crawler.fetch.limits import KIB
from crawler.fetch.proxy_choice import ProxyFailed, tunnel_refused, unreachable
from crawler.policy.access import Proxy

_READ_SIZE = 4 * KIB


class ProxyDialler:
    """Connects as a `Dialler` does, but through one proxy.

    Args:
        dialler: Makes the connections to it.
        proxy: The proxy.
        is_tunnel: The proxy is to connect to the target (CONNECT, RFC 9110 §9.3.6), as TLS needs
            it; if not, it is the proxy itself that is asked, for whole URLs.
        agent: The User-Agent field.
    """

    def __init__(self, dialler: Dialler, proxy: Proxy, *, is_tunnel: bool, agent: str) -> None:
        self._dialler = dialler
        self._proxy = proxy
        self._is_tunnel = is_tunnel
        self._fields = {"User-Agent": agent} | proxy.fields

    def left(self, ends: float) -> float:
        """As `Dialler.left`."""
        return self._dialler.left(ends)

    def dial(self, host: str, port: int, ends: float) -> socket.socket:
        """Connect.

        Args:
            host: The target.
            port: Its port.
            ends: As for `Dialler.dial`.

        Raises:
            ProxyFailed: The proxy cannot be reached, or will not connect to the target.
            TimeoutError: The proxy can be reached, and the time is up.
        """
        made = self._to_proxy(ends)
        if not self._is_tunnel:
            return made
        try:
            self._connect(made, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", ends)
        except BaseException:
            made.close()
            raise
        return made

    def _to_proxy(self, ends: float) -> socket.socket:
        # Of the time to connect one half is the proxy's: what is over then is its fault alone.
        half = ends - self.left(ends) / 2
        try:
            made = self._dialler.dial(self._proxy.host, self._proxy.port, half)
        except (NotConnected, TimeoutError) as error:
            if is_shortage(error):
                raise
            raise unreachable(self._proxy.name, str(error).rpartition(": ")[2]) from error
        made.settimeout(self.left(ends))
        return made

    def _connect(self, made: socket.socket, target: str, ends: float) -> None:
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        lines += [f"{name}: {value}" for name, value in self._fields.items()]

        def receive() -> bytes:
            made.settimeout(self.left(ends))
            return made.recv(_READ_SIZE)

        try:
            made.sendall("\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape"))
            stream = AnswerStream(receive)
            status = stream.read_head("HEAD").status
        except TimeoutError as error:
            said = f"cannot connect to {target} by the proxy {self._proxy.name}: no answer in time"
            raise TimeoutError(said) from error
        except (MalformedAnswer, CutShort, NoAnswer, OSError) as error:
            said = f"the proxy {self._proxy.name} gives no answer to CONNECT"
            raise ProxyFailed(said) from error
        if status != 200:
            raise tunnel_refused(self._proxy, target, status)
        if stream.unread:  # nothing may come before we have spoken: it would be taken for TLS
            raise ProxyFailed(f"the proxy {self._proxy.name} says more than it was asked")
