"""Fakes and servers for tests of crawlers; public, imported by no production module."""
