"""Fakes and servers for tests of crawlers; public, imported by no production module."""

from __future__ import annotations

from crawler.testing.fake_clock import FakeClock

__all__ = ["FakeClock"]
