"""The packages that the crawler stands on, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import metadata

from crawler.app.check.findings import Finding, fail, ok

#: What `pip` is asked for, as in pyproject.toml: name and lowest version.
REQUIRED = (
    ("aiohttp", "3.14.4"), ("aiodns", "3.6"), ("Brotli", "1.2.1"), ("aiofiles", "24.1"),
    ("uvloop", "0.22"), ("backoff", "2.2.1"), ("turbohtml", "1.15"), ("can-ada", "3.0"),
    ("xxhash", "4"), ("msgspec", "0.20"), ("pydantic", "2.12"), ("PyYAML", "6.0.2"),
    ("protego", "0.5"), ("publicsuffixlist", "1.0.2"), ("faust-cchardet", "2.1.19"),
    ("isal", "1.8"), ("parsel", "1.10"), ("jmespath", "1"), ("lxml", "6.1.0"),
    ("zstandard", "0.25"), ("webencodings", "0.5.1"), ("urllib3", "2.5"),
    ("regex", "2025.11.3"),
)  # fmt: skip
#: What is used where it is there, and what is done without it.
OPTIONAL = (
    ("rich", "progress is shown as plain lines"),
    ("Pillow", "pictures are downloaded, and not decoded, resized or hashed"),
    ("pyarrow", "there are no outputs in .parquet"),
)


def look_at_packages(version_of: Callable[[str], str] = metadata.version) -> Iterator[Finding]:
    """Yield one finding for all packages that are well, and one for each that is not.

    Args:
        version_of: Returns the version of an installed package.
    """
    good = []
    for name, lowest in REQUIRED:
        try:
            found = version_of(name)
        except metadata.PackageNotFoundError:
            yield fail(name, "not installed", f'pip install "{name}>={lowest}"')
            continue
        if _numbers(found) < _numbers(lowest):
            advice = f'pip install "{name}>={lowest}"'
            yield fail(name, f"version {found}, and {lowest} is needed", advice)
        else:
            good.append(f"{name} {found}")
    if good:
        yield ok("packages", ", ".join(good))
    for name, without in OPTIONAL:
        try:
            yield ok(name, version_of(name))
        except metadata.PackageNotFoundError:
            yield ok(name, f"not installed (optional): {without}")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers a version begins with; `4` is as good as `4.0.0`."""
    found = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in found.group().split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
