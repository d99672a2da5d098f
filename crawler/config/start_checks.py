"""What must be there, and fit together, before a crawl can begin: `start`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crawler.config.list_head import head_of
from crawler.config.named_files import named_file, similar_file
from crawler.config.nodes import ListNode, MapNode, Place, ScalarNode
from crawler.config.rule_tree import present, rules_in, scalars
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem


def check_start(root: MapNode, job_file: Path) -> Iterator[Problem]:
    """Yield what is wrong with where a crawl begins."""
    start = root.entries.get("start")
    if start is None:
        if root.get("spider") is None:
            hint = 'write "start: [https://...]", or name a spider that has start_urls'
            yield Place(root.place.source).problem("'start' is missing", hint)
        return
    if not isinstance(start.value, MapNode):
        return
    if root.get("spider") is None and not any(_begins(start.value, key) for key in _BEGINNINGS):
        yield start.value.place.problem("start: there is no URL to begin with")
    yield from _check_needs(start.value)
    yield from _check_file(start.value, job_file)
    yield from _check_kept(root, start.value)


_BEGINNINGS = ("urls", "from_file", "sitemap")
#: Keys that say nothing without another.
_NEEDS = {
    "url_column": "from_file",
    "keep_columns": "from_file",
    "newer_than": "sitemap",
}


def _begins(start: MapNode, key: str) -> bool:
    node = start.get(key)
    return present(start, key) and not (isinstance(node, ListNode) and not node.items)


def _check_needs(start: MapNode) -> Iterator[Problem]:
    for key, needed in _NEEDS.items():
        if _begins(start, key) and not _begins(start, needed):
            message = f"start.{key}: it is about start.{needed}, which is not there"
            yield start.entries[key].key.problem(message)


def _check_file(start: MapNode, job_file: Path) -> Iterator[Problem]:
    node = start.get("from_file")
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or node.value == "-":
        return
    file = named_file(node.value, node.place, job_file)
    suffix = file.suffix.lower()
    if suffix not in (".csv", ".jsonl", ".txt"):
        return
    if not file.is_file():
        message = f"start.from_file: there is no file {file}"
        yield node.place.problem(message, similar_file(file))
    elif suffix == ".txt":
        for key in ("url_column", "keep_columns"):
            if _begins(start, key):
                message = f"start.{key}: a .txt has no columns, only a URL on each line"
                yield start.entries[key].key.problem(message, "use a .csv or .jsonl")
    else:
        yield from _check_columns(start, node, file)


def _check_columns(start: MapNode, node: ScalarNode, file: Path) -> Iterator[Problem]:
    """Check the columns that are asked for against those that the list begins with."""
    asked = [("start.url_column", column) for column in _scalar(start, "url_column")]
    try:
        head = head_of(file, str(asked[0][1].value) if asked else "url")
    except OSError as error:
        yield node.place.problem(f"start.from_file: cannot read {file}: {error.strerror}")
        return
    except ValueError as error:
        yield node.place.problem(f"start.from_file: {file} {error}")
        return
    if head.complete:
        asked += [
            (f"start.keep_columns.{number}", column)
            for number, column in enumerate(scalars(start.get("keep_columns")))
        ]
    for path, column in asked:
        if str(column.value) not in head.columns:
            message = f"{path}: {file} has no column '{column.written}'"
            yield column.place.problem(message, _meant(str(column.value), head.columns))
    if "url_column" not in start.entries and not head.names_url:
        message = f"start.from_file: which column of {file} holds the URL?"
        yield node.place.problem(message, f"set url_column to one of {_listed(head.columns)}")


def _check_kept(root: MapNode, start: MapNode) -> Iterator[Problem]:
    """A field of an item's own wins over a column: both is a mistake, unless they are the same."""
    for number, column in enumerate(scalars(start.get("keep_columns"))):
        name = str(column.value)
        for rule in rules_in(root):
            for field in rule.fields():
                value = field.node.get("value")
                same = isinstance(value, ScalarNode) and value.value == f"{{{name}}}"
                if field.name == name and not same:
                    message = f"start.keep_columns.{number}: '{name}' is a field of {rule.path} too"
                    hint = f'rename the field, or write {name}: {{value: "{{{name}}}"}}'
                    yield column.place.problem(message, hint)


def _scalar(node: MapNode, key: str) -> list[ScalarNode]:
    value = node.get(key)
    return [value] if isinstance(value, ScalarNode) and value.value is not None else []


def _meant(name: str, columns: list[str]) -> str:
    return did_you_mean(name, columns) or f"its columns are {_listed(columns)}"


def _listed(columns: list[str]) -> str:
    shown = ", ".join(columns[:20])
    return f"{shown}, and {len(columns) - 20} more" if len(columns) > 20 else shown
