"""Remote text on its way to a terminal, for the commands that print it themselves."""

from crawler.observe.console import safe

__all__ = ["safe"]
