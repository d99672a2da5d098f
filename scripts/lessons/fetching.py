"""Four ways to fetch many pages: the code of lesson 1."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from urllib.request import ProxyHandler, build_opener

import aiohttp

AT_ONCE = 100
direct = build_opener(ProxyHandler({}))


def fetch(url: str) -> int:
    """Fetch a page; the thread that asks stands still until it is there."""
    with direct.open(url, timeout=30) as answer:
        return len(answer.read())


def one_after_another(urls: list[str]) -> None:
    """Fetch a page, then the next."""
    for url in urls:
        fetch(url)


def in_threads(urls: list[str]) -> None:
    """Start a hundred threads of one page each, wait for all of them, start the next hundred."""
    for first in range(0, len(urls), AT_ONCE):
        threads = [Thread(target=fetch, args=[url]) for url in urls[first : first + AT_ONCE]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def in_a_pool(urls: list[str]) -> None:
    """Hand the pages to a hundred threads that stay."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(fetch, urls))


async def in_a_loop(urls: list[str]) -> None:
    """Ask for a hundred pages in one thread, and turn to whichever has come."""
    async with aiohttp.ClientSession() as session:  # 100 connections, unless told otherwise
        await asyncio.gather(*[size_of(session, url) for url in urls])


async def size_of(session: aiohttp.ClientSession, url: str) -> int:
    """Fetch a page; the thread does other things until it is there."""
    async with session.get(url) as answer:
        return len(await answer.read())
