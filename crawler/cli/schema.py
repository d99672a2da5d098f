"""`crawler schema`: the JSON Schema of config files."""

from __future__ import annotations

import argparse

from crawler.cli.printing import put_json


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(_: argparse.Namespace) -> int:
    """Print the schema; return 0."""
    from crawler.config.schema import json_schema

    put_json(json_schema())
    return 0
