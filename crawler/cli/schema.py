"""`crawler schema`: the JSON Schema of config files."""

from __future__ import annotations

import argparse
import json
import sys


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(_: argparse.Namespace) -> int:
    """Print the schema; return 0."""
    from crawler.config.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0
