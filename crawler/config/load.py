"""A job file to a `LoadedJob`, or to one error that carries every problem found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crawler.config.cross_checks import check_together
from crawler.config.environment import interpolate
from crawler.config.extends import read_merged
from crawler.config.hidden_lines import hidden
from crawler.config.named_files import named_file
from crawler.config.nodes import Entry, MapNode, Node, Plain, ScalarNode, places_of, plain
from crawler.config.nodes import Path as KeyPath
from crawler.config.not_yet import split_off
from crawler.config.overrides import apply_overrides
from crawler.config.short_forms import expanded, start_as_map
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
        places: Where every key and every entry of a list stands, by dotted path: `job.yaml:6`,
            `--set`. What short forms stand for is there too: `start.urls.0`, `extract.0.each.css`.
        spider: The spider class, None without one.
        start_file: The list that `start.from_file` names; `-` is standard input, None without one.
        overrides: Values of `--set`, as they were given.
    """

    path: Path
    job: Job
    values: dict[str, Plain]
    origins: dict[str, str]
    secrets: frozenset[str]
    places: dict[str, str] = msgspec.field(default_factory=dict)
    spider: SpiderRef | None = None
    start_file: Path | None = None
    overrides: tuple[str, ...] = ()

    def beside(self, path: str, name: str) -> Path:
        """Return the file that a value means: relative to the file in which it stands.

        Args:
            path: Dotted path of the value.
            name: What it names.
        """
        source, colon, _ = self.places.get(path, "").rpartition(":")
        return (Path(source) if colon else self.path).parent / name


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
        raise ConfigError(*_in_order(hidden(problems, None), str(path)))
    root = start_as_map(apply_overrides(start_as_map(root), overrides, problems))
    root = _as_map(_without_nulls(interpolate(root, environ, problems)), root)
    problems.extend(check_together(expanded(root), path))
    root, unsupported = split_off(root)
    problems.extend(unsupported)
    root, job = _build(root, problems)
    if job is None or problems:
        raise ConfigError(*_in_order(hidden(problems, root), str(path)), job=_name(root))
    return msgspec.structs.replace(_loaded(path, root, job), overrides=tuple(overrides))


def _name(root: MapNode) -> str | None:
    """Return what a file that cannot be run calls its job; None if it says nothing like a name."""
    node = root.get("name")
    name = node.value if isinstance(node, ScalarNode) else None
    return name if isinstance(name, str) and name.isprintable() and "/" not in name else None


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
        problems.extend(problems_of(error, expanded(recast)))
        return recast, None


def _validated(root: MapNode) -> Job:
    from crawler.config.models.job import Job

    demo, schemas = root.get("demo"), root.get("schemas")
    context = {
        "demo": isinstance(demo, ScalarNode) and demo.value is True,
        "schemas": tuple(schemas.entries) if isinstance(schemas, MapNode) else (),
    }
    return Job.model_validate(plain(expanded(root)), context=context)


def _loaded(path: Path, root: MapNode, job: Job) -> LoadedJob:
    from crawler.config.effective import origins_of, secrets_of, values_of
    from crawler.config.tls_files import with_tls_files

    spider = None
    node = root.get("spider")
    if isinstance(node, ScalarNode):
        file, _, name = str(node.value).rpartition(":")
        spider = SpiderRef(file=named_file(file, node.place, path), name=name)
    values = values_of(root)
    return LoadedJob(
        path=path,
        job=with_tls_files(job, root, path),
        values=values,
        origins=origins_of(root, values),
        secrets=secrets_of(root),
        places=places_of(expanded(root)),
        spider=spider,
        start_file=_start_file(path, root),
    )


def _start_file(path: Path, root: MapNode) -> Path | None:
    start = root.get("start")
    node = start.get("from_file") if isinstance(start, MapNode) else None
    if not isinstance(node, ScalarNode):
        return None
    name = str(node.value)
    return Path(name) if name == "-" else named_file(name, node.place, path)


def _without_nulls(node: Node, path: KeyPath = ()) -> Node:
    """Drop keys without a value: they take their default.

    `args` are the user's own, and a field of a schema has no default: it needs a type. An address
    of `notify` that is a variable without a value is turned off, not forgotten.
    """
    if not isinstance(node, MapNode) or path == ("args",):
        return node
    every = len(path) == 2 and path[0] == "schemas"
    needed = frozenset(("healthcheck", "url") if path[:1] == ("notify",) else ())
    entries = {
        name: Entry(entry.key, _without_nulls(entry.value, (*path, name)))
        for name, entry in node.entries.items()
        if every
        or name in needed
        or not (isinstance(entry.value, ScalarNode) and entry.value.value is None)
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
