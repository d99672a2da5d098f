"""`crawler validate CONFIG...`: every problem of every file, nothing fetched."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from crawler.config.load import load_job
from crawler.errors import ConfigError


def validate(configs: Sequence[Path], overrides: Sequence[str]) -> int:
    """Check files; return 0 if all are good, else 2."""
    wrong = 0
    for path in configs:
        try:
            load_job(path, overrides=overrides, environ=os.environ)
        except ConfigError as error:
            wrong += 1
            sys.stderr.write(f"{error}\n")
        else:
            sys.stdout.write(f"{path}: ok\n")
    return 2 if wrong else 0
