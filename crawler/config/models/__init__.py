"""The job as frozen models: every key, its type, its default and its description.

Defaults are written as a user would write them (`"20s"`), so that the schema and the effective
config show them in that form.

All of them are made here at once, and no plugin of pydantic that happens to be installed is asked
what it has to say to that: looking for one costs as much as making five models, and it would be
shown every secret of a config.
"""

from __future__ import annotations

import os
from importlib import import_module

_SWITCH = "PYDANTIC_DISABLE_PLUGINS"


def _make() -> None:
    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = "__all__"
    try:
        import_module(f"{__name__}.job")
    finally:
        if before is None:
            del os.environ[_SWITCH]
        else:
            os.environ[_SWITCH] = before


_make()
