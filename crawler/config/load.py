"""A job file to a `LoadedJob`, or to one error that carries every problem found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crawler.config.cross_checks import check_together, spider_file
from crawler.config.environment import interpolate
from crawler.config.extends import read_merged
from crawler.config.nodes import Entry, ListNode, MapNode, Node, Plain, ScalarNode, plain
from crawler.config.not_yet import split_off
from crawler.config.overrides import apply_overrides
from crawler.errors import ConfigError, Problem

if TYPE_CHECKING:
    from crawler.config.models.job import Job


class SpiderRef(msgspec.Struct, frozen=True, kw_only=True):
    """The class a job crawls with.

    Attributes:
        file: The Python file; it existed when the job was loaded.
        name: Name of the class in it.
    """

    file: Path
    name: str


class LoadedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it will run.

    Attributes:
        path: The job file.
        job: Its settings, checked.
        values: The effective settings as plain data in the notation of the file, defaults
            included.
        origins: Where each of them comes from, by dotted path: `base.yaml:6`, `--set`, `default`.
        secrets: Dotted paths of values that are not to be shown.
        spider: The spider class, None without one.
    """

    path: Path
    job: Job
    values: dict[str, Plain]
    origins: dict[str, str]
    secrets: frozenset[str]
    spider: SpiderRef | None = None


def load_job(path: Path, *, overrides: Sequence[str] = (), environ: Mapping[str, str]) -> LoadedJob:
    """Read, merge and check a job file.

    Args:
        path: The job file; what it extends is found relative to it.
        overrides: Values of `--set`, each `key.path=value`.
        environ: The variables that `${VAR}` may name.

    Raises:
        ConfigError: Something is wrong; it carries every problem, in the order of the file.
    """
    problems: list[Problem] = []
    root = read_merged(path, environ, problems)
    if root is None:
        raise ConfigError(*_in_order(problems, str(path)))
    root = _start_as_map(apply_overrides(_start_as_map(root), overrides, problems))
    root = _as_map(_without_nulls(interpolate(root, environ, problems)), root)
    problems.extend(check_together(root, path))
    root, unsupported = split_off(root)
    problems.extend(unsupported)
    root, job = _build(root, problems)
    if job is None or problems:
        raise ConfigError(*_in_order(problems, str(path)))
    return _loaded(path, root, job)


def _build(root: MapNode, problems: list[Problem]) -> tuple[MapNode, Job | None]:
    """Return the job, and the tree with the variables of the types it asks for."""
    # Imported late: pydantic is most of what starting up costs, and a file that cannot be read
    # needs none of it.
    from pydantic import ValidationError

    try:
        return root, _validated(root)
    except ValidationError as error:
        from crawler.config.translate import problems_of, recast_variables

        recast = recast_variables(error, root)
    try:
        return recast, _validated(recast)
    except ValidationError as error:
        problems.extend(problems_of(error, recast))
        return recast, None


def _validated(root: MapNode) -> Job:
    from crawler.config.models.job import Job

    demo = root.get("demo")
    context = {"demo": isinstance(demo, ScalarNode) and demo.value is True}
    return Job.model_validate(plain(root), context=context)


def _loaded(path: Path, root: MapNode, job: Job) -> LoadedJob:
    from crawler.config.effective import origins_of, secrets_of, values_of

    spider = None
    node = root.get("spider")
    if isinstance(node, ScalarNode):
        name = str(node.value).rpartition(":")[2]
        spider = SpiderRef(file=spider_file(node, path), name=name)
    values = values_of(root)
    return LoadedJob(
        path=path,
        job=job,
        values=values,
        origins=origins_of(root, values),
        secrets=secrets_of(root),
        spider=spider,
    )


def _start_as_map(root: MapNode) -> MapNode:
    """Write the short form of `start`, a list, as the map that it stands for."""
    start = root.entries.get("start")
    if start is None or not isinstance(start.value, ListNode):
        return root
    urls = MapNode(start.value.place, {"urls": Entry(start.key, start.value)})
    return root.having("start", Entry(start.key, urls))


def _without_nulls(node: Node, *, free: bool = False) -> Node:
    """Drop keys without a value: they take their default. `args` are the user's own."""
    if not isinstance(node, MapNode) or free:
        return node
    entries = {
        name: Entry(entry.key, _without_nulls(entry.value, free=name == "args"))
        for name, entry in node.entries.items()
        if not (isinstance(entry.value, ScalarNode) and entry.value.value is None)
    }
    return MapNode(node.place, entries)


def _as_map(node: Node, fallback: MapNode) -> MapNode:
    return node if isinstance(node, MapNode) else fallback


def _in_order(problems: Sequence[Problem], job_file: str) -> list[Problem]:
    """Sort by place: the job file, the files it extends, the options; each problem once."""
    sources = list(dict.fromkeys((job_file, *(problem.source for problem in problems))))
    sources.sort(key=lambda source: source.startswith("--set"))
    distinct = dict.fromkeys(problems)
    return sorted(distinct, key=lambda p: (sources.index(p.source), p.line, p.column))
