"""Fakes and servers for tests of crawlers; public, imported by no production module."""

from __future__ import annotations

from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import FakeFetcher, Reply
from crawler.testing.fake_workers import FakeWorkers
from crawler.testing.memory_sink import MemorySink

__all__ = ["FakeClock", "FakeFetcher", "FakeWorkers", "MemorySink", "Reply"]
