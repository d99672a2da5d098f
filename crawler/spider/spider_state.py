"""`Spider.state`: the user's own dict, committed with the page that changed it."""

from __future__ import annotations

