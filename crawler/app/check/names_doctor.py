"""Whether the names of a job's start hosts are known to the name server that a run asks."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from crawler.app.check.findings import Finding, fail, ok
from crawler.config.load import LoadedJob
from crawler.urls import UrlError, hostname, parse

#: Seconds for one name, all tries together.
_PATIENCE = 10.0
_MOST = 20


def start_hosts(loaded: LoadedJob) -> list[str]:
    """Return the names of a job's start URLs, each once; addresses need no name server."""
    names: dict[str, None] = {}
    for url in loaded.job.start.urls:
        try:
            name = hostname(parse(url.replace("{demo}", "http://127.0.0.1")))
        except UrlError:
            continue
        if ":" not in name and not name.rpartition(".")[2].isdigit():
            names[name] = None
    return list(names)


async def look_up(names: Iterable[str]) -> list[Finding]:
    """Ask for the addresses of names, one after the other, as a run would."""
    import aiodns  # what aiohttp resolves with

    resolver = aiodns.DNSResolver(timeout=_PATIENCE / 2, tries=2)
    found = []
    try:
        for name in list(names)[:_MOST]:
            try:
                answer = await resolver.getaddrinfo(name, family=socket.AF_UNSPEC)
            except aiodns.error.DNSError as error:
                said = str(error.args[-1]) if error.args else "no answer"
                advice = "check the spelling, and /etc/resolv.conf"
                found.append(fail(f"name {name}", said, advice))
                continue
            addresses = {_address(node.addr) for node in answer.nodes}
            found.append(ok(f"name {name}", ", ".join(sorted(addresses))))
    finally:
        await resolver.close()
    return found


def _address(address: tuple[bytes | str | int, ...]) -> str:
    first = address[0]
    return first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)
