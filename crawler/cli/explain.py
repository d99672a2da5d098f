"""`crawler explain CONFIG [URL]`: what a config comes to, and what that means for a URL."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from crawler.cli.page_options import add_page_arguments
from crawler.cli.printing import put, put_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a config and perhaps a URL."""
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument("url", nargs="?", metavar="URL", help="{demo} and paths are understood")
    parser.add_argument("--all", action="store_true", help="settings that have their default, too")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    add_page_arguments(parser, config=False)


def run(options: argparse.Namespace) -> int:
    """Explain; return 0."""
    from crawler.config.load import load_job

    loaded = load_job(options.config, overrides=options.set, environ=os.environ)
    if options.url is None:
        from crawler.app.look.explain_job import effective_settings, setting_lines

        if options.json:
            settings = {
                path: {"value": value, "origin": where}
                for path, value, where in effective_settings(loaded, every=options.all)
            }
            put_json(settings)
        else:
            put(setting_lines(loaded, every=options.all))
        return 0
    from crawler.app.job.job_paths import JobPaths
    from crawler.app.job.rehearsal import clock_of
    from crawler.app.look.explain_url import explain_url

    paths = JobPaths(options.dir.absolute(), loaded.job.name)
    explained = explain_url(loaded, paths, options.url, clock_of(os.environ))
    print_lines(explained.lines, as_json=options.json)
    return 0


def print_lines(lines: tuple[tuple[str, str], ...], *, as_json: bool) -> None:
    """Print subjects and texts, as a table or as JSON."""
    from crawler.app.safe_text import safe

    if as_json:
        found: dict[str, list[str]] = {}
        last = ""
        for subject, text in lines:
            last = subject or last
            found.setdefault(last, []).append(text)
        put_json(found)
        return
    put(f"{subject:<10} {safe(text)}" for subject, text in lines)
