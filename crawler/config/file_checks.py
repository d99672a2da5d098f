"""What must fit together where the answers of a job are files."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.config.nodes import ListNode, MapNode, ScalarNode
from crawler.errors import Problem

_OVER_ITEMS = ("text", "simhash")
_OVER_PICTURES = ("resize", "thumbnail", "dhash")


def check_files(root: MapNode) -> Iterator[Problem]:
    """Yield what is wrong between `files` and the other keys of a job."""
    yield from _check_steps(root)
    if root.get("files") is None:
        return
    for name in ("follow", "schemas") if _is_list(root) else ():
        entry = root.entries.get(name)
        if entry is not None:
            message = f"{name}: with files and neither extract nor spider the URLs are no pages"
            yield entry.key.problem(message, "give extract a field image_urls")
    run = root.get("run")
    workers = run.get("workers") if isinstance(run, MapNode) else None
    if isinstance(workers, ScalarNode) and workers.value not in (1, "auto"):
        message = "run.workers: files are fetched by one process"
        yield workers.place.problem(message, "leave it 1; its loop waits for the network alone")


def _is_list(root: MapNode) -> bool:
    """Tell whether the URLs of `start` are the files, see `Job.lists_files`."""
    return root.get("spider") is None and root.get("extract") is None


def _check_steps(root: MapNode) -> Iterator[Problem]:
    transform = root.get("transform")
    steps = transform.get("steps") if isinstance(transform, MapNode) else None
    files, written = root.get("files") is not None, set[object]()
    refused = _OVER_ITEMS if files and _is_list(root) else () if files else _OVER_PICTURES
    for number, step in enumerate(steps.items if isinstance(steps, ListNode) else ()):
        if not isinstance(step, MapNode):
            continue
        where = f"transform.steps.{number}"
        for name in refused:
            if name in step.entries:
                what = "items, and files have none" if files else "pictures: there are no files"
                hint = "" if files else "add files: {}"
                yield step.entries[name].key.problem(f"{where}.{name}: a step over {what}", hint)
        for field in _fields(step):
            if field in written:
                place, said = step.place, f"{where}: another step fills the field {field}"
                yield place.problem(said, "give it another: to: NAME")
            written.add(field)


def _fields(step: MapNode) -> Iterator[object]:
    """Yield the field that a step over pictures fills."""
    names = [name for name in _OVER_PICTURES if name in step.entries]
    if not names:
        return
    key = "dhash" if names[0] == "dhash" else "to"
    given = step.get(key)
    default = "resized" if names[0] == "resize" else names[0]
    yield given.value if isinstance(given, ScalarNode) else default
