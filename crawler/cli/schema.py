"""`crawler schema`: the JSON Schema of config files."""

from __future__ import annotations

import json
import sys

from crawler.config.schema import json_schema


def print_schema() -> int:
    """Print the schema; return 0."""
    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0
