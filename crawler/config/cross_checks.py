"""Rules that concern more than one key: what must be there, and what must fit together."""

from __future__ import annotations

from collections.abc import Iterator
from os.path import normpath
from pathlib import Path

from crawler.config.access_checks import check_access
from crawler.config.file_checks import check_files
from crawler.config.incremental_checks import check_incremental
from crawler.config.named_files import named_file, similar_file
from crawler.config.nodes import ListNode, MapNode, Node, ScalarNode
from crawler.config.notify_checks import check_notify
from crawler.config.rule_checks import check_rules
from crawler.config.schema_checks import check_schemas
from crawler.config.start_checks import check_start
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem


def check_together(root: MapNode, job_file: Path) -> Iterator[Problem]:
    """Yield what is wrong between the keys of a job, shapes aside: the models check those."""
    yield from check_start(root, job_file)
    yield from _check_labels(root)
    yield from check_rules(root, job_file)
    yield from check_schemas(root)
    yield from _check_outputs(root)
    yield from _check_only(root)
    yield from check_access(root, job_file)
    yield from _check_spider(root, job_file)
    yield from _check_run(root.get("run"))
    yield from check_notify(root)
    yield from check_files(root)
    yield from check_incremental(root)


def _check_run(run: Node | None) -> Iterator[Problem]:
    if not isinstance(run, MapNode):
        return
    backend, workers = run.get("backend"), run.get("workers")
    if not (isinstance(backend, ScalarNode) and isinstance(workers, ScalarNode)):
        return
    if backend.value == "threads" and workers.value != 1:
        message = "run.workers: the threads backend is one process; use more threads"
        yield workers.place.problem(message, "run.threads")


def _check_labels(root: MapNode) -> Iterator[Problem]:
    """A rule for a label that no link gets would never match; a spider may give any label."""
    if root.get("spider") is not None:
        return
    given = {node.value: node for _, node in _each(root.get("follow"), "label")}
    for number, node in _each(root.get("extract"), "label"):
        if node.value not in given:
            hint = did_you_mean(node.written, [str(label) for label in given])
            message = f"extract.{number}.label: no follow rule gives the label '{node.written}'"
            yield node.place.problem(message, hint)


def _check_outputs(root: MapNode) -> Iterator[Problem]:
    first: dict[str, ScalarNode] = {}
    for number, node in _each(root.get("output"), "path"):
        target = normpath(str(node.value))
        if target in first:
            line = first[target].place.line
            hint = f"the first is on line {line}" if line else ""
            message = f"output.{number}.path: two outputs would write to '{node.written}'"
            yield node.place.problem(message, hint)
        first.setdefault(target, node)


def _check_only(root: MapNode) -> Iterator[Problem]:
    outputs = root.get("output")
    if root.get("incremental") is not None or not isinstance(outputs, ListNode):
        return
    for number, item in enumerate(outputs.items):
        entry = item.entries.get("only") if isinstance(item, MapNode) else None
        if entry is not None and isinstance(entry.value, ListNode) and entry.value.items:
            message = f"output.{number}.only: without incremental, nothing is compared"
            yield entry.key.problem(message, "add `incremental: {}`, or remove only")


def _check_spider(root: MapNode, job_file: Path) -> Iterator[Problem]:
    node = root.get("spider")
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        return
    name, colon, _ = node.value.rpartition(":")
    if not colon or not name.endswith(".py"):
        return
    file = named_file(name, node.place, job_file)
    if not file.is_file():
        yield node.place.problem(f"spider: there is no file {file}", similar_file(file))


def _each(node: Node | None, key: str) -> Iterator[tuple[int, ScalarNode]]:
    """Yield the scalars under a key of every map of a list, with the map's index."""
    if not isinstance(node, ListNode):
        return
    for index, item in enumerate(node.items):
        value = item.get(key) if isinstance(item, MapNode) else None
        if isinstance(value, ScalarNode):
            yield index, value
