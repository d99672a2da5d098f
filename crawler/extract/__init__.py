"""Responses: selectors, links and text out of bytes."""
