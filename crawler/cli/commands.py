"""Every command: its name, what it is for, and the module that has it.

A module of a command has `add_arguments(parser)` and `run(options) -> int`. It is imported only
when its command is given, and imports what is heavy only when it runs.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One command. No msgspec here, whose import would be a third of what `--help` takes.

    Attributes:
        module: In `crawler.cli`.
        purpose: One line for `--help`.
    """

    module: str
    purpose: str


COMMANDS = {
    "run": Command("run", "run a job: crawler CONFIG.yaml does the same"),
    "demo": Command("demo", "serve the practice site on loopback and crawl it"),
    "try": Command("try_page", "one URL end to end: scope, robots, fetch, links, items, and why"),
    "explain": Command("explain", "what a config comes to, or why a URL would be crawled"),
    "validate": Command("validate", "check config files: every problem at once"),
    "new": Command("new", "write a config that works, to start from"),
    "fetch": Command("fetch", "one URL as the config would fetch it"),
    "shell": Command("shell", "a Python prompt with a page in it"),
    "runs": Command("runs", "what became of every run, the last one first"),
    "show": Command("show", "a run and what became of its requests"),
    "diff": Command("diff", "how two runs differ: counts, fields, URLs, items"),
    "cron": Command("cron", "a job that runs by itself: install, remove, list, print"),
    "retry": Command("retry", "ask again for what the last run gave up"),
    "reparse": Command("reparse", "read kept pages anew, as after a change of the rules"),
    "status": Command("status", "how the run of a job goes, or what the last one came to"),
    "pause": Command("pause", "a run sends nothing more out until it is resumed"),
    "resume": Command("resume", "a paused run goes on"),
    "stop": Command("stop", "a run ends as with Ctrl-C, and can be resumed"),
    "state": Command("state", "what a job has learnt: export, import, forget"),
    "map": Command("map_rows", "a function over the rows of a file, in processes"),
    "transcode": Command("transcode", "videos of one codec and size, in processes, by ffmpeg"),
    "bench": Command("bench", "what a page costs on this machine, beside the shortest loop"),
    "doctor": Command("doctor", "what this machine lacks for crawling"),
    "schema": Command("schema", "print the JSON Schema of config files, for editors"),
}

#: Commands that will be.
NOT_YET = (
    "runspider", "crawl", "test",
)  # fmt: skip
